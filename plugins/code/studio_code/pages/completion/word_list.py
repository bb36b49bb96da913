"""A small list of words below the cursor. It takes no keys itself: the editor hands them over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget

from studio.api import Ui
from studio.api.window.language import tr
from studio_code.pages.editor.code_edit import CodeEdit

_PAD = 8
LEAST_TYPED: Final = 2
"""Letters that are written before words are listed unasked."""
MOST: Final = 8
_NEAR: Final = 200_000
"""Characters on both sides that are looked through: more would hold up the window."""
_WORD: Final = re.compile(r"[^\W\d]\w{2,80}")
_BEGUN: Final = re.compile(r"(?<!\w)[^\W\d]\w*\Z")


class WordList(QListWidget):
    """Words that the begun one could become.

    Signals:
        chosen: The user wants a word.
    """

    chosen = Signal(str)

    def __init__(self, ui: Ui, edit: CodeEdit) -> None:
        super().__init__(edit.viewport())
        self._ui, self._edit = ui, edit
        self.setFont(ui.mono())
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(tr("Words of the file"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(lambda item: self.chosen.emit(item.text()))
        self.hide()

    def offer(self, words: Sequence[str], begun: int, *, chosen: bool) -> None:
        """Show words below the one that is begun; none hides the list.

        Args:
            begun: Letters of it before the cursor.
            chosen: The first one is selected, so that Return takes it.
        """
        self.clear()
        if not words:
            self.hide()
            return
        colors = self._ui.tokens.colors
        self.setStyleSheet(
            f"QListWidget {{ background: {colors['raised']}; border: 1px solid {colors['line']}; "
            "border-radius: 6px; padding: 2px; } QListWidget::item { padding: 1px 6px; }"
        )
        self.addItems(list(words))
        self.setCurrentRow(0 if chosen else -1)
        place, view = self._edit.cursorRect(), self._edit.viewport()
        metrics = self.fontMetrics()
        high = self.sizeHintForRow(0) * len(words) + 2 * self.frameWidth() + 6
        wide = max(map(metrics.horizontalAdvance, words)) + 4 * _PAD
        left = place.left() - metrics.horizontalAdvance("0") * begun - _PAD
        top = place.bottom() + 3
        if top + high > view.height() and place.top() > high:
            top = place.top() - high - 3
        self.setGeometry(max(0, min(left, view.width() - wide)), top, wide, high)
        self.show()
        self.raise_()

    def step(self, by: int) -> None:
        """Select the word below or above."""
        count = self.count()
        row = self.currentRow()
        self.setCurrentRow((row + by) % count if row >= 0 else (0 if by > 0 else count - 1))

    @property
    def selected(self) -> str:
        """The word that is selected; empty for none."""
        item = self.currentItem() if self.currentRow() >= 0 else None
        return item.text() if item is not None else ""


def begun(before: str) -> str:
    """Return the word that a text ends in the midst of; empty if it ends with none."""
    match = _BEGUN.search(before[-100:])
    return match[0] if match else ""


def words(before: str, after: str, most: int = MOST) -> list[str]:
    """Return the words that the begun one could become, those nearest to the cursor first."""
    start = begun(before)
    if re.match(r"\w", after):
        return []
    own = len(before) - len(start)
    behind = _WORD.findall(before[max(0, own - _NEAR) : own])
    ahead = _WORD.findall(after[:_NEAR])
    ranked: dict[str, int] = {}
    for distance, word in [*enumerate(reversed(behind)), *enumerate(ahead)]:
        if word.startswith(start) and word != start:
            ranked[word] = min(distance, ranked.get(word, distance))
    return sorted(ranked, key=lambda word: ranked[word])[:most]
