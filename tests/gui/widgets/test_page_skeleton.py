"""What is typed before the first page is there reaches it; the first key starts the runtime."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.main_thread.first_touch import FirstTouch
from studio.desktop.widgets.page_skeleton import PageSkeleton


class Field(QPlainTextEdit):
    """A page's field; Return sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def keyPressEvent(self, event: object) -> None:
        self.sent.append(self.toPlainText())


@pytest.fixture
def skeleton(qtbot: QtBot, look: Appearance) -> PageSkeleton:
    made = PageSkeleton(look)
    qtbot.addWidget(made)
    made.resize(900, 600)
    return made


@pytest.mark.parametrize("sends", [False, True])
def test_the_page_gets_what_was_typed_and_return_at_its_end(
    qtbot: QtBot, skeleton: PageSkeleton, sends: bool
) -> None:
    field = Field()
    qtbot.addWidget(field)
    qtbot.keyClicks(skeleton.focusProxy(), "Hello")
    if sends:
        qtbot.keyClick(skeleton.focusProxy(), Qt.Key.Key_Return)
    skeleton.hand_over(field)
    assert field.toPlainText() == "Hello"
    if sends:
        qtbot.waitUntil(lambda: field.sent == ["Hello"])
    else:
        QApplication.processEvents()
        assert not field.sent


@pytest.mark.parametrize("widget", [QPushButton, lambda: None], ids=["button", "nothing"])
def test_what_takes_no_text_is_left_alone(
    qtbot: QtBot, skeleton: PageSkeleton, widget: Callable[[], QWidget | None]
) -> None:
    qtbot.keyClicks(skeleton.focusProxy(), " ")
    target = widget()
    skeleton.hand_over(target)
    if target is not None:
        qtbot.addWidget(target)
        assert not target.isDown()


def test_a_key_is_a_touch_and_is_heard_once(qtbot: QtBot, skeleton: PageSkeleton) -> None:
    heard: list[int] = []
    skeleton.show()
    window = skeleton.windowHandle()
    touch = FirstTouch(window, lambda: heard.append(1), skeleton)
    QTest.keyClick(window, Qt.Key.Key_A)
    assert not heard, "the control: it does not wait yet"
    touch.wait()
    QTest.keyClick(window, Qt.Key.Key_B)
    QTest.keyClick(window, Qt.Key.Key_C)
    assert heard == [1]
