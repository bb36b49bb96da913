"""What can be done with the selected notes, as a menu that names the keys. Does none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt

from studio_music.pages.editor.document import Document
from studio_music.pages.phrases import tr
from studio_music.pages.roll.key_bindings import KeyBindings, notes_in


def note_menu(ui: Any, keys: KeyBindings, document: Document, loop: Callable[[], None]) -> Any:
    """Return the menu; what needs a selection is greyed out without one."""
    menu = ui.menu()
    chosen = bool(document.selected)

    def entry(words: str, shortcut: str, run: Callable[[], None], enabled: bool = chosen) -> None:
        action = menu.addAction(f"{words}\t{shortcut}" if shortcut else words)
        action.triggered.connect(lambda _checked=False: run())
        action.setEnabled(enabled)

    entry(tr("Cut"), "Ctrl+X", keys.cut)
    entry(tr("Copy"), "Ctrl+C", keys.copy)
    entry(tr("Paste at the playhead"), "Ctrl+V", keys.paste, _has_notes())
    entry(tr("Duplicate"), "Ctrl+D", keys.duplicate)
    entry(tr("Delete"), "Del", keys.delete)
    menu.addSeparator()
    any_notes = bool(document.track.notes)
    entry(tr("Select all"), "Ctrl+A", keys.select_all, any_notes)
    entry(tr("Quantise starts"), "Q", lambda: keys.quantise(False), any_notes)
    entry(tr("Quantise starts and ends"), "Shift+Q", lambda: keys.quantise(True), any_notes)
    menu.addSeparator()
    entry(tr("Semitone up"), "↑", lambda: keys.nudge(0, 1))
    entry(tr("Semitone down"), "↓", lambda: keys.nudge(0, -1))
    entry(tr("Octave up"), "Ctrl+↑", lambda: keys.nudge(0, 12))
    entry(tr("Octave down"), "Ctrl+↓", lambda: keys.nudge(0, -12))
    entry(tr("Longer"), "Shift+→", lambda: keys.stretch(1))
    entry(tr("Shorter"), "Shift+←", lambda: keys.stretch(-1))
    entry(tr("Louder"), "Alt+↑", lambda: keys.louder(5))
    entry(tr("Softer"), "Alt+↓", lambda: keys.louder(-5))
    menu.addSeparator()
    entry(tr("Loop the selection"), "", loop)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def _has_notes() -> bool:
    from PySide6.QtGui import QGuiApplication

    return bool(notes_in(QGuiApplication.clipboard().mimeData()))
