"""The command palette: everything by keyboard, the likeliest first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from studio.desktop.window.palette.palette import Command, CommandPalette, score
from studio.desktop.window.shell import MainWindow


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def palette(window: MainWindow, ran: list[str]) -> CommandPalette:
    titles = ["Chat", "New conversation", "Library", "Theme: dark", "Theme: light", "Quit"]
    commands = [
        Command(title, title, lambda title=title: ran.append(title), group="Page", words="open")
        for title in titles
    ]
    palette = CommandPalette(
        window.look, window.centralWidget(), lambda: commands, window.state.used
    )
    palette.toggle()
    return palette


def test_typing_finds_and_enter_runs(palette: CommandPalette, ran: list[str], qtbot: Any) -> None:
    edit = palette.findChild(QLineEdit)
    assert edit.hasFocus()
    qtbot.keyClicks(edit, "thl")
    assert palette.visible_titles() == ["Theme: light"]
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert ran == ["Theme: light"]
    assert not palette.isVisible()


def test_arrows_walk_round(palette: CommandPalette, ran: list[str], qtbot: Any) -> None:
    edit = palette.findChild(QLineEdit)
    qtbot.keyClick(edit, Qt.Key.Key_Up)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert ran == ["Quit"]


def test_what_was_used_comes_first_next_time(palette: CommandPalette, qtbot: Any) -> None:
    edit = palette.findChild(QLineEdit)
    qtbot.keyClicks(edit, "library")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    palette.toggle()
    assert palette.visible_titles()[0] == "Library"


def test_nothing_found_is_said_and_enter_does_nothing(
    palette: CommandPalette, ran: list[str], qtbot: Any
) -> None:
    edit = palette.findChild(QLineEdit)
    qtbot.keyClicks(edit, "zzzz")
    assert palette.visible_titles() == []
    assert palette._none.isVisible()
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert ran == []


def test_escape_gives_the_keyboard_back(
    window: MainWindow, palette: CommandPalette, note_page: Any, qtbot: Any
) -> None:
    palette.dismiss()
    page = note_page("Notes")
    window.set_pages([page.spec()])
    window.open_page("notes.page")
    palette.toggle()
    qtbot.keyClick(palette.findChild(QLineEdit), Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert page.edit.hasFocus()


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("set", "Settings", "Reset the form"),
        ("new conv", "New conversation", "Conversation: newest results"),
        ("lib", "Library", "List backups"),
        ("tl", "Theme: light", "Title of the page"),
    ],
)
def test_the_likelier_title_wins(query: str, better: str, worse: str) -> None:
    assert score(query, better) > score(query, worse)


def test_letters_must_all_be_there_in_order() -> None:
    assert score("xyz", "Settings") == 0
    assert score("licen", "Duplicate the notes") == 0, "scattered from within a word"
    assert score("sgnittes", "Settings") == 0
    assert score("", "Settings") > 0


@pytest.mark.parametrize("plugin", ["chat", "code", "image", "molecules", "music"])
def test_no_page_takes_a_key_of_the_window(plugin: str) -> None:
    """A key that means two things at once does nothing at all."""
    pages = Path(__file__).parents[3].glob(f"plugins/{plugin}/studio_{plugin}/pages/**/*.py")
    source = "".join(path.read_text("utf-8") for path in pages)
    assert '"Ctrl+' in source
    for key in ("Ctrl+J", "Ctrl+K", "Ctrl+,", "Ctrl+Q", "F1", "Alt+Home"):
        assert f'"{key}"' not in source
