"""Where the user asks: words, weights, Send. Starts nothing itself."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from studio.api import PluginContext
from studio_code.pages.ask.weights_button import WeightsButton
from studio_code.pages.phrases import tr

_MIN_LINES, _MAX_LINES = 2, 8


class Composer(QFrame):
    """A field with what belongs to it.

    Signals:
        sent: The user wants it done.
        stop_asked: The user wants it ended.
    """

    sent = Signal()
    stop_asked = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._busy = False
        self.setProperty("surface", "composer")
        self.field = QPlainTextEdit()
        self.field.setProperty("plain", "true")
        self.field.setTabChangesFocus(True)
        words = tr("Ask about the open files, or say what to change…")
        self.field.setPlaceholderText(words)
        self.field.setAccessibleName(words)
        self.field.installEventFilter(self)
        self.field.document().documentLayout().documentSizeChanged.connect(lambda _s: self._fit())
        self.weights = WeightsButton(ctx)
        self.send = ctx.ui.button(tr("Send"), "send", primary=True)
        self.send.setProperty("density", "small")
        self.send.clicked.connect(self._on_send)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.weights, 10)
        row.addStretch(1)
        row.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(11, 9, 7, 7)  # the ring takes one more
        column.setSpacing(6)
        column.addWidget(self.field)
        column.addLayout(row)
        self._fit()

    # --- what is in it ------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What the user wrote."""
        return self.field.toPlainText().strip()

    def set_busy(self, busy: bool) -> None:
        """Offer Stop instead of Send."""
        self._busy = busy
        self.send.setText(tr("Stop") if busy else tr("Send"))
        self.send.setAccessibleName(self.send.text())
        self.send.setIcon(self._ctx.ui.icon("circle-stop" if busy else "send", "on-accent"))

    def clear(self) -> None:
        """Empty the field: what was in it is on its way."""
        self.field.clear()

    def _on_send(self) -> None:
        if self._busy:
            self.stop_asked.emit()
        elif self.text:
            self.sent.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter sends, Shift+Enter is a new line, Escape stops."""
        is_press = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        return watched is self.field and is_press and self._on_key(event)

    def _on_key(self, event: QKeyEvent) -> bool:
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not shift:
            if not self._busy:
                self._on_send()
            return True
        if event.key() == Qt.Key.Key_Escape and self._busy:
            self.stop_asked.emit()
            return True
        return False

    def _fit(self) -> None:
        lines = max(_MIN_LINES, min(_MAX_LINES, ceil(self.field.document().size().height())))
        margin = 2 * ceil(self.field.document().documentMargin())
        self.field.setFixedHeight(lines * self.field.fontMetrics().lineSpacing() + margin + 2)
