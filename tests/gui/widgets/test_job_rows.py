"""The rows about jobs that pages share: what is shown while one runs, and after it failed."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import Menu
from studio.desktop.widgets.job_rows import ProgressRow, TroubleRow
from studio.desktop.widgets.popup_corners import cut_corners
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState
from tests.gui.names import nameless


@pytest.fixture
def row(qtbot: Any, look: Appearance) -> ProgressRow:
    row = ProgressRow(look)
    qtbot.addWidget(row)
    row.resize(600, 40)
    return row


@pytest.fixture
def trouble(qtbot: Any, look: Appearance) -> TroubleRow:
    trouble = TroubleRow(look)
    qtbot.addWidget(trouble)
    return trouble


def step(job: Any, done: float, total: float, message: str = "", left: float | None = None) -> None:
    job.step(done, total, message, left, 0.0)
    job.tell_progress()


def test_a_job_is_told_from_its_wait_to_its_end(row: ProgressRow, board: Any) -> None:
    assert not row.isVisible()
    job = board.add("A fox")
    row.follow(job)
    assert row.isVisible()
    assert not nameless(row)
    assert row.words.text() == "Queued…"
    assert row.bar.maximum() == 0  # nobody knows how long that takes
    job.become(JobState.LOADING, "Reading 1.2 GB")
    assert row.words.text() == "Reading 1.2 GB"
    job.become(JobState.RUNNING)
    step(job, 3, 8, "Drawing a <b>fox</b>", 12.4)
    assert row.words.text() == "Drawing a <b>fox</b>"
    assert row.words.textFormat() is Qt.TextFormat.PlainText
    assert (row.bar.value(), row.bar.maximum()) == (375, 1000)
    assert row.left.text() == "12 s left"
    step(job, 4, 8)
    assert row.words.text() == "50% done"
    job.become(JobState.DONE)
    assert not row.isVisible()


def test_where_nobody_knows_the_end_it_says_how_much_is_written(
    row: ProgressRow, board: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = board.add("Document it")
    row.follow(job)
    job.become(JobState.RUNNING)
    step(job, 500, 1000, "Reading", 9.0)
    assert row.left.text() == "9 s left"
    step(job, 1000, 1000, "Reading", 0.2)
    assert (row.left.text(), row.bar.maximum()) == ("", 0), "not 1 s left, for minutes"
    assert job.seconds_left is None
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    job.write("def", 1, "")
    now[0] += 4
    job.write(" f", 51, "")
    assert row.left.text() == "51 tokens · 12.5 tokens/s · 4 s"
    assert (row.words.text(), row.bar.maximum()) == ("Reading", 0)
    step(job, 2, 8, "Documenting g")
    job.write("x", 60, "")
    assert row.words.text() == "Documenting g"
    assert row.bar.maximum() == 1000


def test_what_is_written_without_a_word_of_progress_waits_no_longer(
    row: ProgressRow, board: Any
) -> None:
    job = board.add("Ask")
    row.follow(job)
    job.become(JobState.RUNNING)
    job.write("Be", 1, "")
    assert (row.words.text(), row.left.text()) == ("Writing", "1 token")


def test_stop_says_so_until_the_job_is_over(row: ProgressRow, board: Any, qtbot: Any) -> None:
    job = board.add("A fox", JobState.RUNNING)
    row.follow(job)
    step(job, 1, 8, "Drawing", 60)
    qtbot.mouseClick(row.stop_button, Qt.MouseButton.LeftButton)
    assert board.controls.asked == [("cancel", job.id)]
    step(job, 2, 8, "Drawing", 50)
    assert (row.words.text(), row.left.text()) == ("Stopping…", "")
    assert not row.stop_button.isEnabled()
    job.become(JobState.CANCELLED)
    assert not row.isVisible()
    row.follow(board.add("Another"))
    assert row.stop_button.isEnabled()
    assert row.words.text() == "Queued…"


def test_a_remark_that_stays_is_there_after_its_button(trouble: TroubleRow, qtbot: Any) -> None:
    ran: list[str] = []
    trouble.remark("3 rows", "Show them", "list", lambda: ran.append("list"), stays=True)
    qtbot.mouseClick(trouble.button, Qt.MouseButton.LeftButton)
    assert (trouble.isVisible(), ran) == (True, ["list"])
    trouble.remark("2 rows", "Understood", "check", lambda: ran.append("ok"))
    qtbot.mouseClick(trouble.button, Qt.MouseButton.LeftButton)
    assert (trouble.isVisible(), ran) == (False, ["list", "ok"])


def test_corners_are_cut_where_they_might_be_black(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    menu = Menu()
    qtbot.addWidget(menu)
    menu.resize(120, 80)
    cut_corners(menu)
    assert menu.mask().isEmpty(), "this platform blends"
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "xcb")
    cut_corners(menu)
    assert not menu.mask().contains(QPoint(0, 0))
    assert not menu.mask().contains(QPoint(119, 79))
    assert menu.mask().contains(QPoint(60, 0))
    assert menu.mask().contains(QPoint(8, 8))


def test_only_the_job_that_is_followed_is_shown(row: ProgressRow, board: Any) -> None:
    old, new = board.add("Old", JobState.RUNNING), board.add("New", JobState.RUNNING)
    row.follow(old)
    row.follow(new)
    step(new, 1, 4, "New")
    step(old, 3, 4, "Old")
    old.become(JobState.DONE)
    assert row.isVisible()
    assert row.words.text() == "New"
    over = board.add("Over", JobState.RUNNING)
    over.become(JobState.DONE)
    row.follow(over)
    assert not row.isVisible()


def test_a_job_may_outlive_the_row(look: Appearance, board: Any) -> None:
    from shiboken6 import delete

    row = ProgressRow(look)
    job = board.add("A fox", JobState.RUNNING)
    row.follow(job)
    delete(row)
    step(job, 1, 4)  # a callback that raises would end this test
    job.become(JobState.DONE)


def test_a_page_with_a_stop_of_its_own_has_no_second_one(qtbot: Any, look: Appearance) -> None:
    row = ProgressRow(look, stop=False)
    qtbot.addWidget(row)
    row.show()
    assert not row.stop_button.isVisible()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0.2, "1 s left"), (89, "89 s left"), (90, "2 min left"), (600, "10 min left")],
)
def test_time_left_in_words(seconds: float | None, said: str) -> None:
    assert phrases.time_left(seconds) == said


def test_trouble_says_what_and_why_and_tries_again(trouble: TroubleRow, qtbot: Any) -> None:
    tried: list[int] = []
    error = StudioError(
        ErrorCode.OUT_OF_MEMORY, "There is not enough memory.", "Close another page."
    )
    trouble.tell(error, lambda: tried.append(1))
    assert trouble.isVisible()
    assert not nameless(trouble)
    assert trouble.words.text() == "There is not enough memory. Close another page."
    assert (trouble.button.text(), trouble.words.property("role")) == ("Try again", "bad")
    qtbot.mouseClick(trouble.button, Qt.MouseButton.LeftButton)
    assert tried == [1]
    assert not trouble.isVisible()


def test_a_remark_is_no_failure_and_has_its_own_button(trouble: TroubleRow, qtbot: Any) -> None:
    trouble.tell("It failed.")
    assert not trouble.button.isVisible()
    shown: list[int] = []
    trouble.remark("2 rows were left out.", "Show them", "list", lambda: shown.append(1))
    assert (trouble.button.text(), trouble.words.property("role")) == ("Show them", "warn")
    qtbot.mouseClick(trouble.button, Qt.MouseButton.LeftButton)
    assert shown == [1]
