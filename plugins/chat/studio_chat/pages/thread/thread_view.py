"""The thread: turns from top to bottom, of which only those near the eye are widgets.

Sends nothing.
"""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio_chat.pages.session import Session
from studio_chat.pages.thread.message_card import MessageCard
from studio_chat.pages.thread.turns import Turn

LIVE = 60
"""About how many turns are widgets; a long thread would be slow otherwise (research: from 160 on).
"""
SLACK = 12
"""So many more may live before those far from the eye are let go."""
FIRST = 8
"""At most so many turns are made at once when a conversation is opened; the others follow when
idle.
"""
_OPEN_SECONDS, _FILL_SECONDS = 0.03, 0.006
"""How long turns may be made in one go: at opening, and while the window is idle."""
COLUMN = 760
_MARGIN = 28
_FILL_MS = 8
"""Between two such whiles: layouts and the user come first."""
_TICK_MS = 500
"""How often the speed of a reply is shown anew."""
_NEAR = 600
"""Pixels from an end of what is live at which more is made."""
_BOTTOM = 24
"""Pixels from the bottom that still count as being there."""


class ThreadView(QScrollArea):
    """Shows the turns of one session.

    Signals:
        action_asked: A turn, and the widget at which to ask what to do with its text.
        attach_asked: The reply to a message that is to become a document.
    """

    action_asked = Signal(object, QWidget)
    attach_asked = Signal(object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._session: Session | None = None
        self.cards: list[MessageCard] = []
        self._first = 0
        """Index of the first live turn."""
        self._stick = True
        self._held: tuple[MessageCard, int] | None = None
        """A card and where its top is in the viewport: stays there when things above it grow."""
        self._moving = False
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("Conversation"))
        self._content = QWidget()
        self._outer = outer = QHBoxLayout(self._content)
        outer.setContentsMargins(_MARGIN, 8, _MARGIN, 12)
        column = QWidget()
        column.setMaximumWidth(COLUMN)
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        outer.addStretch(1)
        outer.addWidget(column, 1000)
        outer.addStretch(1)
        self.setWidget(self._content)
        self._content.installEventFilter(self)
        self.verticalScrollBar().valueChanged.connect(self._on_scroll)
        self.verticalScrollBar().rangeChanged.connect(self._align)
        self._filler = QTimer(self)
        self._filler.setSingleShot(True)
        self._filler.setInterval(_FILL_MS)
        self._filler.timeout.connect(self._fill)
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self.show_reply)
        self._down = ctx.ui.button("", "arrow-down", tip=self.tr("Jump to latest (Ctrl+End)"))
        self._down.setParent(self)
        self._down.setFixedSize(QSize(36, 32))
        self._down.clicked.connect(self.to_bottom)
        self._down.hide()

    # --- what it shows ------------------------------------------------------------------------

    def set_session(self, session: Session) -> None:
        """Show another conversation, at its end."""
        self._session = session
        self._clear()
        self._stick = True
        self.show_turns()

    def show_turns(self, *, to_end: bool = False) -> None:
        """Show the branch that is in view now; turns that stay keep their widgets."""
        if self._session is None:
            return
        turns = self._session.turns
        same = self._same(turns)
        if to_end or not same:
            self._stick = True
        while len(self.cards) > same:
            self._drop(len(self.cards) - 1)
        for number, card in enumerate(self.cards):
            if card.turn != turns[self._first + number]:
                card.set_turn(turns[self._first + number])
        if to_end and self._first + len(self.cards) < len(turns) - FIRST:
            self._clear()
        if self.cards:
            for turn in turns[self._first + len(self.cards) :]:
                self._add(len(self.cards), turn)
        else:
            self._open_at_end(turns)
        self._mark_last()
        self.show_reply()
        self._filler.start()
        self._settle()

    def show_turn(self, turn: Turn) -> None:
        """Show the newest state of one turn."""
        card = self._card(turn.id)
        if card is not None:
            card.set_turn(turn)

    def show_reply(self) -> None:
        """Show how far the reply is."""
        reply = self._session.reply if self._session is not None else None
        for card in self.cards:
            writing = reply is not None and reply.turn and card.turn.id == reply.turn
            card.set_reply(reply if writing else None)
            card.set_busy(reply is not None)
        if reply is None:
            self._ticker.stop()
        elif not self._ticker.isActive():
            self._ticker.start()

    def add_text(self, turn: str, text: str) -> None:
        """Add text to the reply that is being written."""
        card = self._card(turn)
        if card is not None:
            card.append(text)

    # --- moving about -------------------------------------------------------------------------

    def to_bottom(self) -> None:
        """Go to the newest message and stay there."""
        self._stick = True
        self.show_turns(to_end=True)
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def scroll_pages(self, pages: float) -> None:
        """Scroll by a share of the height: for the keyboard."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + round(pages * self.viewport().height()))

    def to_top(self) -> None:
        """Go to the first message."""
        if self._session is not None and self._session.turns:
            self.to_message(self._session.turns[0].id)

    def to_message(self, message: str) -> bool:
        """Go to a message; return whether it is in the branch in view."""
        turns = self._session.turns if self._session is not None else []
        place = next((n for n, turn in enumerate(turns) if turn.id == message), None)
        if place is None:
            return False
        self._clear()
        self._stick, self._first = False, place
        for turn in turns[place : place + FIRST]:
            self._add(len(self.cards), turn)
        self._mark_last()
        self.show_reply()
        self._settle()
        self.verticalScrollBar().setValue(0)
        self._filler.start()
        return True

    def last_card(self, *, mine: bool) -> MessageCard | None:
        """Return the newest live card of mine, or of the model."""
        return next((card for card in reversed(self.cards) if card.turn.mine is mine), None)

    @property
    def edited(self) -> str:
        """Unsent edits of user messages."""
        return "\n\n".join(filter(None, (card.edited for card in self.cards)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hold the visible text in place when the content changes its height."""
        held = self._held[0] if self._held is not None else None
        grown = watched is self._content and event.type() == QEvent.Type.Resize
        if grown or (watched is held and event.type() == QEvent.Type.Move):
            self._settle()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button in its place."""
        super().resizeEvent(event)
        spot = QPoint((self.width() - self._down.width()) // 2, self.height() - 44)
        self._down.move(spot)
        self._settle()

    def _align(self, _low: int, high: int) -> None:
        """Keep the column where it is when the scroll bar comes and goes: the composer is below."""
        bar = self.verticalScrollBar().sizeHint().width() if high > 0 else 0
        self._outer.setContentsMargins(_MARGIN, 8, _MARGIN - bar, 12)
        # The content tells of its new height before the bar knows of it: only now is there an end.
        self._settle()

    def _on_scroll(self, value: int) -> None:
        if self._moving:
            return
        bar = self.verticalScrollBar()
        self._stick = self._at_end and value >= bar.maximum() - _BOTTOM
        self._down.setVisible(not self._stick and bool(self.cards))
        self._hold()
        near_end = value > bar.maximum() - _NEAR and not self._at_end
        if (value < _NEAR and self._first > 0) or near_end:
            self._filler.start()

    def _hold(self) -> None:
        """Remember the first card in view and where it is."""
        old = self._held[0] if self._held is not None else None
        top = self.verticalScrollBar().value()
        self._held = None
        for card in self.cards:
            y = self._top(card)
            if y + card.height() > top:
                self._held = card, y - top
                break
        new = self._held[0] if self._held is not None else None
        if new is not old:
            if old is not None:
                old.removeEventFilter(self)
            if new is not None:
                new.installEventFilter(self)

    def _settle(self) -> None:
        """Scroll to where the eye was, after a change of heights."""
        self._moving = True
        bar = self.verticalScrollBar()
        if self._stick:
            bar.setValue(bar.maximum())
        elif self._held is not None:
            bar.setValue(self._top(self._held[0]) - self._held[1])
        self._moving = False
        self._down.setVisible(not self._stick and bool(self.cards))
        if self._down.isVisible():
            self._down.raise_()

    def _top(self, card: MessageCard) -> int:
        return card.mapTo(self._content, QPoint(0, 0)).y()

    @property
    def at_start(self) -> bool:
        """Whether the first turn is a widget."""
        return self._first == 0

    @property
    def _at_end(self) -> bool:
        turns = len(self._session.turns) if self._session is not None else 0
        return self._first + len(self.cards) >= turns

    # --- which turns are widgets --------------------------------------------------------------

    def _open_at_end(self, turns: list[Turn]) -> None:
        """Make the last turns, as many as a short while allows."""
        self._first, end = len(turns), time.perf_counter() + _OPEN_SECONDS
        while self._first > max(0, len(turns) - FIRST) and (
            len(self.cards) < 2 or time.perf_counter() < end
        ):
            self._first -= 1
            self._add(0, turns[self._first])

    def _fill(self) -> None:
        """Make more widgets around the viewport, a few at a time; release distant ones."""
        if self._session is None or not self.cards:
            return
        bar, turns = self.verticalScrollBar(), self._session.turns
        if not self._stick:
            self._hold()
        end = time.perf_counter() + _FILL_SECONDS
        count = 0
        while count == 0 or time.perf_counter() < end:
            after = self._first + len(self.cards)
            if bar.value() > bar.maximum() - _NEAR and after < len(turns):
                self._add(len(self.cards), turns[after])
            elif self._first > 0 and (bar.value() < _NEAR or len(self.cards) < LIVE):
                self._first -= 1
                self._add(0, turns[self._first])
            else:
                break
            count += 1
        if count:
            self._let_go()
            self._mark_last()
            self.show_reply()
            self._filler.start()

    def _let_go(self) -> None:
        """Drop widgets at the end that is farther from the eye."""
        bar = self.verticalScrollBar()
        while len(self.cards) > LIVE + SLACK:
            if bar.value() > bar.maximum() / 2:
                self._drop(0)
                self._first += 1
            else:
                self._drop(len(self.cards) - 1)

    def _same(self, turns: list[Turn]) -> int:
        """Return how many live cards still match the turns in view; a saved message keeps its
        card.
        """
        same = 0
        for card, turn in zip(self.cards, turns[self._first :], strict=False):
            saved = not card.turn.id and card.turn.content == turn.content and turn.mine
            if card.turn.id != turn.id and not saved:
                break
            same += 1
        return same

    def _add(self, place: int, turn: Turn) -> None:
        assert self._session is not None
        card = MessageCard(self._ctx, turn, self._session)
        card.action_asked.connect(self.action_asked)
        card.attach_asked.connect(self.attach_asked)
        self.cards.insert(place, card)
        self._column.insertWidget(place, card)
        card.show()

    def _drop(self, place: int) -> None:
        card = self.cards.pop(place)
        if self._held is not None and self._held[0] is card:
            self._held = None
        focus = QApplication.focusWidget()
        if focus is not None and (focus is card or card.isAncestorOf(focus)):
            self.setFocus()  # else Qt hands it to the next card and scrolls there
        self._column.removeWidget(card)
        card.hide()
        card.deleteLater()

    def _clear(self) -> None:
        while self.cards:
            self._drop(len(self.cards) - 1)
        self._held = None

    def _mark_last(self) -> None:
        for number, card in enumerate(self.cards):
            card.set_last(self._at_end and number == len(self.cards) - 1)

    def _card(self, turn: str) -> MessageCard | None:
        return next((card for card in reversed(self.cards) if card.turn.id == turn), None)
