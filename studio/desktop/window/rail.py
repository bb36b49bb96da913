"""The left rail: the pages in three groups, with their names or folded to icons.

Where there are more pages than room, an arrow above or below says so and goes there.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
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
from studio.desktop.appearance.appearance import Appearance, line
from studio.desktop.window.page_spec import MAKE, START, STUDIO, WORK, PageSpec

WIDTH, FOLDED = 172, 56
HOME_KEYS = "Alt+Home"
_HEIGHT, _MARGIN, _ARROW = 34, 8, 18
_ICON_AT = (FOLDED - 1 - tokens.RAIL_ICON) // 2
"""The same with and without names."""
_NAME_AT = _ICON_AT + tokens.RAIL_ICON + 12


class RailRow(QAbstractButton):
    """An icon, and its name where the rail has room for it.

    Signals:
        walked: An arrow key wants the focus one up (-1) or down (1).
    """

    walked = Signal(int)

    def __init__(self, look: Appearance, icon: str, title: str, shortcut: str) -> None:
        super().__init__()
        self._look, self.icon_name = look, icon
        self.setProperty("radius", 10)
        self.setProperty("inset", _MARGIN)
        self.setFixedHeight(_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.describe(title, shortcut)
        look.theme.changed.connect(self.update)

    def describe(self, title: str, shortcut: str) -> None:
        """Name the row, for the eye and for a screen reader."""
        self.setText(title)
        self.setAccessibleName(title)
        self.setToolTip(f"{title}  {shortcut}".strip())

    def sizeHint(self) -> QSize:
        return QSize(FOLDED - 1, _HEIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # A button would walk by itself, but not round, and not past the gap.
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step:
            self.walked.emit(step)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._look.theme.color
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(color("raised"))
            pill = QRectF(self.rect()).adjusted(_MARGIN, 0, -_MARGIN, 0)
            painter.drawRoundedRect(pill, 8, 8)
        if self.isChecked():
            painter.setBrush(color("accent"))
            painter.drawRoundedRect(QRectF(-2, 9, 4.5, _HEIGHT - 18), 2, 2)
        ink = "text" if self.underMouse() or self.isChecked() else "mute"
        side, mark = tokens.RAIL_ICON, "accent" if self.isChecked() else ink
        pixmap = self._look.icons.pixmap(self.icon_name, mark, side, self.devicePixelRatioF())
        painter.drawPixmap(_ICON_AT, (_HEIGHT - side) // 2, pixmap)
        if self.width() <= FOLDED:
            return
        painter.setFont(self._look.fonts.body(tokens.BODY, 500 if self.isChecked() else 400))
        painter.setPen(color(ink))
        room = QRect(_NAME_AT, 0, self.width() - _NAME_AT - _MARGIN - 4, _HEIGHT)
        name = painter.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, name)


class RailButton(RailRow):
    """One page of the rail, and the keys that open it; empty for none."""

    def __init__(self, look: Appearance, spec: PageSpec, keys: str) -> None:
        super().__init__(look, spec.icon, spec.title, keys)
        self.spec, self.keys = spec, keys
        self.setCheckable(True)

    def nextCheckState(self) -> None:
        """Stay: the mark moves when the page has really opened, which may take a moment."""


class _Group(QWidget):
    """Some pages below a heading, which is a line where the names are hidden."""

    def __init__(self, look: Appearance, title: str) -> None:
        super().__init__()
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(1)
        self._title, self._line = look.label(title, "section"), QWidget()
        self._title.setContentsMargins(_ICON_AT, 10, 4, 4)
        frame = QVBoxLayout(self._line)
        frame.setContentsMargins(14, 5, 14, 5)
        frame.addWidget(line())
        self._has_title = bool(title)
        self.rows.addWidget(self._title)
        self.rows.addWidget(self._line)

    def fold(self, folded: bool) -> None:
        """Put a line in the place of the heading, or back."""
        self._title.setVisible(self._has_title and not folded)
        self._line.setVisible(self._has_title and folded)


class Rail(QFrame):
    """All pages: the start, what one makes, one's work, the studio. Up and down walk through it.

    Signals:
        chosen: A page's id.
        fold_asked: The user wants the names hidden, or back.
    """

    chosen = Signal(str)
    fold_asked = Signal()

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self._look = look
        self._buttons: list[RailButton] = []
        self._active = ""
        self.is_folded = False
        self.setObjectName("rail")
        self.setAccessibleName(self.tr("Pages"))
        titles = {
            START: "",
            MAKE: self.tr("Make"),
            WORK: self.tr("Your work"),
            STUDIO: self.tr("Studio"),
        }
        self._groups = {id: _Group(look, title) for id, title in titles.items()}
        inside = QWidget()
        upper = QVBoxLayout(inside)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(0)
        upper.addWidget(self._groups[START])
        upper.addWidget(self._groups[MAKE])
        upper.addStretch()
        self._inside, self._area = inside, _scrolling(inside)
        self._above = self._arrow("chevron-up", self.tr("Pages above"), -1)
        self._below = self._arrow("chevron-down", self.tr("More pages"), 1)
        self._folder = RailRow(look, "panel-left-close", "", "")
        self._folder.clicked.connect(self.fold_asked)
        self._folder.walked.connect(lambda step: self._walk(self._folder, step))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 1, 8)
        column.setSpacing(0)
        column.addWidget(self._above)
        column.addWidget(self._area, 1)
        column.addWidget(self._below)
        column.addWidget(self._groups[WORK])
        column.addWidget(self._groups[STUDIO])
        column.addSpacing(1)
        column.addWidget(self._folder)
        bar = self._area.verticalScrollBar()
        bar.rangeChanged.connect(self._show_arrows)
        bar.valueChanged.connect(self._show_arrows)
        self.fold(False)

    def show_pages(self, pages: Sequence[PageSpec]) -> None:
        """Draw the rail anew."""
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        keys = itertools.chain((f"Ctrl+{number}" for number in range(1, 10)), itertools.repeat(""))
        for id, group in self._groups.items():
            rows = [spec for spec in pages if spec.group == id]
            for spec in rows:
                group.rows.addWidget(self._button(spec, HOME_KEYS if id == START else next(keys)))
            group.setVisible(bool(rows))
        for button in self._buttons:
            button.show()  # a layout would only do so when the loop comes round: too late for a key
        self.mark(self._active)

    def mark(self, page: str) -> None:
        """Show which page is open."""
        self._active = page
        for button in self._buttons:
            button.setChecked(button.spec.id == page)

    def buttons(self) -> Sequence[RailButton]:
        """Return the pages from top to bottom."""
        return tuple(self._buttons)

    def stops(self) -> Sequence[RailRow]:
        """Return all that takes the keyboard, from top to bottom."""
        return (*self._buttons, self._folder)

    def fold(self, folded: bool, may_change: bool = True) -> None:
        """Hide the names or show them; ``may_change``: whether there is room for both."""
        self.is_folded = folded
        self.setFixedWidth(FOLDED if folded else WIDTH)
        for group in self._groups.values():
            group.fold(folded)
        self._folder.icon_name = "panel-left-open" if folded else "panel-left-close"
        self._folder.describe(self.tr("Expand") if folded else self.tr("Collapse"), "")
        self._folder.setVisible(may_change)

    def _arrow(self, icon: str, tip: str, way: int) -> QToolButton:
        arrow = self._look.icon_button(icon, tip)
        arrow.setProperty("kind", "tiny")
        arrow.setFixedHeight(_ARROW)
        arrow.setSizePolicy(arrow.sizePolicy().Policy.Expanding, arrow.sizePolicy().Policy.Fixed)
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
        is_long = self._inside.minimumSizeHint().height() > room
        for arrow, more in (
            (self._above, bar.value() > bar.minimum()),
            (self._below, bar.value() < bar.maximum()),
        ):
            arrow.setVisible(is_long)
            arrow.setEnabled(more)

    def _walk(self, start: RailRow, step: int) -> None:
        rows = [row for row in self.stops() if not row.isHidden()]
        wanted = rows[(rows.index(start) + step) % len(rows)]
        wanted.setFocus(Qt.FocusReason.TabFocusReason)
        if self._inside.isAncestorOf(wanted):
            self._area.ensureWidgetVisible(wanted)

    def _button(self, spec: PageSpec, keys: str) -> RailButton:
        button = RailButton(self._look, spec, keys)
        button.clicked.connect(lambda _checked, page=spec.id: self.chosen.emit(page))
        button.walked.connect(lambda step: self._walk(button, step))
        self._buttons.append(button)
        return button


def _scrolling(inside: QWidget) -> QScrollArea:
    """Return room for any number of plugins: it scrolls, without a bar, where they are many."""
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(_HEIGHT)
    return area
