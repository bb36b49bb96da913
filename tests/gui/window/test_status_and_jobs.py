"""Status bar, memory popover, job drawer: always true, and each button does what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTime
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QToolButton, QWidget

from studio.desktop import phrases
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.window.activity import Activity
from studio.desktop.window.connection_light import ConnectionLight, ConnectionList
from studio.desktop.window.memory_popover import MemoryPopover
from studio.desktop.window.shell import MainWindow
from studio.protocol.connections.watch import Attempt
from studio.protocol.device_status import LoadedWeights
from studio.protocol.messages import Status
from studio.protocol.states import JobState, Priority

LOADED = (
    LoadedWeights("smollm2", 98_000_000, "cpu", ("job0", "gone")),
    LoadedWeights("esrgan", 67_000_000, "cpu", (), 12.0),
)


def _status(used: float = 1.4e9, loaded: tuple[LoadedWeights, ...] = LOADED) -> Status:
    return Status("cpu", "", 2, int(used), int(24e9), loaded)


def _words(widget: QWidget) -> str:
    shown = [*widget.findChildren(QLabel), *widget.findChildren(QToolButton)]
    return " | ".join(part.text() for part in shown if part.isVisible() and part.text())


def _named(widget: QWidget, name: str) -> QWidget:
    controls = [*widget.findChildren(QToolButton), *widget.findChildren(QPushButton)]
    return next(c for c in controls if c.isVisible() and name in c.accessibleName())


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        ("off", "", "starts when it is needed"),
        ("starting", "", "starting"),
        ("dead", "it was killed (SIGKILL)", "it was killed (SIGKILL)"),
        ("given_up", "it died three times", "it died three times"),
    ],
)
def test_the_runtime_is_told_in_words(
    window: MainWindow, activity: Activity, state: str, reason: str, expected: str
) -> None:
    activity.set_runtime(state, reason)
    assert expected in _words(window.status_bar)


def test_a_dead_runtime_can_be_started_again(
    window: MainWindow, activity: Activity, qtbot: Any
) -> None:
    asked: list[int] = []
    activity.restart = lambda: asked.append(1)
    activity.set_runtime("given_up", "it died three times")
    qtbot.mouseClick(_named(window.status_bar, "Restart"), Qt.MouseButton.LeftButton)
    assert asked == [1]


def test_device_and_memory_are_shown_while_it_runs(window: MainWindow, activity: Activity) -> None:
    activity.title_of = {"smollm2": "SmolLM2", "esrgan": "Real-ESRGAN"}.__getitem__
    activity.set_runtime("ready")
    activity.set_status(_status())
    shown = _words(window.status_bar)
    assert "cpu · 2 threads" in shown
    assert "1.4 / 24 GB" in shown
    assert "SmolLM2, Real-ESRGAN" in shown
    activity.set_runtime("dead", "out of memory")
    assert "1.4 / 24 GB" not in _words(window.status_bar), "what is not known is not shown"


def test_a_question_to_a_model_is_listed_though_nothing_is_kept(
    activity: Activity, board: Any
) -> None:
    drawn, asked = board.add("Draw", JobState.RUNNING), board.add("Ask", JobState.RUNNING)
    drawn.recipe = replace(drawn.recipe, keep=False, kind="")
    asked.recipe = replace(asked.recipe, keep=False, kind="", weights=("coder",))
    assert [job.title for job in activity.live()] == ["Ask"]


def test_the_popover_says_why_weights_are_loaded_and_unloads_idle_ones(
    window: MainWindow, activity: Activity, board: Any, qtbot: Any
) -> None:
    asked: list[str] = []
    activity.unload = asked.append
    asking = board.add("Ask about a file", JobState.RUNNING)
    asking.recipe = replace(asking.recipe, keep=False, kind="")
    activity.set_runtime("ready")
    activity.set_status(_status())
    qtbot.mouseClick(_named(window.status_bar, "Memory"), Qt.MouseButton.LeftButton)
    popover = window.findChild(MemoryPopover)
    said = " ".join(label.accessibleName() for label in popover.findChildren(QLabel))
    assert "in use by Ask about a file, a job" in said, "never by a number, whatever its job is"
    assert not _named(popover, "Unload smollm2").isEnabled(), "a job needs them"
    qtbot.mouseClick(_named(popover, "Unload esrgan"), Qt.MouseButton.LeftButton)
    assert asked == ["esrgan"]
    activity.set_status(_status(loaded=()))
    qtbot.waitUntil(lambda: "No models are loaded" in _words(popover))
    qtbot.keyClick(popover, Qt.Key.Key_Escape)
    assert not popover.isVisible()


def test_the_bar_counts_jobs_and_stops_the_one_that_runs(
    window: MainWindow, activity: Activity, board: Any, qtbot: Any
) -> None:
    board.add("Waits", JobState.WAITING)
    running = board.add("Runs", JobState.RUNNING)
    running.done, running.total, running.seconds_left = 37, 100, 12.0
    board.changed(running)
    qtbot.waitUntil(lambda: "2 jobs · 37% · 12 s" in _words(window.status_bar))
    qtbot.mouseClick(window.status_bar._jobs._stop, Qt.MouseButton.LeftButton)
    assert board.controls.asked == [("cancel", running.id)]


def test_the_drawer_says_how_much_is_written_where_nobody_knows_the_end(
    window: MainWindow, board: Any
) -> None:
    job = board.add("Explain it", JobState.RUNNING)
    window.drawer.open()
    job.write("It", 1, "")
    job.write(" adds.", 812, "")
    row = window.drawer._rows[job.id]
    row.show_job(job)
    assert row._figures.text() == "812 tokens · 0 s"
    assert row._figures.isVisibleTo(row)


def test_the_drawer_shows_each_job_in_words(window: MainWindow, board: Any, qtbot: Any) -> None:
    waiting = board.add("A lighthouse", JobState.WAITING, "image")
    waiting.say("waiting for 1.2 GB: Chat is using it")
    board.add("Old", JobState.DONE)
    window.drawer.open()
    shown = [row.accessibleName() for row in window.drawer._rows.values()]
    assert shown == ["A lighthouse, Waiting for 1.2 GB: Chat is using it", "Old, Done"]
    assert window.drawer._empty.isHidden()
    waiting.become(JobState.RUNNING)
    board.changed(waiting)
    qtbot.waitUntil(
        lambda: window.drawer._rows[waiting.id].accessibleName() == "A lighthouse, Running"
    )


@pytest.mark.parametrize(
    ("state", "name", "asked"),
    [
        (JobState.WAITING, "Move to front", "promote"),
        (JobState.RUNNING, "Pause", "pause"),
        (JobState.PAUSED, "Resume", "resume"),
        (JobState.RUNNING, "Stop", "cancel"),
    ],
)
def test_each_button_of_a_job_asks_the_board(
    window: MainWindow, board: Any, qtbot: Any, state: JobState, name: str, asked: str
) -> None:
    job = board.add("A job", state)
    window.drawer.open()
    row = window.drawer._rows[job.id]
    qtbot.mouseClick(_named(row, name), Qt.MouseButton.LeftButton)
    assert board.controls.asked == [(asked, job.id)]


def _shown(window: MainWindow) -> list[str]:
    return [row.accessibleName() for row in window.drawer._rows.values()]


def _row(window: MainWindow, job: Any) -> QWidget:
    return window.drawer._rows[job.id]


def test_the_queue_is_ordered_by_buttons_and_by_keys(
    window: MainWindow, board: Any, qtbot: Any
) -> None:
    a, b, c = (board.add_row(title) for title in "ABC")
    board.add("At work", JobState.RUNNING)
    window.drawer.open()
    assert _shown(window) == ["At work, Running", "A, Queued", "B, Queued", "C, Queued"]
    qtbot.mouseClick(_named(_row(window, c), "Move up"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _shown(window)[1:] == ["A, Queued", "C, Queued", "B, Queued"])
    button = _named(_row(window, a), "Move down")
    qtbot.keyClick(button, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: _shown(window)[1:] == ["C, Queued", "A, Queued", "B, Queued"])
    assert [job.title for job in board.queue.waiting()] == ["C", "A", "B"]
    shown = [child.accessibleName() for child in _row(window, b).findChildren(QToolButton)
             if child.isVisible()]  # fmt: skip
    assert "Move down" not in shown, "it is the last one"


def test_the_whole_queue_is_paused_and_goes_on(window: MainWindow, board: Any, qtbot: Any) -> None:
    job, held = board.add_row("A"), board.add_row("B")
    window.drawer.open()
    board.queue.hold(held)
    qtbot.mouseClick(_named_text(window.drawer, "Pause queue"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _shown(window) == ["A, Paused", "B, Paused"])
    qtbot.mouseClick(_named_text(window.drawer, "Resume queue"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _shown(window) == ["A, Waiting", "B, Paused"])
    assert (job.held, held.held) == (False, True)


def test_what_failed_has_a_button_to_retry_it(
    window: MainWindow, board: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(board.queue, "retry", lambda jobs: asked.extend(j.title for j in jobs))
    for title in "AB":
        job = board.add_row(title)
        board.queue.drop(job)
        job.become(JobState.LOST)
    board.add("Of no row", JobState.FAILED)
    window.drawer.open()
    qtbot.mouseClick(_named(_row(window, job), "Retry"), Qt.MouseButton.LeftButton)
    assert asked == ["B"]
    qtbot.mouseClick(_named_text(window.drawer, "Retry failed"), Qt.MouseButton.LeftButton)
    assert asked == ["B", "A", "B", "Of no row"]  # the queue looks which of them it can retry


def _named_text(widget: QWidget, text: str) -> QPushButton:
    buttons = widget.findChildren(QPushButton)
    return next(each for each in buttons if each.text() == text and each.isVisible())


def test_finished_jobs_are_kept_below_and_can_be_cleared(
    window: MainWindow, board: Any, qtbot: Any
) -> None:
    board.add("Live", JobState.RUNNING)
    board.add("Over", JobState.FAILED)
    window.drawer.open()
    qtbot.mouseClick(_named(window.drawer, "Clear finished"), Qt.MouseButton.LeftButton)
    assert [row.accessibleName() for row in window.drawer._rows.values()] == ["Live, Running"]


def test_an_empty_drawer_says_so_and_closes_on_escape(window: MainWindow, qtbot: Any) -> None:
    window.drawer.open()
    assert "No jobs yet" in _words(window.drawer)
    qtbot.keyClick(window.drawer, Qt.Key.Key_Escape)
    assert not window.drawer.isVisible()


def test_a_row_is_dragged_to_another_place(
    window: MainWindow, board: Any, qtbot: Any, activity: Activity
) -> None:
    board.add("Running", JobState.RUNNING)
    jobs = [board.add_row(title) for title in ("One", "Two", "Three")]
    window.drawer.open()
    first, last = _row(window, jobs[0]), _row(window, jobs[2])
    at = QPoint(200, 5)
    below = first.mapFromGlobal(last.mapToGlobal(QPoint(200, last.height() - 2)))
    qtbot.mousePress(first, Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseMove(first, below)
    QApplication.processEvents()
    moved = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(below),
        QPointF(first.mapToGlobal(below)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(first, moved)
    assert first.is_dragged
    assert window.drawer._line.isVisible()
    qtbot.mouseRelease(first, Qt.MouseButton.LeftButton, pos=below)
    assert [job.title for job in board.queue.waiting()] == ["Two", "Three", "One"]
    assert not window.drawer._line.isVisible()
    qtbot.mouseClick(_row(window, jobs[1]), Qt.MouseButton.LeftButton, pos=at)
    assert [job.title for job in board.queue.waiting()] == ["Two", "Three", "One"], (
        "a click is none"
    )


def test_the_menu_of_a_row_changes_its_priority(window: MainWindow, board: Any, qtbot: Any) -> None:
    one, two = board.add_row("One"), board.add_row("Two")
    window.drawer.open()
    row = _row(window, two)
    row._open_menu(row)
    [menu] = row.findChildren(QMenu)
    actions = {action.text(): action for action in menu.actions()}
    assert actions["Normal"].isChecked()
    actions["High"].trigger()
    assert board.queue.waiting() == [two, one]
    assert two.recipe.priority is Priority.INTERACTIVE
    actions["Low: when nothing else waits"].trigger()
    assert board.queue.waiting() == [one, two]
    actions["Run next"].trigger()
    assert board.queue.waiting() == [two, one]


def test_the_drawer_says_how_long_the_queue_will_take(
    window: MainWindow, board: Any, qtbot: Any
) -> None:
    board.add_row("One")
    window.drawer.open()
    assert window.drawer._until.text() == "", "nothing is known"
    board.typical["chat.reply"] = 300.0
    board.durations._known.clear()
    running = board.add("Running", JobState.RUNNING)
    running.step(1, 2, "", 60.0, 0.0)
    board.changed(running)
    qtbot.waitUntil(lambda: window.drawer._until.text().startswith("about 6 min, until "))
    board.queue.pause()
    qtbot.waitUntil(lambda: window.drawer._until.text() == "about 6 min")


@pytest.mark.parametrize(
    ("seconds", "unknown", "expected"),
    [
        (20, 0, "less than a minute"),
        (50, 0, "about 1 min, until 10:05"),
        (50, 2, "more than 1 min"),
        (7500, 0, "about 2 h 05 min, until 10:05"),
    ],
)
def test_the_end_of_the_queue_is_said_as_people_say_it(
    seconds: float, unknown: int, expected: str
) -> None:
    assert phrases.to_end(seconds, unknown, QTime(10, 5)).startswith(expected)


def test_stopping_all_is_confirmed_first(window: MainWindow, board: Any, qtbot: Any) -> None:
    board.add("Running", JobState.RUNNING)
    board.add_row("One")
    window.drawer.open()
    qtbot.mouseClick(_named_text(window.drawer, "Stop all"), Qt.MouseButton.LeftButton)
    assert board.controls.asked == []
    [sheet] = window.findChildren(Sheet)
    assert "Results finished so far are kept." in _words(sheet)
    qtbot.mouseClick(_named_text(sheet, "Stop all"), Qt.MouseButton.LeftButton)
    assert board.controls.asked == [("cancel", "job1"), ("cancel", "job0")]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.4, "0 s"), (59, "59 s"), (95, "1 min 35 s"), (7800, "2 h 10 min")],
)
def test_times_are_said_as_people_say_them(seconds: float, expected: str) -> None:
    assert phrases.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(999, "999 B"), (98_000_000, "98 MB"), (1_400_000_000, "1.4 GB"), (140_000_000_000, "140 GB")],
)
def test_sizes_are_said_as_people_say_them(count: int, expected: str) -> None:
    assert phrases.size(count) == expected


def test_the_light_counts_what_tries_to_leave_and_names_it(
    window: MainWindow, activity: Activity
) -> None:
    light = window.status_bar.findChild(ConnectionLight)
    assert light.text() == "Offline · 0 connections"
    light.click()
    popover = window.findChild(ConnectionList)
    assert "Nothing has tried" in _words(popover)
    activity.plugin_title = lambda plugin: plugin.title()
    attempts = (
        Attempt(1.0, "192.0.2.7:80", "greedy", blocked=True),
        Attempt(2.0, "hub.example:443", asked=True),
        Attempt(3.0, "192.0.2.8:80"),
    )
    activity.set_connections(1, 1, attempts[:1])
    assert light.text() == "Offline · 1 blocked"
    native = (Attempt(1.5, "", blocked=True, library="onnxruntime"),) * 4
    activity.set_connections(5, 5, attempts[:1] + native)
    assert light.text() == "Offline · 5 blocked"
    said = " ".join(label.text() for label in popover.findChildren(QLabel))
    assert "Blocked 4 attempts to use the network by onnxruntime" in said
    activity.set_connections(3, 1, attempts)
    assert light.text() == "2 connections"
    said = " ".join(label.text() for label in popover.findChildren(QLabel))
    one = "Blocked 1 attempt to use the network by Greedy"
    for words in (one, "192.0.2.7:80", "blocked", "not blocked", "Downloads that you"):
        assert words in said
    assert "Offline Studio itself · 1" in said
