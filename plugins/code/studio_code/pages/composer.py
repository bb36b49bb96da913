"""Where the user asks or describes: mode, words, weights, quick actions. Starts nothing itself."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
)

from studio.api import PluginContext
from studio_code.pages.weights_button import WeightsButton
from studio_code.pages.wording import tr

_MIN_LINES, _MAX_LINES = 2, 8
MODES = ("ask", "write")


class Composer(QFrame):
    """A field with what belongs to it.

    Signals:
        sent: The user wants it done.
        stop_asked: The user wants it ended.
        mode_changed: ``ask`` or ``write``.
    """

    sent = Signal()
    stop_asked = Signal()
    mode_changed = Signal(str)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.mode = "ask"
        self._busy = False
        self.setProperty("surface", "card")
        self.field = QPlainTextEdit()
        self.field.setProperty("plain", "true")
        self.field.setTabChangesFocus(True)
        self.field.installEventFilter(self)
        self.field.document().documentLayout().documentSizeChanged.connect(lambda _s: self._fit())
        self.file = QLineEdit()
        self.file.setAccessibleName(tr("File for the new code"))
        self.file.setPlaceholderText(tr("Into: a new file"))
        self.file.hide()
        self.weights = WeightsButton(ctx)
        self.send = ctx.ui.button(tr("Send"), "send", primary=True)
        self.send.setProperty("density", "small")
        self.send.clicked.connect(self._on_send)
        self._modes = {
            "ask": self._mode_button(tr("Ask"), "message-square", tr("Ask about the open files")),
            "write": self._mode_button(
                tr("Write"), "wand-sparkles", tr("Describe code; it is written, run and tested")
            ),
        }
        self._lay_out()
        self.set_mode("ask")

    def _mode_button(self, title: str, icon: str, tip: str) -> QToolButton:
        button = self._ctx.ui.icon_button(icon, tip)
        button.setText(title)
        button.setAccessibleName(title)
        button.setIconSize(QSize(20, 16))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setCheckable(True)
        return button

    def _lay_out(self) -> None:
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(2)
        for mode, button in self._modes.items():
            group.addButton(button)
            button.toggled.connect(lambda on, mode=mode: self._on_mode(mode) if on else None)
            row.addWidget(button)
        row.addSpacing(4)
        row.addWidget(self.weights, 1)
        row.addSpacing(4)
        row.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.field)
        column.addWidget(self.file)
        column.addLayout(row)

    # --- what is in it ------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What the user wrote."""
        return self.field.toPlainText().strip()

    def set_mode(self, mode: str) -> None:
        """Switch between asking and writing."""
        self._modes[mode if mode in MODES else "ask"].setChecked(True)

    def set_busy(self, busy: bool) -> None:
        """Offer Stop instead of Send."""
        self._busy = busy
        self.send.setText(tr("Stop") if busy else tr("Send"))
        self.send.setAccessibleName(self.send.text())
        self.send.setIcon(self._ctx.ui.icon("square" if busy else "send", "on-accent"))

    def clear(self) -> None:
        """Empty the field: what was in it is on its way."""
        self.field.clear()

    def _on_mode(self, mode: str) -> None:
        self.mode = mode
        words = {
            "ask": tr("Ask about the open files, or say what to change…"),
            "write": tr("Describe what the code should do; examples become tests…"),
        }[mode]
        self.field.setPlaceholderText(words)
        self.field.setAccessibleName(words)
        self.file.setVisible(mode == "write")
        self.mode_changed.emit(mode)

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
