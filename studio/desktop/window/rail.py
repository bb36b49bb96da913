"""The left rail: one icon a page, the open one marked.

Where there are more pages than room, an arrow above or below says so and goes there.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.desktop.appearance import tokens
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.window.page_spec import PageSpec

WIDTH = 56
_SIDE = 40
_ARROW = 18
_WITHIN = WIDTH - 1
"""The rail without its hairline."""


class RailButton(QAbstractButton):
    """One page of the rail: as wide as the rail, drawn as a square in its middle.

    Signals:
        walked: An arrow key wants the focus one up (-1) or down (1).
    """

    walked = Signal(int)

    def __init__(self, look: Appearance, spec: PageSpec, shortcut: str) -> None:
        super().__init__()
        self._look = look
        self.spec = spec
        self.setCheckable(True)
        self.setFixedSize(_WITHIN, _SIDE)
        self.setProperty("radius", 11)
        self.setProperty("inset", (_WITHIN - _SIDE) // 2)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(spec.title)
        self.setToolTip(f"{spec.title}  {shortcut}".strip())
        look.theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(_WITHIN, _SIDE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # A button would walk by itself, but not round, and not past the gap.
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self.walked.emit(step)
        else:
            super().keyPressEvent(event)

    def nextCheckState(self) -> None:
        """Stay: the mark moves when the page has really opened, which may take a moment."""

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._look.theme.color
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        left = (_WITHIN - _SIDE) / 2
        if self.isChecked() or self.underMouse():
            painter.setBrush(color("raised"))
            painter.drawRoundedRect(QRectF(left, 0, _SIDE, _SIDE), 9, 9)
        if self.isChecked():
            painter.setBrush(color("accent"))
            painter.drawRoundedRect(QRectF(-2, 11, 4.5, _SIDE - 22), 2, 2)
        ink = "accent" if self.isChecked() else "text" if self.underMouse() else "mute"
        side = tokens.RAIL_ICON
        pixmap = self._look.icons.pixmap(self.spec.icon, ink, side, self.devicePixelRatioF())
        painter.drawPixmap((_WITHIN - side) // 2, (_SIDE - side) // 2, pixmap)


class Rail(QFrame):
    """All pages, plugins above and the studio's own below. Up and down walk through it.

    Signals:
        chosen: A page's id.
    """

    chosen = Signal(str)

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self._look = look
        self._buttons: list[RailButton] = []
        self._active = ""
        self.setObjectName("rail")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(self.tr("Pages"))
        self._upper, self._lower = _column(), _column()
        self._upper.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 10)
        column.setSpacing(6)
        self._area = _scrolling(self._upper)
        self._above = self._arrow("chevron-up", self.tr("Pages above"), -1)
        self._below = self._arrow("chevron-down", self.tr("More pages"), 1)
        column.addWidget(self._above)
        column.addWidget(self._area, 1)
        column.addWidget(self._below)
        column.addSpacing(6)
        column.addLayout(self._lower)
        bar = self._area.verticalScrollBar()
        bar.rangeChanged.connect(self._show_arrows)
        bar.valueChanged.connect(self._show_arrows)

    def show_pages(self, pages: Sequence[PageSpec]) -> None:
        """Draw the rail anew."""
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        for spec in [page for page in pages if not page.at_bottom]:
            self._upper.insertWidget(len(self._buttons), self._button(spec))
        for spec in [page for page in pages if page.at_bottom]:
            self._lower.addWidget(self._button(spec))
        for button in self._buttons:
            button.show()  # a layout would only do so when the loop comes round: too late for a key
        self.mark(self._active)

    def mark(self, page: str) -> None:
        """Show which page is open."""
        self._active = page
        for button in self._buttons:
            button.setChecked(button.spec.id == page)

    def buttons(self) -> Sequence[RailButton]:
        """Return the buttons from top to bottom."""
        return tuple(self._buttons)

    def _arrow(self, icon: str, tip: str, way: int) -> QToolButton:
        arrow = self._look.icon_button(icon, tip)
        arrow.setProperty("kind", "tiny")
        arrow.setFixedSize(_WITHIN, _ARROW)
        arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys walk through the pages themselves
        arrow.clicked.connect(lambda: self._scroll(way))
        arrow.hide()
        return arrow

    def _scroll(self, way: int) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + way * bar.pageStep())

    def _show_arrows(self) -> None:
        """Show where more pages are. Both arrows keep their place while there are more at all."""
        bar = self._area.verticalScrollBar()
        room = self._area.height() + sum(
            arrow.height() for arrow in (self._above, self._below) if not arrow.isHidden()
        )
        is_long = self._upper.minimumSize().height() > room
        for arrow, more in (
            (self._above, bar.value() > bar.minimum()),
            (self._below, bar.value() < bar.maximum()),
        ):
            arrow.setVisible(is_long)
            arrow.setEnabled(more)

    def _walk(self, start: RailButton, step: int) -> None:
        wanted = self._buttons[(self._buttons.index(start) + step) % len(self._buttons)]
        wanted.setFocus(Qt.FocusReason.TabFocusReason)
        if not wanted.spec.at_bottom:
            self._area.ensureWidgetVisible(wanted)

    def _button(self, spec: PageSpec) -> RailButton:
        number = len(self._buttons) + 1
        button = RailButton(self._look, spec, f"Ctrl+{number}" if number < 10 else "")
        button.clicked.connect(lambda _checked, page=spec.id: self.chosen.emit(page))
        button.walked.connect(lambda step: self._walk(button, step))
        self._buttons.append(button)
        return button


def _column() -> QVBoxLayout:
    column = QVBoxLayout()
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    return column


def _scrolling(column: QVBoxLayout) -> QScrollArea:
    """Return room for any number of plugins: it scrolls, without a bar, where they are many."""
    inside = QWidget()
    inside.setLayout(column)
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(_SIDE)
    return area
