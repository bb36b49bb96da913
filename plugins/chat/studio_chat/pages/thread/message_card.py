"""One turn of a thread: mine as a bubble, a reply as a card, each with its bar of actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio_chat.pages.phrases import attached, figures, reply_name
from studio_chat.pages.thread.card_bar import BAR_HEIGHT, CardBar
from studio_chat.pages.thread.card_status import CardStatus
from studio_chat.pages.thread.picture_row import PictureRow
from studio_chat.pages.thread.sent_message import send_message
from studio_chat.pages.thread.sources import Sources
from studio_chat.pages.thread.turns import SENDING, Deeds, Reply, Turn
from studio_chat.pages.tools.call_list import CallList

MAX_LINES = 16
Choice = tuple[str, str, Callable[[str], None]]
"""Words, tip, what it does with the text; the first is primary and is what Ctrl+Enter does."""

_BUBBLE_SHARE = 0.82
_FIRST_SHOWN, _MOST_SHOWN = 6_000, 200_000
"""Characters of what a person wrote: more is slow to lay out and seldom read."""


class MessageCard(QWidget):
    """A turn in view.

    Signals:
        action_asked: The turn, and the widget at which to ask what to do with its text.
        attach_asked: The reply to a message that is to become a document.
    """

    action_asked = Signal(object, QWidget)
    attach_asked = Signal(object)

    def __init__(self, ctx: PluginContext, turn: Turn, deeds: Deeds) -> None:
        super().__init__()
        self.ctx, self.turn, self.deeds = ctx, turn, deeds
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumWidth(1)  # else the widest thing in it decides how narrow the page may be
        self._bar: CardBar | None = None
        self._editor: EditBox | None = None
        self._last = self._inside = self._busy = False
        self._reply: Reply | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.body = MyBody(ctx, self) if turn.mine else ReplyBody(ctx, self)
        self._column.addWidget(self.body)
        self._foot = QWidget()
        self._foot.setFixedHeight(BAR_HEIGHT)
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._foot)
        self.set_turn(turn)

    # --- what it shows ------------------------------------------------------------------------

    def set_turn(self, turn: Turn) -> None:
        """Show the newest state of the turn."""
        self.turn = turn
        self.body.set_turn(turn)
        who = self.tr("You") if turn.mine else reply_name(self.ctx, turn)
        self.setAccessibleName(f"{who}: {turn.content[:200]}")
        if self._bar is not None:
            self._bar.set_turn(turn)
        self._show_bar()

    def set_reply(self, reply: Reply | None) -> None:
        """Show how far the reply is that is being written here; None when it is over."""
        if reply is None and self._reply is None:
            return
        self._reply = reply
        if isinstance(self.body, ReplyBody):
            self.body.set_reply(reply)
        if self._bar is not None:
            self._bar.set_writing(reply is not None)

    def set_busy(self, busy: bool) -> None:
        """While a reply is being written, no other can be asked for."""
        if busy != self._busy:
            self._busy = busy
            if self._bar is not None:
                self._bar.set_busy(busy)
            self.body.refresh(self.turn)

    @property
    def is_last(self) -> bool:
        """Whether nothing follows it."""
        return self._last

    def append(self, text: str) -> None:
        """Add text that has just been written."""
        if isinstance(self.body, ReplyBody):
            self.body.view.append(text)

    def set_last(self, last: bool) -> None:
        """Keep the bar in view on the last turn."""
        if last != self._last:
            self._last = last
            if self._bar is not None:
                self._bar.set_last(last)
            self._show_bar()
            self.body.refresh(self.turn)

    # --- editing ------------------------------------------------------------------------------

    def edit(self) -> None:
        """Put an editor over the text."""
        if self._editor is not None or self.turn.state == SENDING:
            return
        turn = self.turn
        sends = turn.mine and self.ctx.settings.get("send_with_ctrl", False) is not True
        self._editor = EditBox(
            self.ctx, turn.content, self._edit_note(), self._edit_choices(), self._leave, sends
        )
        self.body.hide()
        if self._bar is not None:
            self._bar.hide()
        self._column.insertWidget(0, self._editor)
        self._editor.field.setFocus()

    @property
    def edited(self) -> str:
        """Unsent edits of a user message; empty for none."""
        text = self._editor.field.toPlainText() if self._editor and self.turn.mine else ""
        return text if text.strip() != self.turn.content.strip() else ""

    def _edit_note(self) -> str:
        if self.turn.mine:
            return self.tr("The earlier version is kept; use the arrows.")
        return self.tr("Your version is kept beside the model's.")

    def _edit_choices(self) -> list[Choice]:
        turn, deeds = self.turn, self.deeds
        if turn.mine:
            return [(self.tr("Send"), self.tr("Send as a new branch"), self._resend)]

        def keep(text: str, go_on: bool = False) -> None:
            if not deeds.busy:  # else the editor stays, with what was written in it
                self._leave()
                deeds.edit_answer(turn, text, go_on=go_on)

        def write_on(text: str) -> None:
            keep(text, go_on=True)

        return [
            (self.tr("Keep"), self.tr("Keep this version (Ctrl+Enter)"), keep),
            (self.tr("Keep and continue"), self.tr("Let the model continue from here"), write_on),
        ]

    def _resend(self, text: str) -> None:
        if not self.deeds.busy:
            self._leave()
            self.deeds.edit(self.turn, text)

    def _leave(self) -> None:
        if self._editor is not None:
            self._editor.hide()
            self._column.removeWidget(self._editor)
            self._editor.deleteLater()
            self._editor = None
            self.body.show()
            self._show_bar()

    # --- the bar ------------------------------------------------------------------------------

    def enterEvent(self, event: QEnterEvent) -> None:
        """Bring the bar into view."""
        self._inside = True
        self._show_bar()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the bar away."""
        self._inside = False
        self._show_bar()
        super().leaveEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Bring the bar into view for the keyboard."""
        self._show_bar()
        super().focusInEvent(event)

    def _show_bar(self) -> None:
        wanted = (
            self.turn.state != SENDING
            and self._editor is None
            and (
                self._last
                or self._inside
                or self.hasFocus()
                or len(self.turn.versions) > 1
                or (self._bar is not None and self._bar.has_focus())
            )
        )
        if wanted and self._bar is None:
            send = partial(send_message, self.ctx)
            self._bar = CardBar(
                self.ctx.ui, self.turn, self.deeds, self.edit, send, self.action_asked.emit
            )
            self._bar.set_last(self._last)
            self._bar.set_busy(self._busy)
            self._bar.set_writing(self._reply is not None)
            row = self._foot.layout()
            assert isinstance(row, QHBoxLayout)
            if self.turn.mine:
                row.addStretch(1)
            row.addWidget(self._bar)
            if not self.turn.mine:
                row.addStretch(1)
        if self._bar is not None:
            quiet = not (self._last or self._inside or self.hasFocus() or self._bar.has_focus())
            self._bar.set_quiet(quiet)
            self._bar.setVisible(wanted)


class MyBody(QWidget):
    """The bubble at the right."""

    def __init__(self, ctx: PluginContext, card: MessageCard) -> None:
        super().__init__(card)
        self.setMinimumWidth(1)
        self._ctx = ctx
        self._view = ctx.ui.plain_view()
        self._shown = _FIRST_SHOWN
        self._text = ""
        self._more = ctx.ui.button("")
        ctx.ui.wear(self._more, Role.LINK)
        self._more.clicked.connect(self._show_more)
        self._more.hide()
        self._pictures = PictureRow(ctx)
        self._note, self._documents = QLabel(), QLabel()
        for label in (self._note, self._documents):
            ctx.ui.wear(label, Role.SMALL)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.hide()
        self._documents.setWordWrap(True)
        inner = QVBoxLayout()
        inner.setSpacing(6)
        inner.addWidget(self._pictures, 0, Qt.AlignmentFlag.AlignRight)
        inner.addWidget(self._view.widget)
        inner.addWidget(self._more)
        inner.addWidget(self._documents)
        inner.addWidget(self._note)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 16, 7)  # lines have their leading below them
        row.addStretch(1)
        row.addLayout(inner)

    def set_turn(self, turn: Turn) -> None:
        """Show the text of the turn."""
        self._text = turn.content
        self._draw()
        self._documents.setText(attached(turn))
        self._documents.setToolTip("\n".join((*turn.documents, *turn.pictures)))
        self._documents.setVisible(bool(turn.attached))
        self._pictures.show_pictures(turn.pictures)
        self._note.setText(self.tr("Saving…"))
        self._note.setVisible(turn.state == SENDING)

    def refresh(self, turn: Turn) -> None:
        """Nothing of a bubble depends on what goes on around it."""

    def _draw(self) -> None:
        self._view.set_text(self._text[: self._shown])
        hidden = len(self._text) - self._shown
        self._more.setVisible(hidden > 0)
        if hidden > 0:
            words = self.tr("Show more: {count} characters are hidden")
            self._more.setText(words.format(count=f"{hidden:,}"))
            self._more.setEnabled(self._shown < _MOST_SHOWN)

    def _show_more(self) -> None:
        self._shown = min(_MOST_SHOWN, self._shown * 8)
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap to the new width."""
        self._view.set_limit(int(self.width() * _BUBBLE_SHARE) - 32)
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bubble behind the text."""
        left = self._view.widget.x() - 16
        box = QRectF(left, 0, self.width() - left, self.height()).adjusted(0.5, 0.5, -0.5, -0.5)
        self._ctx.ui.paint_box(self, event.rect(), box, 14, "raised", "line")


class ReplyBody(QWidget):
    """The card of a reply: who wrote it and how fast, the text, and how it stands."""

    def __init__(self, ctx: PluginContext, card: MessageCard) -> None:
        super().__init__(card)
        self.setMinimumWidth(1)
        self._ctx, self._card = ctx, card
        self._reply: Reply | None = None
        self._icon = QLabel()
        self._name, self._figures = QLabel(), QLabel()
        ctx.ui.wear(self._name, Role.STRONG)
        ctx.ui.wear(self._figures, Role.SMALL)
        for label in (self._name, self._figures):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._figures.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._name)
        head.addWidget(self._figures, 1)
        self.view = ctx.ui.prose_view()
        self.status = CardStatus(ctx, card.deeds, lambda: card.is_last, card.attach_asked.emit)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 13, 18, 9)
        column.setSpacing(8)
        column.addLayout(head)
        self.calls = CallList(ctx, card.deeds)
        column.addWidget(self.calls)
        column.addWidget(self.view.widget)
        self.sources = Sources(ctx, lambda turn: card.deeds.answer_anyway(turn))
        column.addWidget(self.status)
        column.addWidget(self.sources)

    def set_turn(self, turn: Turn) -> None:
        """Show text and state of the turn."""
        self._icon.setPixmap(self._ctx.ui.icon("sparkles", "accent").pixmap(QSize(16, 16)))
        self._name.setText(reply_name(self._ctx, turn))
        writing = self._reply is not None
        if not writing and turn.content != self.view.text:
            self.view.set_text(turn.content)
        self.refresh(turn)

    def set_reply(self, reply: Reply | None) -> None:
        """Show how far the reply is."""
        if reply is not None and self._reply is None and self.view.text != reply.text:
            self.view.set_text(reply.text)
        if reply is None and self._reply is not None:
            self.view.finish()
        self._reply = reply
        self.refresh(self._card.turn)

    def refresh(self, turn: Turn) -> None:
        """Show anew how the reply stands."""
        self._figures.setText(figures(turn, self._reply))
        self.status.show_state(turn, self._reply)
        self.calls.show_run(turn, self._reply)
        failed = self._reply is not None or turn.error is not None
        self.sources.show_turn(None if failed else turn)
        self.view.widget.setVisible(bool(self.view.text))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card behind."""
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        self._ctx.ui.paint_box(self, event.rect(), box, 12, "panel", "line")


class EditBox(QWidget):
    """An editor over a message; Escape leaves everything as it was.

    With ``sends`` Enter takes the first choice and Shift+Enter begins a line; else Ctrl+Enter does.
    """

    def __init__(
        self,
        ctx: PluginContext,
        text: str,
        note: str,
        choices: Sequence[Choice],
        leave: Callable[[], None],
        sends: bool,
    ) -> None:
        super().__init__()
        self._choices, self._leave, self._sends = choices, leave, sends
        name = self.tr("Text of the message")
        prompt = ctx.kit.prompt_field(name, lines=(1, MAX_LINES), boxed=True)
        prompt.on_key(self._on_key)
        self.field = prompt.widget
        self.field.setPlainText(text)
        words = ctx.ui.label(note, Role.SMALL, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(words, 1)
        cancel = ctx.ui.button(self.tr("Cancel"), tip=self.tr("Cancel (Esc)"))
        cancel.clicked.connect(leave)
        row.addWidget(cancel)
        for place, (label, tip, _run) in reversed(list(enumerate(choices))):
            button = ctx.ui.button(label, primary=place == 0, tip=tip)
            button.clicked.connect(lambda _=False, n=place: self._choose(n))
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addLayout(row)
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)

    def _choose(self, place: int) -> None:
        text = self.field.toPlainText()
        if text.strip():
            self._choices[place][2](text)

    def _on_key(self, event: QKeyEvent) -> bool:
        """Take the key that sends; return whether this was it."""
        held = event.modifiers()
        ctrl = bool(held & Qt.KeyboardModifier.ControlModifier)
        plain = self._sends and not held & Qt.KeyboardModifier.ShiftModifier
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (ctrl or plain)
        if enter:
            self._choose(0)
        return enter

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        elif not self._on_key(event):
            super().keyPressEvent(event)
