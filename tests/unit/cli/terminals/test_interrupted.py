"""What was at work when its studio was killed, in the lists of who looks before the next start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.base.paths import StudioPaths
from studio.jobs.checkpoints import Checkpoints
from studio.library import Library
from studio.library.workflow_runs import Run
from studio.protocol.states import JobState
from tests.unit.cli.conftest import one_object

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def killed(home: Path) -> StudioPaths:
    """A home whose studio was killed while a row, a command with a checkpoint and a run went."""
    paths = StudioPaths(home)
    with Library.open(paths) as library:
        for number, request in enumerate(({"task": "echo.say"}, None, None), start=1):
            record = library.add_record("echo.say", {"n": number}, seed=number)
            job = library.jobs.journal_start(
                f"job{number}", "echo.say", title=f"Job {number}", record=record.id, request=request
            )
            library.jobs.journal_state(job.id, JobState.RUNNING)
            if number == 2:
                places = Checkpoints(home / "checkpoints")
                places.place("echo.say", record.params, record.seed, {}).mkdir(parents=True)
        library.workflow_runs.begin(Run(id="run1", title="A run", document=""), [])
    return paths


def test_the_queue_shows_what_was_interrupted(killed: StudioPaths, command: Command) -> None:
    _, out, _ = command("queue", "list", "--json")
    found = one_object(out)["interrupted"]
    assert [each["title"] for each in found] == ["Job 1", "Job 2"], "the third left nothing"
    _, out, err = command("queue", "list")
    assert out.count("interrupted") == 2
    assert "`studio run echo.say` with the same settings and --seed 2 continues it." in err


def test_a_workflow_is_not_said_to_run(killed: StudioPaths, command: Command) -> None:
    assert one_object(command("workflow", "list", "--json")[1])["runs"][0]["state"] == "interrupted"
    assert "interrupted" in command("workflow", "list")[1]


def test_beside_a_studio_it_runs(killed: StudioPaths, command: Command) -> None:
    """The control."""
    with Library.open(killed):
        assert one_object(command("queue", "list", "--json")[1])["interrupted"] == []
        state = one_object(command("workflow", "list", "--json")[1])["runs"][0]["state"]
        assert state == "running"
