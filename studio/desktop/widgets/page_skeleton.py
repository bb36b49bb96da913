"""What stands where the first page will be: its outline, and a field that already takes text."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QInputMethodEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studio.desktop.appearance.appearance import Appearance

_FIELD_WIDTH, _FIELD_HEIGHT = 760, 76
_MARGIN = 28
_LINES = ((0.30, 14), (0.62, 10), (0.55, 10), (0.40, 10))
"""Width, as a share of the column, and height in pixels of each line of the outline."""
_GAP = 16


class PageSkeleton(QWidget):
    """Seen for the moment between the first frame and the first page."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self._look = look
        self._field = _EarlyField()
        self._field.setAccessibleName(self.tr("Page is loading"))
        self._field.setFixedHeight(_FIELD_HEIGHT)
        self._field.setMaximumWidth(_FIELD_WIDTH)
        # Tab passes it by: it is gone before anybody would come back.
        self._field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocusProxy(self._field)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._field, 1000)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.addStretch()
        column.addLayout(row)

    def hand_over(self, widget: QWidget | None) -> None:
        """Replay typed input into ``widget`` if it accepts text, including a final Return."""
        text, was_sent = self._field.toPlainText(), self._field.was_sent
        self._field.clear()
        takes_text = Qt.WidgetAttribute.WA_InputMethodEnabled
        if not text or widget is None or not widget.testAttribute(takes_text):
            return
        typed = QInputMethodEvent()
        typed.setCommitString(text)
        QCoreApplication.sendEvent(widget, typed)
        if was_sent:
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
                key = QKeyEvent(kind, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r")
                QCoreApplication.postEvent(widget.window().focusWidget() or widget, key)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._look.theme.color("line")))
        width = min(_FIELD_WIDTH, self.width() - 2 * _MARGIN)
        left, top = (self.width() - width) / 2, float(_MARGIN)
        for share, height in _LINES:
            painter.drawRoundedRect(QRectF(left, top, share * width, height), 5, 5)
            top += height + _GAP


class _EarlyField(QPlainTextEdit):
    """Return keeps the text for the page's field, which sends it."""

    def __init__(self) -> None:
        super().__init__()
        self.was_sent = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_return and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.was_sent = bool(self.toPlainText().strip())
            return
        self.was_sent = False
        super().keyPressEvent(event)
