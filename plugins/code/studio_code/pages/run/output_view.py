"""View of a program's streamed output: bounded, and throttled to the speed of drawing."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from studio.api import PluginContext
from studio.api.window.language import tr

KEPT = 1 << 20
"""Characters in view; older ones go."""
_SLICE = 24_000
"""Characters drawn in one go, which takes a few milliseconds."""
_FLUSH_MS = 30
_LONGEST_LINE = 2_000
"""A longer line is broken: laying it out whole would hold up the window."""
_LONG = re.compile(rf"[^\n]{{{_LONGEST_LINE}}}(?=[^\n])")


class Waiting:
    """Text on its way into view: at most ``KEPT`` characters, the newest. Knows no Qt.

    Attributes:
        dropped: Characters that were never drawn, since newer ones came.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[str, str]] = deque()
        self._size = self.dropped = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def put(self, text: str, channel: str) -> None:
        """Add text of a channel at the end."""
        for start in range(0, len(text), _SLICE):
            piece = text[start : start + _SLICE]
            self._pieces.append((piece, channel))
            self._size += len(piece)
        while self._size > KEPT and len(self._pieces) > 1:
            gone, _ = self._pieces.popleft()
            self._size -= len(gone)
            self.dropped += len(gone)

    def take(self) -> tuple[str, str]:
        """Return the next text and its channel: as much as may be drawn in one go."""
        text, channel = self._pieces.popleft()
        parts = [text]
        size = len(text)
        while self._pieces and self._pieces[0][1] == channel:
            if size + len(self._pieces[0][0]) > _SLICE:
                break
            size += len(self._pieces[0][0])
            parts.append(self._pieces.popleft()[0])
        self._size -= size
        return "".join(parts), channel

    def clear(self) -> None:
        """Forget everything."""
        self._pieces.clear()
        self._size = self.dropped = 0


class OutputView(QPlainTextEdit):
    """Standard output in the colour of text, errors in that of trouble.

    Signals:
        place_asked: The user clicked on a place in the code: path, line.
        settled: All that came is in view.
    """

    place_asked = Signal(str, int)
    settled = Signal()

    def __init__(self, ctx: PluginContext, place: Callable[[str], tuple[str, int] | None]) -> None:
        """Make the view.

        Args:
            place: Returns which place in the code a line of output names.
        """
        super().__init__()
        self._ctx, self._place = ctx, place
        self._waiting = Waiting()
        self._line = 0
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFont(ctx.ui.mono())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setAccessibleName(tr("Output"))
        self.setPlaceholderText(tr("Program output appears here."))
        self.viewport().setMouseTracking(True)
        self._timer = QTimer(self)
        self._timer.setInterval(_FLUSH_MS)
        self._timer.timeout.connect(self._flush)

    def clear_all(self) -> None:
        """Begin afresh."""
        self._waiting.clear()
        self._timer.stop()
        self._line = 0
        self.clear()

    def add(self, text: str, channel: str) -> None:
        """Append output; it is drawn a moment later."""
        if text:
            self._waiting.put(text, channel)
            if not self._timer.isActive():
                self._timer.start()

    @property
    def idle(self) -> bool:
        """Whether all that came is in view."""
        return not self._waiting

    def _flush(self) -> None:
        if not self._waiting:
            self._timer.stop()
            self.settled.emit()
            return
        if self._waiting.dropped:
            self._waiting.dropped = 0
            self._insert(tr("… output truncated …") + "\n", "note")
        self._insert(*self._waiting.take())
        self._trim()

    def _insert(self, text: str, channel: str) -> None:
        bar = self.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - 4
        form = QTextCharFormat()
        ink = {"stderr": "bad", "note": "mute"}.get(channel)
        if ink:  # the rest follows the theme by itself
            form.setForeground(QColor(self._ctx.ui.tokens.colors[ink]))
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(self._broken(text), form)
        if follows:
            bar.setValue(bar.maximum())

    def _broken(self, text: str) -> str:
        """Return text without lines that are too long, counting what stands in the last one."""
        room = _LONGEST_LINE - self._line
        first = text.partition("\n")[0]
        if len(first) > room:
            text = f"{text[:room]}\n{text[room:]}"
        text = _LONG.sub(lambda match: match.group() + "\n", text)
        self._line = len(text) - text.rfind("\n") - 1 if "\n" in text else self._line + len(text)
        return text

    def _trim(self) -> None:
        surplus = self.document().characterCount() - KEPT
        if surplus <= 0:
            return
        cursor = QTextCursor(self.document())
        cursor.setPosition(surplus + KEPT // 20)
        cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock)
        cursor.movePosition(QTextCursor.MoveOperation.Start, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()

    # --- places in the code -------------------------------------------------------------------

    def _place_under(self, event: QMouseEvent) -> tuple[str, int] | None:
        block = self.cursorForPosition(event.position().toPoint()).block()
        return self._place(block.text())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show where a click leads somewhere."""
        super().mouseMoveEvent(event)
        leads = not event.buttons() and self._place_under(event) is not None
        shape = Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.IBeamCursor
        self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Follow a line of a traceback, unless text was selected."""
        super().mouseReleaseEvent(event)
        place = self._place_under(event)
        if place is not None and not self.textCursor().hasSelection():
            self.place_asked.emit(*place)
