"""A workflow whose studio is killed: it goes on, and no step is done twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from studio.automation.workflows.sources import Given
from studio.library import Library
from studio.library.storage import database
from studio.library.workflow_runs import RowState, RunState, StepState
from tests.faults.tally import tried
from tests.unit.automation.workflows.talker import THREE_STEPS, desk_at

sys.path.insert(0, str(Path(__file__).parent))
import moment
import nursery
import workflow_life

pytestmark = pytest.mark.faults

KILLS = 10
STEPS = 3


def check(home: Path, rows: int) -> None:
    """Check that each step of each row was done once, and left one result."""
    with Library.open(home / "library") as library:
        runs = library.workflow_runs
        (run,) = runs.runs()
        assert run.state is RunState.DONE
        assert runs.counts(run.id) == {RowState.DONE: rows}
        steps = runs.steps(run.id, range(1, rows + 1))
        assert len(steps) == rows * STEPS
        assert {step.state for step in steps} == {StepState.DONE}
        made = [id for step in steps for id in step.artifacts]
        assert sorted(made) == sorted(each.id for each in library.find(limit=-1)), "one result each"
        texts = Counter(each.text for each in library.find(limit=-1))
        assert set(texts.values()) == {1}, "no step was done twice"
        states = Counter(entry.state for entry in library.jobs.recent(10_000))
        assert states["done"] == rows * STEPS
        assert library.verify().ok


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="its lives are forks of one process")
def test_killed_ten_times_and_each_step_is_done_once(tmp_path: Path) -> None:
    home, killed = tmp_path / "home", 0
    command = [sys.executable, nursery.__file__, workflow_life.__file__]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as mother:
        assert mother.stdin is not None
        assert mother.stdout is not None
        for life in range(KILLS + 1):
            said = tmp_path / f"said-{life}"
            os.mkfifo(said)
            print(json.dumps([str(said), str(home)]), file=mother.stdin, flush=True)
            with said.open() as lines:
                child = int(mother.stdout.readline())
                os.kill(child, signal.SIGCONT)
                for line in lines:
                    what, _, count = line.partition(" ")
                    if what == "over":
                        assert int(count) == workflow_life.INPUTS
                    elif life < KILLS and int(count) == 5 + life:
                        os.kill(child, signal.SIGKILL)
                        killed += 1
                        break
            ended = int(mother.stdout.readline())
            assert ended == (-signal.SIGKILL if life < KILLS else 0)
        mother.stdin.close()
    assert killed == KILLS
    tried(killed)
    check(home, workflow_life.INPUTS)


@pytest.fixture
def deaths(tmp_path: Path) -> list[Path]:
    """Homes as they were before each write of the database, while three rows were run."""
    found: list[Path] = []

    class Dying(sqlite3.Connection):
        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                found.append(moment.copy(tmp_path / "home", tmp_path / f"death-{len(found)}"))
            return super().execute(sql, *more)

    with pytest.MonkeyPatch.context() as patch:
        connect = sqlite3.connect
        dying = lambda *a, **k: connect(*a, **{**k, "factory": Dying})  # noqa: E731
        patch.setattr(database.sqlite3, "connect", dying)
        with desk_at(tmp_path / "home") as desk:
            desk.finish(
                desk.studio.workflows.start(THREE_STEPS, [Given(text="a"), Given(text="b")])
            )
    return found


@pytest.mark.slow
def test_dead_before_every_write_of_the_database(deaths: list[Path]) -> None:
    assert len(deaths) > 20, "it writes at many moments"
    resumed = 0
    for home in deaths[::2]:
        with desk_at(home) as desk:
            begun = desk.studio.library.workflow_runs.runs()
            if not begun or begun[0].state is RunState.DONE:
                continue
            desk.finish(desk.studio.workflows.resume(begun[0]))
            resumed += 1
        check(home, 2)
        tried()
    assert resumed > 8
    with sqlite3.connect(deaths[-1] / "library" / "library.db") as connection:  # the control
        connection.execute("UPDATE workflow_runs SET state = 'running'")
        connection.execute("UPDATE workflow_rows SET state = 'running'")
        connection.execute("DELETE FROM workflow_steps")
    with desk_at(deaths[-1]) as desk:
        desk.finish(desk.studio.workflows.resume(desk.studio.library.workflow_runs.runs()[0]))
    with pytest.raises(AssertionError, match="one result each"):
        check(deaths[-1], 2)
