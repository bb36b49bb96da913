"""A task that calls others does so wherever it was asked: tour, workflows, the local server."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest

from studio.automation.workflows.sources import Given
from studio.cli import tour
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.library.workflow_runs import RunState
from studio.serving.bridge import Bridge

pytestmark = pytest.mark.torch

CALLED = {"makers.poem", "makers.picture"}
WORKFLOW = """
name = "Poems"
[input]
kind = "text"
[[step]]
id = "made"
task = "callers.make"
params = { about = "{input}" }
"""


def tasks_run(desk: Any) -> set[str]:
    library = desk.studio.library
    return {library.record(each.record).task for each in library.find()}


def test_from_the_tour(
    desk: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(StudioSession, "at_work", lambda _, **how: nullcontext(desk.studio))
    assert tour.main([], StudioSession()) == ExitCode.OK
    assert "1 of 1 examples worked" in capsys.readouterr().err
    assert tasks_run(desk) == {"callers.make", *CALLED}


def test_from_a_workflow(desk: Any) -> None:
    runner = desk.studio.workflows.start(WORKFLOW, [Given(text="rain"), Given(text="snow")])
    desk.until(lambda: runner.is_over)
    assert runner.state is RunState.DONE
    last = desk.studio.library.workflow_runs.steps(runner.id, [1])[-1].artifacts
    assert tasks_run(desk) == {"callers.make", *CALLED}
    kinds = [desk.studio.library.artifact(each).kind for each in last]
    assert "text" in kinds, "what it made is the result of the step"


def test_from_the_local_server_which_keeps_nothing(desk: Any) -> None:
    async def ask() -> list[Any]:
        return [each async for each in Bridge(desk.studio).run("callers.make", {"about": "hail"})]

    loop = asyncio.new_event_loop()
    task = loop.create_task(ask())

    def done() -> bool:
        loop.run_until_complete(asyncio.sleep(0))
        return task.done()

    desk.until(done)
    loop.close()
    assert "hail" in task.result()[-1]["told"]
    assert tasks_run(desk) == set()
