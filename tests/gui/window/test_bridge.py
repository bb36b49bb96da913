"""From other threads to the window's: in order, contained, and a held thread is noticed."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest
from PySide6.QtCore import QTimer

from studio.desktop.main_thread.bridge import Background, Bridge
from studio.desktop.main_thread.watchdog import MainThreadWatchdog
from studio.protocol.errors import Cancelled
from studio.testing.guards import PATIENCE


def test_posted_calls_run_on_the_windows_thread_in_order(qtbot: Any) -> None:
    bridge, heard = Bridge(), []
    here = threading.get_ident()

    def work() -> None:
        for number in range(100):
            bridge.post(lambda number=number: heard.append((number, threading.get_ident())))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert heard == [], "never in the middle of something else"
    qtbot.waitUntil(lambda: len(heard) == 100)
    assert heard == [(number, here) for number in range(100)]


def test_one_bad_call_does_not_stop_the_next(qtbot: Any, caplog: Any) -> None:
    faults: list[BaseException] = []
    bridge, heard = Bridge(faults.append), []
    with caplog.at_level(logging.CRITICAL):
        bridge.post(lambda: 1 / 0)
        bridge.post(lambda: heard.append("next"))
        qtbot.waitUntil(lambda: heard == ["next"])
    assert isinstance(faults[0], ZeroDivisionError)


def test_background_work_comes_back_here(qtbot: Any) -> None:
    background, heard = Background(Bridge()), []
    background.run(threading.get_ident, heard.append)
    background.run(lambda: 1 / 0, heard.append, lambda error: heard.append(str(error)))
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert "division by zero" in heard
    other = next(found for found in heard if found != "division by zero")
    assert other != threading.get_ident()
    assert background.wait()


def test_a_held_window_is_noticed_with_its_stack(qtbot: Any) -> None:
    reports: list[tuple[float, list[str]]] = []
    watch = MainThreadWatchdog(
        0.1, lambda seconds, stack: reports.append((seconds, [frame.name for frame in stack]))
    )

    def a_slow_slot() -> None:
        until = time.monotonic() + PATIENCE
        while not reports and time.monotonic() < until:
            time.sleep(0.01)

    try:
        QTimer.singleShot(0, a_slow_slot)
        qtbot.waitUntil(lambda: bool(reports))
    finally:
        watch.close()
    seconds, stack = reports[0]
    assert seconds > 0.1
    assert "a_slow_slot" in stack


def test_a_window_that_waits_for_the_user_is_not_held(qtbot: Any) -> None:
    reports: list[float] = []
    watch = MainThreadWatchdog(5.0, lambda seconds, stack: reports.append(seconds))
    qtbot.wait(300)
    watch.close()
    assert reports == []


def test_what_was_cancelled_ends_without_a_word(
    qtbot: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    background, told = Background(Bridge()), list[object]()

    def cancelled() -> None:
        raise Cancelled

    background.run(cancelled, told.append, told.append)
    background.run(lambda: 1, told.append)
    qtbot.waitUntil(lambda: told == [1])
    assert capfd.readouterr().err == ""
