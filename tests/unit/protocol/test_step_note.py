"""What is noted of the step at hand is there for another process to read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from studio.protocol.states import Lane
from studio.protocol.step_note import StepNote, jobs_at_hand


def test_each_lane_has_its_step(tmp_path: Path) -> None:
    note = StepNote.open(tmp_path)
    assert note is not None
    assert jobs_at_hand(tmp_path) == ()
    note.write(Lane.BATCH, "01JOB")
    note.write(Lane.INTERACTIVE, "01OTHERJOB")
    assert set(jobs_at_hand(tmp_path)) == {"01JOB", "01OTHERJOB"}
    note.write(Lane.BATCH)
    assert jobs_at_hand(tmp_path) == ("01OTHERJOB",)


def test_it_outlives_the_process(tmp_path: Path) -> None:
    script = (
        "import os, pathlib; from studio.protocol.step_note import StepNote;"
        "from studio.protocol.states import Lane;"
        f"StepNote.open(pathlib.Path({str(tmp_path)!r})).write(Lane.BATCH, '01JOB'); os._exit(7)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 7
    assert jobs_at_hand(tmp_path) == ("01JOB",)


def test_where_there_is_no_room_nothing_is_noted(tmp_path: Path) -> None:
    assert StepNote.open(tmp_path / "missing") is None
    assert jobs_at_hand(tmp_path / "missing") == ()
