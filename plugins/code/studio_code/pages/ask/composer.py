"""Where the user asks: words, weights, Send."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from studio.api import PluginContext, Role
from studio.api.window.language import tr


class Composer(QFrame):
    """A field with what belongs to it.

    Attributes:
        field: Where the user writes.
        weights: What answers.
        send: Sends, or stops.

    Signals:
        sent: The user wants it done.
        stop_asked: The user wants it ended.
    """

    sent = Signal()
    stop_asked = Signal()

    def __init__(self, ctx: PluginContext, words: str, verb: str, icon: str) -> None:
        super().__init__()
        self._busy = False
        ctx.ui.wear(self, Role.COMPOSER)
        self.field = ctx.kit.prompt_field(words, placeholder=words, lines=(2, 8))
        self.field.on_key(self._on_key)
        self.field.on_return(self.send_words)
        self.weights = ctx.kit.weights_picker(
            "text",
            prefer="code",
            key="weights",
            remark=tr("A code model does this better."),
        )
        self.send = ctx.kit.run_button(verb, icon, keys="")
        ctx.ui.wear(self.send.widget, Role.DENSE)
        self.send.on_press(self._on_send)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.weights.widget, 10)
        row.addStretch(1)
        row.addWidget(self.send.widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(11, 9, 7, 7)  # the ring takes one more
        column.setSpacing(6)
        column.addWidget(self.field.widget)
        column.addLayout(row)

    # --- what is in it ------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Text in the field."""
        return self.field.text

    def set_busy(self, busy: bool) -> None:
        """Offer Stop instead of Send."""
        self._busy = busy
        self.send.show_busy(busy)

    def clear(self) -> None:
        """Empty the field after its text was sent."""
        self.field.widget.clear()

    def send_words(self) -> None:
        """Send the text in the field, unless it is empty or a request is running."""
        if self.text and not self._busy:
            self.sent.emit()

    def _on_send(self) -> None:
        if self._busy:
            self.stop_asked.emit()
        else:
            self.send_words()

    def _on_key(self, event: QKeyEvent) -> bool:
        """Escape stops."""
        if event.key() == Qt.Key.Key_Escape and self._busy:
            self.stop_asked.emit()
            return True
        return False
