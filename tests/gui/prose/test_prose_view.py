"""The view of Markdown that pages share: it grows, offers what can be done with code, stays dark
to the network, and follows the theme.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.prose.prose_view import ProseView
from studio.desktop.ui import WindowUi
from tests.gui.names import nameless

ALL = "# Title\n\n- one\n- *two*\n\n```python\nx = 1\n```\n\n| a | b |\n|-|-|\n| 1 | `2` |\n"


@pytest.fixture
def ui(qtbot: Any, look: Appearance) -> WindowUi:
    window = QWidget()
    qtbot.addWidget(window)
    return WindowUi(look, window, None, lambda: None)  # type: ignore[arg-type]


@pytest.fixture
def make(qtbot: Any, ui: WindowUi) -> Callable[..., ProseView]:
    def make(**how: Any) -> ProseView:
        view = ui.prose_view(**how)
        qtbot.addWidget(view)
        view.resize(500, 400)
        view.show()
        return view

    return make


def test_what_is_written_is_drawn_a_moment_later(make: Any, qtbot: Any) -> None:
    view = make()
    view.append("Some **bo")
    view.append("ld** words")
    assert view.pieces == []
    qtbot.waitUntil(lambda: bool(view.pieces))
    assert view.pieces[0].toPlainText() == "Some bold words"
    assert view.text == "Some **bold** words"


def test_the_text_without_its_marks(make: Any) -> None:
    view = make()
    view.set_text(ALL)
    assert view.plain_text() == "Title\n\n• one\n• two\n\nx = 1\n\na\tb\n1\t2"


def test_an_action_is_offered_once_its_code_is_complete(make: Any, qtbot: Any) -> None:
    done: list[tuple[str, str]] = []
    view = make(block_actions=[("Apply", "check", lambda *code: done.append(code))])
    view.append("```python\nx = 1\n")
    view.flush()
    (button,) = view.pieces[0].buttons
    qtbot.waitUntil(view.pieces[0].isVisible)
    assert not button.isVisible()
    view.append("y = 2\n```\n")
    view.finish()
    assert button.isVisible()
    assert not nameless(view)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == [("x = 1\ny = 2", "python")]


def test_code_that_was_cut_off_is_not_offered(make: Any, qtbot: Any) -> None:
    view = make(block_actions=[("Apply", "check", lambda code, language: None)])
    view.set_text("```python\ndef half(")
    qtbot.waitUntil(view.pieces[0].isVisible)
    assert [button.isVisible() for button in view.pieces[0].buttons] == [False]


def test_links_go_to_who_asks_for_them_else_to_the_window(make: Any, ui: Any) -> None:
    shown: list[str] = []
    asked: list[str] = []
    ui.open_link = shown.append
    for view in (make(), make(on_link=asked.append)):
        view.set_text("see [this](https://example.org/a)\n\n| [that](https://example.org/b) |\n|-|")
        for piece, end in zip(view.pieces, "ab", strict=True):
            piece.anchorClicked.emit(f"https://example.org/{end}")
    assert shown == asked == ["https://example.org/a", "https://example.org/b"]


def test_it_follows_the_theme_by_itself(make: Any, look: Appearance) -> None:
    view = make()
    view.set_text(ALL)
    look.theme.set_mode(ThemeMode.LIGHT)
    form = view.pieces[0].document().firstBlock().begin().fragment().charFormat()
    assert form.foreground().color() == QColor(look.theme.tokens.colors["text"])
    assert view.plain_text().startswith("Title")


def test_a_theme_may_change_after_a_view_has_gone(ui: WindowUi, look: Appearance) -> None:
    from shiboken6 import delete

    view = ui.prose_view()
    view.set_text(ALL)
    delete(view)
    look.theme.set_mode(ThemeMode.LIGHT)  # a call into the deleted view would raise here


def test_plain_text_hugs_its_words(ui: WindowUi, qtbot: Any) -> None:
    view = ui.plain_view()
    qtbot.addWidget(view)
    view.set_text("*two* words")
    view.set_limit(400)
    assert view.toPlainText() == "*two* words"
    assert 0 < view.width() < 200
    short = view.height()
    view.set_text("many words " * 40)
    assert view.width() <= 400
    assert view.height() > short


def test_colours_of_code_are_colours_of_the_theme(ui: WindowUi) -> None:
    ((start, length, color), *_) = ui.highlight(["def f():"], "python")[0]
    assert (start, length, color) == (0, 3, "syntax-keyword")
    assert ui.code_color("Token.Keyword.Type") == "syntax-type"
    assert ui.code_color("Token.Text.Whitespace") == ""
    assert color in ui.tokens.colors
