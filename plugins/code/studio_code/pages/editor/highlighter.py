"""Brings the colours to the document: a few milliseconds at a time, to the lines in view first.

Not a ``QSyntaxHighlighter``, which lays colours over every line of a file at once.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor, QTextCharFormat, QTextDocument, QTextLayout

from studio.api.window.ui import Ui
from studio_code.pages.editor.syntax_colours import Run, SyntaxColours

_SLICE = 0.004
_PAUSE_MS = 4
_SETTLE_MS = 1200
_LARGE = 500_000
_CLOSERS = set("/>\"'`)")
"""What may end a comment or a string that began above: worth a look at everything."""


class Highlighter(QObject):
    """The colours of one document.

    Attributes:
        language: The name of the lexer in use; empty for none.
        in_view: Returns the first and last line that can be seen.
    """

    def __init__(
        self,
        document: QTextDocument,
        ui: Ui,
        text: Callable[[], str],
        language: str,
        parent: QObject | None = None,
    ) -> None:
        """Colour ``document`` as long as ``parent`` lives."""
        super().__init__(parent)
        self._document, self._ui, self._text = document, ui, text
        self.language = language
        self._coloring = SyntaxColours(language, ui.code_color)
        self._shown: list[tuple[Run, ...] | None] = []
        self._formats: dict[str, QTextCharFormat] = {}
        self._lines = 0
        self.in_view: Callable[[], tuple[int, int]] = lambda: (0, 60)
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._work)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._look_at_all)
        document.contentsChange.connect(self._on_change)
        self.set_language(language)

    def set_language(self, language: str) -> None:
        """Colour it as another language (a lexer's name; empty for none)."""
        self.language = language
        self._lines = self._document.blockCount()
        self._coloring.reset(self._lines, language)
        self._shown = [None] * self._lines
        self._timer.start()
        if not language:
            self.show_lines()

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        self._formats.clear()
        self._shown = [None] * self._lines
        self.show_lines()

    @property
    def idle(self) -> bool:
        """Whether every line has its colours."""
        return not self._coloring.working

    def runs(self, line: int) -> tuple[Run, ...]:
        """Return the coloured runs of a line (from 0)."""
        return self._coloring.runs[line] if line < len(self._coloring.runs) else ()

    # --- edits --------------------------------------------------------------------------------

    def _on_change(self, at: int, removed: int, added: int) -> None:
        count = self._document.blockCount()
        first = self._document.findBlock(at).blockNumber()
        last = self._document.findBlock(min(at + added, self._document.characterCount() - 1))
        new = max(0, last.blockNumber() - first)
        old = max(0, new - (count - self._lines))
        self._lines = count
        self._shown[first : first + old + 1] = [None] * (new + 1)
        self._coloring.edited(first, old, new)
        if len(self._coloring.runs) != count:  # an edit that Qt told otherwise than it did it
            self.set_language(self.language)
        if removed or self._closes(at, added):
            self._settle.start()
        self._timer.start()

    def _closes(self, at: int, added: int) -> bool:
        if added > 200:
            return True
        return any(self._document.characterAt(at + n) in _CLOSERS for n in range(added))

    def _look_at_all(self) -> None:
        if len(self._text()) < _LARGE:
            self._coloring.restart()
            self._timer.start()

    # --- slices -------------------------------------------------------------------------------

    def _work(self) -> None:
        if self._coloring.stale:
            self._coloring.begin(self._text())
        if self._coloring.working:
            first, last = self._coloring.advance(_SLICE)
            top, bottom = self.in_view()
            if first <= bottom and last >= top:
                self.show_lines()
        else:
            self.show_lines()
        if not self._coloring.working:
            self._timer.stop()

    def show_lines(self) -> None:
        """Lay the colours over the lines in view that do not have theirs yet."""
        first, last = self.in_view()
        block = self._document.findBlockByNumber(first)
        while block.isValid() and block.blockNumber() <= last:
            line = block.blockNumber()
            runs = self.runs(line)
            if line < len(self._shown) and self._shown[line] != runs:
                self._shown[line] = runs
                block.layout().setFormats([self._range(run) for run in runs])
                self._document.markContentsDirty(block.position(), block.length())
            block = block.next()

    def _range(self, run: Run) -> QTextLayout.FormatRange:
        result = QTextLayout.FormatRange()
        result.start, result.length, result.format = run[0], run[1], self._format(run[2])
        return result

    def _format(self, color: str) -> QTextCharFormat:
        if color not in self._formats:
            form = QTextCharFormat()
            form.setForeground(QColor(self._ui.tokens.colors[color]))
            form.setFontItalic(color == "syntax-comment")
            self._formats[color] = form
        return self._formats[color]
