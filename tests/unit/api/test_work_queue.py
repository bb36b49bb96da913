"""Work beside the window: one thing after the other, and each end is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import BadInput, ErrorCode, StudioError, WorkQueue, outcome


class Later:
    """A ``ctx`` whose work waits until a test lets it run."""

    plugin = "dice"

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.told: list[tuple[Any, str]] = []
        self.notices = SimpleNamespace(error=lambda error, key: self.told.append((error, key)))

    def run_later(self, call: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self.waiting.append(lambda: then(call()))

    def run_all(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


def breaks(error: Exception) -> Callable[[], None]:
    def call() -> None:
        raise error

    return call


def test_one_after_the_other_and_each_result_comes_back() -> None:
    later, done, got = Later(), [], []
    work_queue = WorkQueue(later)  # type: ignore[arg-type]
    for number in range(3):
        work_queue.do(lambda number=number: done.append(number) or number, got.append)
    assert len(later.waiting) == 1  # the next is asked for when this one is back
    assert not work_queue.idle
    later.run_all()
    assert done == got == [0, 1, 2]
    assert work_queue.idle


def test_an_error_goes_to_who_waits_else_into_a_notice_and_the_rest_goes_on() -> None:
    later, got, errors = Later(), [], []
    work_queue = WorkQueue(later)  # type: ignore[arg-type]
    work_queue.do(breaks(BadInput("No.")), got.append, errors.append)
    work_queue.do(breaks(BadInput("Never.")))
    work_queue.do(lambda: 1, got.append)
    later.run_all()
    assert [str(error) for error in errors] == ["No."]
    assert [(str(error), key) for error, key in later.told] == [("Never.", "dice.work_queue")]
    assert got == [1]


def test_a_callback_that_raises_does_not_hold_up_the_rest() -> None:
    later, got = Later(), []
    work_queue = WorkQueue(later)  # type: ignore[arg-type]
    work_queue.do(lambda: 1, lambda _result: breaks(ValueError())())
    work_queue.do(lambda: 2, got.append)
    with pytest.raises(ValueError):  # noqa: PT011 - the host tells whose it is
        later.run_all()
    later.run_all()
    assert got == [2]


def test_the_end_of_a_page_does_what_waits_and_tells_nobody() -> None:
    later, done, got = Later(), [], []
    work_queue = WorkQueue(later)  # type: ignore[arg-type]
    work_queue.do(lambda: done.append("first"), got.append)
    work_queue.do(lambda: done.append("second"), got.append)
    work_queue.finish()
    assert done == ["second"]
    later.run_all()
    assert (done, got) == (["second", "first"], [])


def test_every_end_comes_back_as_a_result(caplog: pytest.LogCaptureFixture) -> None:
    assert outcome(lambda: 7) == 7
    refused = BadInput("No.")
    assert outcome(breaks(refused)) is refused
    assert "No space left" in str(outcome(breaks(OSError(28, "No space left on device"))))
    with caplog.at_level(logging.ERROR):
        bug = outcome(breaks(KeyError("x")))
    assert isinstance(bug, StudioError)
    assert bug.code is ErrorCode.INTERNAL
    assert caplog.records[0].exc_info is not None
