"""An answer as it is written: Markdown drawn in pieces, of which only the last one changes."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from studio.api.gui import Ui
from studio_chat.pages.code_view import CodeView
from studio_chat.pages.markdown_blocks import Block, MarkdownStream
from studio_chat.pages.prose_view import ProseView
from studio_chat.pages.table_view import TableView

FLUSH_MS = 33
_SHARE = 4
"""A flush that takes long makes the next one wait this many times as long: the window stays free.
"""

Piece = ProseView | CodeView | TableView
_PIECES: dict[str, type[Piece]] = {"code": CodeView, "table": TableView}


class MarkdownView(QWidget):
    """A column of pieces: running text, code, tables.

    New text is gathered and drawn at most every ``FLUSH_MS``.
    """

    def __init__(self, ui: Ui, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ui = ui
        self._stream = MarkdownStream()
        self._source: list[str] = []
        self._waiting: list[str] = []
        self.pieces: list[Piece] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.flush)

    @property
    def source(self) -> str:
        """All that was given, as Markdown."""
        return "".join(self._source)

    def append(self, text: str) -> None:
        """Add text at the end; it is drawn a moment later."""
        self._source.append(text)
        self._waiting.append(text)
        if not self._timer.isActive():
            self._timer.start(FLUSH_MS)

    def finish(self) -> None:
        """Draw all there is: no more will come."""
        self.flush()
        self._stream.finish()

    def set_source(self, text: str) -> None:
        """Show another text."""
        self._timer.stop()
        self._stream = MarkdownStream()
        self._source, self._waiting = [text], [text]
        self.finish()

    def restyle(self) -> None:
        """Draw everything again, in the colours of a new theme."""
        while self.pieces:
            self._drop()
        self._draw()

    def flush(self) -> None:
        """Draw what has come."""
        if not self._waiting:
            return
        started = time.perf_counter()
        self._stream.append("".join(self._waiting))
        self._waiting.clear()
        self._draw()
        took = (time.perf_counter() - started) * 1000
        self._timer.setInterval(max(FLUSH_MS, int(took * _SHARE)))

    def _draw(self) -> None:
        groups = _groups(self._stream.blocks)
        for number, group in enumerate(groups):
            wanted = _PIECES.get(group[0].kind, ProseView)
            if number < len(self.pieces) and type(self.pieces[number]) is not wanted:
                while len(self.pieces) > number:
                    self._drop()
            if number == len(self.pieces):
                piece = wanted(self._ui, self)
                self.pieces.append(piece)
                self._column.addWidget(piece)
            self.pieces[number].show_blocks(group)
        while len(self.pieces) > len(groups):
            self._drop()

    def _drop(self) -> None:
        piece = self.pieces.pop()
        self._column.removeWidget(piece)
        piece.hide()
        piece.deleteLater()


def _groups(blocks: list[Block]) -> list[list[Block]]:
    """Return the blocks of each piece: neighbouring text together, code and tables alone."""
    groups: list[list[Block]] = []
    for block in blocks:
        alone = block.kind in _PIECES
        if groups and not alone and groups[-1][0].kind not in _PIECES:
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups
