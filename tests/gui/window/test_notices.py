"""Notices: at most three, an error is never lost, none runs away under the mouse."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QPushButton, QWidget
from shiboken6 import delete

from studio.base.notices import Action, Notices
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.window.notice_area import NoticeArea
from studio.desktop.window.shell import MainWindow
from studio.protocol.errors import ErrorCode, StudioError


@pytest.fixture
def area(window: MainWindow) -> NoticeArea:
    return window.notices


@pytest.fixture
def notices(area: NoticeArea) -> Notices:
    notices = Notices()
    notices.on_notice(area.show_notice)
    notices.on_dismissed(area.withdraw)
    return notices


def _shown(area: NoticeArea) -> list[str]:
    return [card.notice.message for card in area.cards()]


def test_at_most_three_are_in_view_and_others_follow(area: NoticeArea, notices: Notices) -> None:
    for number in range(5):
        notices.info(f"notice {number}")
    assert _shown(area) == ["notice 0", "notice 1", "notice 2"]
    area.cards()[0].closed.emit()
    assert _shown(area) == ["notice 1", "notice 2", "notice 3"]


def test_an_error_does_not_wait_behind_news(area: NoticeArea, notices: Notices) -> None:
    for number in range(3):
        notices.info(f"notice {number}")
    notices.error(StudioError(ErrorCode.DISK_FULL, "The disk is full.", "Make room."))
    assert _shown(area) == ["notice 1", "notice 2", "The disk is full."]


def test_one_key_is_one_notice(area: NoticeArea, notices: Notices) -> None:
    notices.error("The runtime ended.", key="runtime")
    notices.info("The runtime is running again.", key="runtime")
    assert _shown(area) == ["The runtime is running again."]


def test_one_that_waits_can_be_taken_back(area: NoticeArea, notices: Notices) -> None:
    for number in range(3):
        notices.info(f"notice {number}")
    notices.info("late", key="late")
    notices.dismiss("late")
    area.cards()[0].closed.emit()
    assert "late" not in _shown(area)


def test_its_button_acts_and_closes_it(area: NoticeArea, notices: Notices, qtbot: Any) -> None:
    ran: list[str] = []
    notices.offer("Moved to the bin.", "Undo", lambda: ran.append("undo"))
    button = area.cards()[0].findChild(QPushButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ran == ["undo"]
    assert _shown(area) == []


def test_the_report_of_a_bug_can_be_copied(
    area: NoticeArea, notices: Notices, copied: list[str], qtbot: Any
) -> None:
    notices.error(StudioError(ErrorCode.PLUGIN_FAILED, "It failed.", "Go on.", "Traceback: 1/0"))
    button = area.cards()[0].findChild(QPushButton)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "It failed." in copied[0]
    assert "Traceback: 1/0" in copied[0]


def test_several_choices_are_all_there(area: NoticeArea, notices: Notices) -> None:
    actions = [Action("Restart runtime", print), Action("Restart without X", print)]
    notices.error("It ended three times.", actions=actions)
    found = [button.text() for button in area.cards()[0].findChildren(QPushButton)]
    assert found == ["Restart runtime", "Restart without X"]


def test_news_go_by_themselves_errors_stay(area: NoticeArea, notices: Notices) -> None:
    notices.info("news")
    notices.error("an error")
    news, error = area.cards()
    assert news._timer.isActive()
    assert not error._timer.isActive()
    news._timer.timeout.emit()
    assert _shown(area) == ["an error"]


def test_it_stays_while_the_mouse_is_over_it(area: NoticeArea, notices: Notices) -> None:
    notices.info("news")
    (card,) = area.cards()
    card.enterEvent(QEvent(QEvent.Type.Enter))
    assert not card._timer.isActive()
    card.leaveEvent(QEvent(QEvent.Type.Leave))
    assert card._timer.isActive()


def test_they_stand_above_each_other_inside_the_window(
    window: MainWindow, area: NoticeArea, notices: Notices
) -> None:
    notices.error("A long sentence that needs more than one line to be said in full. " * 3)
    notices.info("short")
    upper, lower = area.cards()
    assert upper.geometry().bottom() < lower.geometry().top()
    assert lower.geometry().bottom() < window.centralWidget().height() - window.status_bar.height()
    assert upper.height() > lower.height()
    window.resize(900, 600)
    assert window.centralWidget().rect().contains(lower.geometry())


def test_they_lie_above_the_panel_of_a_page_that_is_opened_later(
    window: MainWindow, area: NoticeArea, notices: Notices
) -> None:
    notices.error("It failed.")
    (card,) = area.cards()
    window._place_floats()  # as for each page
    order = window.centralWidget().children()
    assert order.index(window.panel) < order.index(card)


def test_they_keep_off_the_button_that_a_page_is_for(
    window: MainWindow, area: NoticeArea, notices: Notices
) -> None:
    center = window.centralWidget()
    send = window.look.button("Send", kind="primary")
    send.setParent(center)
    send.setGeometry(center.width() - 240, center.height() - 90, 90, 34)
    send.show()
    notices.info("Its recipe is set: press Draw")
    notices.info("And another")
    upper, lower = area.cards()
    assert not lower.geometry().intersects(send.geometry())
    assert not upper.geometry().intersects(send.geometry())
    assert lower.geometry().bottom() < send.geometry().top()
    send.setGeometry(20, 20, 90, 34)
    notices.info("A third")
    assert area.cards()[-1].geometry().bottom() > center.height() - 90


def test_a_plain_text_notice_runs_no_markup(area: NoticeArea, notices: Notices) -> None:
    notices.info("<b>not bold</b>")
    assert area.cards()[0].accessibleName() == "<b>not bold</b>"


def test_what_ends_after_the_window_closed_is_kept_and_shown_nowhere(look: Appearance) -> None:
    window = QWidget()
    area, notices = NoticeArea(look, window, print), Notices()
    notices.on_notice(area.show_notice)
    notices.on_dismissed(area.withdraw)
    notices.error("The disk is full.", key="library")
    delete(window)
    notices.error("The library is closed.", key="library")
    assert [notice.message for notice in notices.all] == ["The library is closed."]
