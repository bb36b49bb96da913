"""The left rail: one icon a page, the open one marked. Opens nothing itself."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QVBoxLayout, QWidget

from studio.desktop import tokens
from studio.desktop.look import Look
from studio.desktop.page_spec import PageSpec

WIDTH = 56
_SIDE = 40


class RailButton(QAbstractButton):
    """One page of the rail."""

    def __init__(self, look: Look, spec: PageSpec, shortcut: str) -> None:
        super().__init__()
        self._look = look
        self.spec = spec
        self.setCheckable(True)
        self.setFixedSize(_SIDE, _SIDE)
        self.setProperty("radius", 11)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(spec.title)
        self.setToolTip(f"{spec.title}  {shortcut}".strip())
        look.theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()  # a button would walk by itself, but not round and past the gap
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(QRectF(self.rect()), 9, 9)
        color = "accent" if self.isChecked() else "text" if self.underMouse() else "mute"
        side = tokens.RAIL_ICON
        pixmap = self._look.icons.pixmap(self.spec.icon, color, side, self.devicePixelRatioF())
        painter.drawPixmap((_SIDE - side) // 2, (_SIDE - side) // 2, pixmap)


class Rail(QFrame):
    """All pages, plugins above and the studio's own below. Up and down walk through it.

    Signals:
        chosen: A page's id.
    """

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._buttons: list[RailButton] = []
        self._active = ""
        self.setObjectName("rail")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(self.tr("Pages"))
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 10, 0, 10)
        self._layout.setSpacing(6)
        look.theme.changed.connect(self.update)

    def show_pages(self, pages: Sequence[PageSpec]) -> None:
        """Draw the rail anew."""
        while self._layout.count():
            item = self._layout.takeAt(0)
            if item.widget():
                item.widget().hide()
                item.widget().deleteLater()
        self._buttons = []
        upper = [page for page in pages if not page.at_bottom]
        lower = [page for page in pages if page.at_bottom]
        for spec in upper:
            self._add(spec)
        self._layout.addStretch()
        for spec in lower:
            self._add(spec)
        self.mark(self._active)

    def mark(self, page: str) -> None:
        """Show which page is open."""
        self._active = page
        for button in self._buttons:
            button.setChecked(button.spec.id == page)
        self.update()

    def buttons(self) -> Sequence[RailButton]:
        """Return the buttons from top to bottom."""
        return tuple(self._buttons)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(event.key(), 0)  # type: ignore[call-overload]
        at = next((i for i, b in enumerate(self._buttons) if b.hasFocus()), None)
        if not step or at is None:
            super().keyPressEvent(event)
            return
        reason = Qt.FocusReason.TabFocusReason
        self._buttons[(at + step) % len(self._buttons)].setFocus(reason)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        for button in self._buttons:
            if button.isChecked():
                self._paint_marker(button)

    def _paint_marker(self, button: QWidget) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.theme.color("accent"))
        painter.drawRoundedRect(QRectF(-2, button.y() + 11, 4.5, _SIDE - 22), 2, 2)

    def _add(self, spec: PageSpec) -> None:
        number = len(self._buttons) + 1
        button = RailButton(self._look, spec, f"Ctrl+{number}" if number < 10 else "")
        button.clicked.connect(lambda _checked, page=spec.id: self._on_clicked(page))
        self._buttons.append(button)
        self._layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        button.show()  # a layout would only do so when the loop comes round: too late for a key

    def _on_clicked(self, page: str) -> None:
        self.mark(self._active)  # the mark moves when the page has really opened
        self.chosen.emit(page)
