"""Text as it is written: Markdown drawn in pieces, of which only the last one changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from studio.api.window.ui import BlockAction, Ui
from studio.desktop.prose.code_view import CodeView
from studio.desktop.prose.formulas import Formulas
from studio.desktop.prose.markdown_blocks import Block, MarkdownStream, plain
from studio.desktop.prose.table_view import TableView
from studio.desktop.prose.text_view import TextView

FLUSH_MS = 33
_SHARE = 4
"""A flush that takes long makes the next one wait this many times as long: the window stays free.
"""

Piece = TextView | CodeView | TableView
_PIECES: dict[str, type[Piece]] = {"code": CodeView, "table": TableView}


class ProseView(QWidget):
    """A column of pieces: running text, code, tables.

    New text is gathered and drawn at most every ``FLUSH_MS``.

    Attributes:
        pieces: From top to bottom.
    """

    def __init__(
        self,
        ui: Ui,
        formulas: Formulas,
        parent: QWidget | None = None,
        *,
        on_link: Callable[[str], None] | None = None,
        block_actions: Sequence[BlockAction] = (),
    ) -> None:
        super().__init__(parent)
        self._ui, self._actions = ui, tuple(block_actions)
        self._on_link = on_link or ui.open_link
        self._formulas = formulas
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
        end_theme = ui.on_theme(lambda _tokens: self._restyle())
        self.destroyed.connect(lambda: end_theme())

    @property
    def widget(self) -> QWidget:
        """The view itself."""
        return self

    @property
    def text(self) -> str:
        """All that was given, as Markdown."""
        return "".join(self._source)

    def plain_text(self) -> str:
        """Return the displayed text without Markdown markup."""
        self.flush()
        return plain(self._stream.blocks)

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

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._timer.stop()
        self._stream = MarkdownStream()
        self._source, self._waiting = [text], [text]
        self.finish()

    def flush(self) -> None:
        """Render the text received so far."""
        if not self._waiting:
            return
        started = time.perf_counter()
        self._stream.append("".join(self._waiting))
        self._waiting.clear()
        self._draw()
        took = (time.perf_counter() - started) * 1000
        self._timer.setInterval(max(FLUSH_MS, int(took * _SHARE)))

    def _restyle(self) -> None:
        """Draw everything again, in the colours of a new theme."""
        while self.pieces:
            self._drop()
        self._draw()

    def _draw(self) -> None:
        groups = _groups(self._stream.blocks)
        for number, group in enumerate(groups):
            wanted = _PIECES.get(group[0].kind, TextView)
            if number < len(self.pieces) and type(self.pieces[number]) is not wanted:
                while len(self.pieces) > number:
                    self._drop()
            if number == len(self.pieces):
                self._add(wanted)
            self.pieces[number].show_blocks(group)
        while len(self.pieces) > len(groups):
            self._drop()

    def _add(self, wanted: type[Piece]) -> None:
        piece: Piece
        if issubclass(wanted, CodeView):
            piece = wanted(self._ui, self)
            piece.offer(self._actions)
        else:
            piece = wanted(self._ui, self._formulas, self)
            piece.open_link = self._on_link
        self.pieces.append(piece)
        self._column.addWidget(piece)

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
