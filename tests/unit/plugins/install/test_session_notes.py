"""Who still uses a set of plugins, whatever numbers processes have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from studio.plugins.install.session_notes import SessionNotes

STARTS = """
import sys
from pathlib import Path
from studio.plugins.install.session_notes import SessionNotes
SessionNotes(Path(sys.argv[1])).write(7, True)
print("noted", flush=True)
input()
"""


@pytest.mark.parametrize("exists", [True, False])
def test_a_set_is_in_use_as_long_as_its_process_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    """Its number may be another process's, or mean nothing here, as in a container."""
    monkeypatch.setattr(psutil, "pid_exists", lambda pid: exists)
    living = subprocess.Popen(
        [sys.executable, "-c", STARTS, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert living.stdout is not None
    assert living.stdout.readline() == b"noted\n"
    notes = SessionNotes(tmp_path)
    assert notes.in_use() == {7}
    living.communicate(b"\n")
    (note,) = notes.all()
    assert (note.number, note.alive) == (7, False)
    notes.forget(note.owner)
    assert list(tmp_path.iterdir()) == []


def test_this_process_uses_its_set_until_it_says_otherwise(tmp_path: Path) -> None:
    SessionNotes(tmp_path).write(1, False)
    SessionNotes(tmp_path).write(2, True)
    assert SessionNotes(tmp_path).in_use() == {2}
    SessionNotes(tmp_path).forget()
    assert list(tmp_path.iterdir()) == []
