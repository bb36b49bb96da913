"""The left column under the hands of the user: find, go, problems, git."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from plugins.code.tests.pages.editor.test_git import git
from studio_code.pages.side import Side


@pytest.fixture
def side(desk: Any) -> Side:
    desk.open("shop.py", "import os\n\n\ndef total(cart):\n    return cart\n")
    desk.open("cart.py", "from shop import total\n\nprint(total(1))\n")
    return desk.put(Side(desk.ctx, desk.workspace))


def test_a_place_that_was_found_is_opened_by_a_click(desk: Any, side: Side) -> None:
    next(b for b in side.bar.widget.findChildren(QAbstractButton) if "Find" in b.toolTip()).click()
    assert side.window().focusWidget() is side.search.field
    side.search.field.setText("total(")
    with desk.qtbot.waitSignal(side.search.shown):
        desk.qtbot.keyClick(side.search.field, Qt.Key.Key_Return)
    assert side.search.words.text() == "2 places"
    file = side.search.list.topLevelItem(1)
    assert "def total(cart):<br>shop.py, line 4" in file.child(0).toolTip(0)
    with desk.qtbot.waitSignal(desk.workspace.goto_asked) as asked:
        side.search.list.itemClicked.emit(file.child(0), 0)
    assert asked.args == ["shop.py", 4]
    side.search.pattern.setChecked(True)
    desk.until(lambda: "not a regular expression" in side.search.words.text())


def test_one_definition_is_gone_to_and_references_are_listed(desk: Any, side: Side) -> None:
    with desk.qtbot.waitSignal(desk.workspace.goto_asked) as asked:
        side.search.definition("total")
    assert asked.args == ["shop.py", 4]
    with desk.qtbot.waitSignal(side.search.shown):
        side.search.references("total")
    assert side.search.words.text() == "“total” 3 times, by its name"
    assert side.search.isVisible(), "the pane comes into view"


def test_problems_are_looked_for_when_they_are_shown(desk: Any, side: Side) -> None:
    side.show_pane("problems")
    desk.until(lambda: side.problems.words.text() == "1 problem")
    with desk.qtbot.waitSignal(desk.workspace.goto_asked) as asked:
        side.problems.list.itemClicked.emit(side.problems.list.topLevelItem(0).child(0), 0)
    assert asked.args == ["shop.py", 1]


def test_ticked_files_are_committed(desk: Any, side: Side) -> None:
    git(desk.folder, "init", "-q", "-b", "main")
    side.show_pane("git")
    desk.until(lambda: side.git.words.text() == "main · 2 files changed")
    side.git.files.item(0).setCheckState(Qt.CheckState.Checked)
    desk.until(lambda: side.git.files.item(0).text() == "A  cart.py")
    with desk.qtbot.waitSignal(side.git.difference_made) as made:
        side.git.files.itemClicked.emit(side.git.files.item(0))
    assert "+print(total(1))" in made.args[1]
    side.git.message.setText("The cart")
    with desk.qtbot.waitSignal(side.git.committed):
        side.git.commit.click()
    desk.until(lambda: side.git.words.text() == "main · 1 file changed")
    assert git(desk.folder, "log", "--format=%s").strip() == "The cart"
