"""Notices, bottom right: at most three, staying while hovered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QPoint, QPropertyAnimation, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from studio.api.window.language import tr_filled
from studio.base.notices import Action, Level, Notice
from studio.desktop.appearance.appearance import Appearance

_AT_MOST = 3
_WIDTH = 360
_GAP = 10
_SECONDS = {Level.INFO: 6, Level.WARN: 12, Level.ERROR: 0}
"""How long each stays; 0: until it is closed. One with a button stays twice as long."""
_ICONS = {
    Level.INFO: ("info", "accent"),
    Level.WARN: ("triangle-alert", "warn"),
    Level.ERROR: ("circle-alert", "bad"),
}


class NoticeArea(QObject):
    """Stacks the notices in a corner of ``window``; later ones wait until there is room."""

    def __init__(self, look: Appearance, window: QWidget, copy: Callable[[str], None]) -> None:
        """Draw in ``window``; ``copy`` puts a report on the clipboard."""
        super().__init__(window)
        self._look, self._window, self._copy = look, window, copy
        self._cards: list[NoticeCard] = []
        self._waiting: list[Notice] = []
        self._corner = QPoint()

    def show_notice(self, notice: Notice) -> None:
        """Show it, or queue it behind the three in view."""
        if not isValid(self._window):  # work that ends after the window closed has nobody to tell
            return
        if len(self._cards) >= _AT_MOST:
            self._make_room(notice)
        else:
            self._add(notice)

    def withdraw(self, notice: Notice) -> None:
        """Take back a notice that no longer holds."""
        if not isValid(self._window):  # its cards are gone with it
            return
        self._waiting = [waiting for waiting in self._waiting if waiting.number != notice.number]
        for card in self.cards():
            if card.notice.number == notice.number:
                self._on_closed(card)

    def cards(self) -> tuple[NoticeCard, ...]:
        """Return the notices in view, oldest (highest) first."""
        return tuple(self._cards)

    def place(self, right: int, bottom: int) -> None:
        """Keep the lower right corner at (right, bottom), above a panel that was just raised."""
        self._corner = QPoint(right, bottom)
        for card in self._cards:
            card.raise_()
        self._stack()

    def _make_room(self, notice: Notice) -> None:
        """An error pushes out the oldest notice that is none; anything else waits its turn."""
        lesser = [card for card in self._cards if card.notice.level is not Level.ERROR]
        if notice.level is Level.ERROR and lesser:
            self._remove(lesser[0])
            self._add(notice)
        else:
            self._waiting.append(notice)

    def _add(self, notice: Notice) -> None:
        card = NoticeCard(self._look, self._with_report(notice), self._window)
        card.closed.connect(lambda: self._on_closed(card))
        card.settle()
        self._cards.append(card)
        card.resized.connect(self._stack)
        self._stack()
        card.appear()

    def _on_closed(self, card: NoticeCard) -> None:
        self._remove(card)
        while self._waiting and len(self._cards) < _AT_MOST:
            self._add(self._waiting.pop(0))

    def _remove(self, card: NoticeCard) -> None:
        if card in self._cards:
            self._cards.remove(card)
            card.hide()
            card.deleteLater()
            self._stack()

    def _with_report(self, notice: Notice) -> Notice:
        """Let the details of an error be copied, where it brings no button of its own."""
        if not notice.details or notice.actions:
            return notice
        report = f"{notice.message}\n{notice.hint}\n\n{notice.details}"
        action = Action(self.tr("Copy report"), lambda: self._copy(report))
        return replace(notice, actions=(action,))

    def _stack(self) -> None:
        bottom = self._free_bottom()
        for card in reversed(self._cards):
            bottom -= card.height()
            card.settle_at(QPoint(self._corner.x() - card.width(), bottom))
            bottom -= _GAP

    def _free_bottom(self) -> int:
        """Return where the lowest notice ends: above the button that a page is for, Send or Draw,
        which would lie below them; in the corner where there is no such place.
        """
        bottom, height = self._corner.y(), self._height()
        for button in sorted(self._main_buttons(), key=lambda rect: -rect.bottom()):
            left = self._corner.x() - _WIDTH
            if QRect(left, bottom - height, _WIDTH, height + _GAP).intersects(button):
                bottom = button.top() - _GAP
        return bottom if bottom - height >= _GAP else self._corner.y()

    def _height(self) -> int:
        heights = [card.height() for card in self._cards]
        return sum(heights) + _GAP * max(0, len(heights) - 1)

    def _main_buttons(self) -> list[QRect]:
        if not self._cards:
            return []
        return [
            QRect(button.mapTo(self._window, QPoint(0, 0)), button.size())
            for button in self._window.findChildren(QPushButton)
            if button.isVisible() and button.property("kind") == "primary"
        ]


class NoticeCard(QFrame):
    """One notice.

    Signals:
        closed: By the user, its button, or time.
        resized: It needs more or less room.
    """

    closed = Signal()
    resized = Signal()

    def __init__(self, look: Appearance, notice: Notice, window: QWidget) -> None:
        super().__init__(window)
        self.notice = notice
        self._theme = look.theme
        self.setProperty("surface", "sheet")
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName(f"{tr_filled(notice.message)} {tr_filled(notice.hint)}".strip())
        self._slide = QPropertyAnimation(self, b"pos", self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.closed)
        self._lay_out(look)
        shadow = QGraphicsDropShadowEffect(self)
        shadow.setBlurRadius(28)
        shadow.setOffset(0, 6)
        shadow.setColor(look.theme.color("shadow"))
        self.setGraphicsEffect(shadow)

    def settle(self) -> None:
        """Show it and take the height its words need; only a shown label knows its font."""
        self.show()
        self.raise_()
        self._row.activate()
        self.resize(_WIDTH, self._row.totalHeightForWidth(_WIDTH))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def appear(self) -> None:
        """Slide in and start the clock."""
        self._start_clock()
        milliseconds = self._theme.motion()
        if not milliseconds:
            return
        self._slide.setDuration(milliseconds)
        self._slide.setStartValue(self.pos() + QPoint(24, 0))
        self._slide.setEndValue(self.pos())
        self._slide.start()

    def settle_at(self, spot: QPoint) -> None:
        """Go to ``spot``; a card on its way there just ends its way."""
        self._slide.stop()
        self.move(spot)

    def enterEvent(self, event: object) -> None:
        self._timer.stop()

    def leaveEvent(self, event: object) -> None:
        self._start_clock()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _start_clock(self) -> None:
        seconds = _SECONDS[self.notice.level] * (2 if self.notice.actions else 1)
        if seconds:
            self._timer.start(seconds * 1000)

    def _lay_out(self, look: Appearance) -> None:
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 12, 8, 12)
        layout.setSpacing(10)
        icon = look.icon_label(*_ICONS[self.notice.level])
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addWidget(look.label(tr_filled(self.notice.message), "strong", wrap=True))
        if self.notice.hint:
            column.addWidget(look.label(tr_filled(self.notice.hint), "small", wrap=True))
        if self.notice.actions:
            column.addSpacing(5)
            column.addLayout(self._buttons(look))
        layout.addLayout(column, 1)
        close = look.icon_button("x", self.tr("Dismiss"), size=14)
        close.setProperty("kind", "tiny")
        close.clicked.connect(self.closed)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def _buttons(self, look: Appearance) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        for place, action in enumerate(self.notice.actions):
            button = look.button(tr_filled(action.title), small=True, kind="ghost" if place else "")
            button.clicked.connect(lambda _checked=False, action=action: self._do(action))
            row.addWidget(button)
        row.addStretch()
        return row

    def _do(self, action: Action) -> None:
        self.closed.emit()
        action.run()
