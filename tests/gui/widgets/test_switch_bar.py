"""The segmented switch that pages share: one choice holds, and words give way to icons."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.switch_bar import SwitchBar
from tests.gui.names import nameless

CHOICES = (("table", "table", "Table"), ("grid", "layout-grid", "Grid"))


@pytest.fixture
def switch(qtbot: Any, look: Appearance) -> SwitchBar:
    switch = SwitchBar(look, "How things are shown", CHOICES)
    qtbot.addWidget(switch)
    switch.show()
    return switch


def test_only_the_user_is_heard(switch: SwitchBar, qtbot: Any) -> None:
    chosen: list[str] = []
    switch.on_choose(chosen.append)
    switch.choose("table")
    assert chosen == []
    qtbot.mouseClick(switch.buttons["grid"], Qt.MouseButton.LeftButton)
    assert chosen == ["grid"]
    assert [button.isChecked() for button in switch.buttons.values()] == [False, True]


def test_words_without_icons_share_the_room(qtbot: Any, look: Appearance) -> None:
    switch = SwitchBar(look, "Factor", (("1", "", "1"), ("2", "", "A longer one")))
    qtbot.addWidget(switch)
    switch.resize(300, 36)
    switch.show()
    switch.choose("2")
    one, other = switch.buttons.values()
    assert (switch.current, one.text()) == ("2", "1")
    assert one.width() + other.width() > 280
    switch.show_words(False)
    assert other.text() == "A longer one", "nothing else says what it is"


def test_icons_alone_still_have_their_names(switch: SwitchBar) -> None:
    wide = switch.sizeHint().width()
    switch.show_words(False)
    assert [button.text() for button in switch.buttons.values()] == ["", ""]
    assert [button.toolTip() for button in switch.buttons.values()] == ["Table", "Grid"]
    assert not nameless(switch)
    assert switch.sizeHint().width() < wide
    switch.show_words(True)
    assert switch.sizeHint().width() == wide
