"""Servers that flood, hang, lie and die: each is a sentence, and the studio goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.automation.tools.servers import connection, process
from studio.automation.tools.servers.results import ServerResult
from studio.automation.tools.servers.status import ServerState, ServerStatus
from studio.protocol.errors import StudioError
from tests.faults.servers.conftest import Desk

pytestmark = [pytest.mark.faults, pytest.mark.skipif("sys.platform != 'linux'")]


def _failure(outcome: object) -> str:
    assert isinstance(outcome, StudioError), outcome
    return outcome.message


def _works(desk: Desk) -> bool:
    """Whether the next call starts the server again and is answered."""
    return desk.call("mean", "echo", "again") == ServerResult("again")


@pytest.mark.parametrize(
    ("tool", "why"),
    [
        pytest.param("flood", "more messages than it may", marks=pytest.mark.slow),
        pytest.param("large", "larger than 16 MB", marks=pytest.mark.slow),
        pytest.param("many", "too many parts", marks=pytest.mark.slow),
        ("die", "exited with code 3"),
    ],
)
def test_a_server_that_breaks_the_rules_or_off_is_ended(mean: Desk, tool: str, why: str) -> None:
    assert why in _failure(mean.call("mean", tool))
    mean.until(lambda: mean.state("mean") is ServerState.FAILED)
    assert why in mean.servers.status("mean").reason
    assert _works(mean)


@pytest.mark.slow
def test_its_last_words_are_kept_without_what_a_terminal_obeys(mean: Desk) -> None:
    error = mean.call("mean", "die")
    assert isinstance(error, StudioError)
    mean.until(lambda: mean.state("mean") is ServerState.FAILED)
    assert mean.servers.status("mean").lines == ("I am dying now",)


@pytest.mark.slow
def test_memory_is_bounded(mean: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _works(mean)
    monkeypatch.setattr(process, "MOST_MEMORY", 64 << 20)
    assert "memory" in _failure(mean.call("mean", "hold", str(200 << 20)))


def test_one_that_hangs_is_given_up(mean: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "QUIET_SECONDS", 0.2)
    assert "no answer" in _failure(mean.call("mean", "hang"))
    mean.until(lambda: mean.state("mean") is ServerState.FAILED)
    assert _works(mean)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["hang", "deaf"])
def test_stop_works_and_one_that_does_not_hear_it_is_ended(
    mean: Desk, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.2)
    begun: list[Any] = []
    call, said = mean.begin("mean", tool, progress=lambda *each: begun.append(each))
    mean.until(lambda: bool(begun))
    call.cancel()
    if tool == "deaf":
        mean.until(lambda: mean.state("mean") is ServerState.FAILED)
        assert "no answer" in mean.servers.status("mean").reason
    assert _works(mean)
    assert said == []


def test_what_it_asks_for_is_refused(mean: Desk) -> None:
    answer = mean.call("mean", "ask")
    assert isinstance(answer, ServerResult)
    assert json.loads(answer.text) == [True, True, True]


def test_a_result_that_is_none_is_a_sentence(mean: Desk) -> None:
    assert "not what the protocol promises" in _failure(mean.call("mean", "lie"))
    assert _works(mean)


def test_pictures_are_read_within_limits(mean: Desk) -> None:
    bomb = mean.call("mean", "picture", "60000")
    assert isinstance(bomb, ServerResult)
    assert bomb.pictures == ()
    assert any("40 megapixels" in note for note in bomb.notes), bomb.notes
    fine = mean.call("mean", "picture", "8")
    assert isinstance(fine, ServerResult)
    assert len(fine.pictures) == 1
    assert fine.notes == ("A picture that could not be read was left out.",)


def test_progress_is_told_cleaned(mean: Desk) -> None:
    told: list[Any] = []
    mean.call("mean", "report", "x", progress=lambda *each: told.append(each))
    assert told == [(0.0, 3.0, "onit"), (1.0, 3.0, "onit"), (2.0, 3.0, "onit")]


def test_a_tool_that_has_changed_is_not_called(desk: Desk) -> None:
    desk.add("turns", "changing")
    assert isinstance(desk.check("turns"), ServerStatus)
    assert "has changed since" in _failure(desk.call("turns", "echo", "x"))
    desk.servers.remove("turns")


@pytest.mark.slow
def test_tools_that_cannot_be_used_are_left_out_and_told(desk: Desk) -> None:
    desk.add("liar", "bad")
    status = desk.check("liar")
    assert isinstance(status, ServerStatus)
    assert [tool.name for tool in status.tools] == ["fine", "fi.ne", "anything", "words"]
    anything = status.tools[2].schema
    assert (anything["properties"], anything["required"]) == ({"a": {}}, ["a"])
    assert len(status.notes) == 5, status.notes
    words = status.tools[-1]
    assert (words.title, words.description) == ("AB", "Good tool words")
    desk.servers.remove("liar")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "why"),
    [("mute", "did not answer within"), ("garbage", "is not MCP"), ("old", "does not speak MCP")],
)
def test_one_that_does_not_speak_is_no_server(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, mode: str, why: str
) -> None:
    if mode == "mute":
        monkeypatch.setattr(connection, "START_SECONDS", 0.5)
    desk.add(mode, mode)
    assert why in _failure(desk.check(mode))
    assert desk.state(mode) is ServerState.FAILED
    desk.servers.remove(mode)
