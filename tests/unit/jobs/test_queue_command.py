"""``studio queue``: the queue without its window."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from studio.base.paths import StudioPaths
from studio.jobs.resolver import Resolver
from studio.library.library import Library
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.testing.scripted import Fail, ScriptedRuntime
from tests.unit.conftest import DRAW
from tests.unit.jobs.queue_desk import MAKES, QueueDesk, resolve

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> ScriptedRuntime:
    """What computes for the commands, with a queue of three jobs: fails, made, later."""
    monkeypatch.setattr(Resolver, "resolve", resolve)
    runtime = ScriptedRuntime()
    monkeypatch.setattr(Studio, "_launch", lambda studio: runtime.launch())
    desk = QueueDesk(StudioPaths.default().home)
    desk.queue.pause()
    for prompt in ("fails", "made", "later"):
        desk.submit(prompt)
    desk.stored()
    desk.studio.close()
    return runtime


def listed(command: Command, *words: str) -> dict[str, Any]:
    code, out, err = command("queue", *words, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def titles(told: dict[str, Any]) -> list[str]:
    return [each["title"] for each in told["waiting"]]


def test_it_is_listed_ordered_paused_and_cancelled(
    command: Command, runtime: ScriptedRuntime
) -> None:
    told = listed(command, "list")
    assert (titles(told), told["paused"]) == (["fails", "made", "later"], True)
    ids = {each["title"]: each["id"] for each in told["waiting"]}
    assert titles(listed(command, "move", ids["later"][-6:].lower(), "1")) == [
        "later", "fails", "made",
    ]  # fmt: skip
    assert titles(listed(command, "move", ids["later"], "99")) == ["fails", "made", "later"]
    listed(command, "prioritise", ids["later"], "low")
    told = listed(command, "prioritise", ids["made"], "high")
    assert (titles(told)[2], [each["priority"] for each in told["waiting"]][2]) == (
        "later", "background",
    )  # fmt: skip
    assert titles(listed(command, "prioritise", ids["later"], "high")) == ["fails", "made", "later"]
    held = listed(command, "pause", ids["made"])["waiting"][1]
    assert (held["title"], held["held"]) == ("made", True)
    code, _, err = command("queue", "resume")
    assert (code, f"`studio queue resume {ids['made'][-6:]}` resumes" in err) == (0, True)
    command("queue", "pause")
    assert not listed(command, "resume", ids["made"])["waiting"][1]["held"]
    assert "stay paused" not in command("queue", "resume")[2]
    assert not listed(command, "resume")["paused"]
    assert titles(listed(command, "cancel", ids["fails"], ids["later"])) == ["made"]
    code, _, err = command("queue", "cancel", "nobody")
    assert (code, "No job in the queue has an id that ends with “nobody”" in err) == (3, True)
    code, _, err = command("queue", "cancel", "")
    assert code == 0 or "More than one" in err


def test_it_runs_to_its_end_and_what_failed_is_tried_again(
    command: Command, runtime: ScriptedRuntime
) -> None:
    code, out, _ = command("queue", "run")
    assert (code, "Nothing in the queue can run." in out) == (0, True), "it is paused"
    command("queue", "resume")
    runtime.enqueue(Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "Not enough memory.")))
    runtime.enqueue(MAKES)
    runtime.enqueue(MAKES)
    code, out, err = command("queue", "run")
    assert code == 5
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["failed", "fails"], ["done", "made"], ["done", "later"],
    ]  # fmt: skip
    assert "Not enough memory." in err
    told = listed(command, "list")
    assert (told["waiting"], [each["title"] for each in told["failed"]]) == ([], ["fails"])
    assert "fails: Not enough memory." in command("queue", "list")[1]
    runtime.enqueue(MAKES)
    code, out, _ = command("queue", "run", "--retry", "--json")
    assert code == 0
    [job] = json.loads(out)["jobs"]
    assert (job["title"], job["state"], len(job["artifacts"])) == ("fails", "done", 1)
    assert "The queue is empty." in command("queue", "list")[1]


def test_an_open_studio_has_the_queue(command: Command, runtime: ScriptedRuntime) -> None:
    desk = QueueDesk(StudioPaths.default().home)
    try:
        assert titles(listed(command, "list")) == ["fails", "made", "later"]
        for words in (["pause"], ["run"], ["move", desk.queue.waiting()[0].id, "2"]):
            code, _, err = command("queue", *words)
            assert code != 0
            assert "manages the queue" in err
            assert "Ctrl+J" in err
        assert desk.titles() == ["fails", "made", "later"]
    finally:
        desk.studio.close()


def test_it_says_how_long_it_will_take_by_what_was_done_before(
    command: Command, runtime: ScriptedRuntime
) -> None:
    assert listed(command, "list")["seconds"] is None, "nothing like it was done"
    with Library.open(StudioPaths.default()) as library:
        first = library.jobs.waiting()[0]
        for seconds in (100, 140, 900):
            record = library.add_record(DRAW.id, {"prompt": "before"})
            library.records.complete(record.id, seconds=float(seconds), weights={})
            library.jobs.journal_start(record.id, DRAW.id, record=record.id)
            library.jobs.journal_state(record.id, JobState.DONE)
        stopped = library.add_record(DRAW.id, {"prompt": "stopped"})
        library.records.complete(stopped.id, seconds=1.0)
        library.jobs.hold([first.id], True)
    told = listed(command, "list")
    assert (told["seconds"], told["seconds_unknown"]) == (280.0, 0), "of the two that are not held"
    assert "It will take about 5 min." in command("queue", "list")[2]
