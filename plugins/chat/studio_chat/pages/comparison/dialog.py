"""The window in which answers are compared: two to four columns, written one after another."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, StudioError
from studio.api.window.language import tr
from studio_chat.pages.comparison.column import Column
from studio_chat.pages.open_conversation import Listener
from studio_chat.pages.phrases import doing
from studio_chat.pages.prompts.saved import Shelf
from studio_chat.pages.session import Session
from studio_chat.pages.thread.turns import Turn

LEAST, MOST = 2, 4
_SIZE = QSize(1040, 680)
_STYLES = ("precise", "creative", "balanced", "balanced")


class ComparisonDialog(QDialog):
    """Listens to the session in the place of the page while it is open, and tells the page all.

    Answers of the same model follow one another, so that it is loaded once; each is a version of
    the reply to the same message, and stays one.
    """

    def __init__(
        self,
        ctx: PluginContext,
        shelf: Shelf,
        session: Session,
        page: Listener,
        request: tuple[str, Sequence[str]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ctx, self._shelf, self._session, self._page = ctx, shelf, session, page
        self._text, self._documents = request
        self._waiting: list[Column] = []
        self._now: Column | None = None
        self.setWindowTitle(tr("Compare answers"))
        self.resize(_SIZE.boundedTo(parent.size()).expandedTo(QSize(640, 460)))
        question = self._text or next((t.content for t in reversed(session.turns) if t.mine), "")
        self._message = ctx.ui.elided_label(" ".join(question[:400].split()), Role.MUTE)
        self._note = ctx.ui.label("", Role.SMALL, wrap=True)
        self.columns: list[Column] = []
        self._row = QHBoxLayout()
        self._row.setSpacing(12)
        self._lay_out()
        for _ in range(LEAST):
            self.add_column()
        session.listener = self

    def _lay_out(self) -> None:
        ui = self._ctx.ui
        self._more = ui.button(tr("Add a column"), "plus")
        self._more.clicked.connect(lambda: self.add_column())
        self._less = ui.button(tr("Remove last column"), "minus")
        self._less.clicked.connect(lambda: self.remove_column())
        self.go = ui.button(tr("Compare"), "columns-2", primary=True)
        self.go.clicked.connect(lambda: self.start())
        self._stop = ui.button(tr("Stop"), "circle-stop")
        self._stop.clicked.connect(lambda: self.stop())
        close = ui.button(tr("Close"))
        close.clicked.connect(self.accept)
        for button in (self._more, self._less, self._stop, close):
            button.setAutoDefault(False)
        foot = QHBoxLayout()
        foot.addWidget(self._more)
        foot.addWidget(self._less)
        foot.addWidget(self._note, 1)
        foot.addWidget(close)
        foot.addWidget(self._stop)
        foot.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(ui.label(tr("Compare answers"), Role.HEADING))
        column.addWidget(self._message.widget)
        column.addLayout(self._row, 1)
        column.addLayout(foot)

    # --- columns ------------------------------------------------------------------------------

    def add_column(self) -> None:
        """Compare one more."""
        style = _STYLES[len(self.columns)]
        column = Column(self._ctx, self._shelf, self._session.answering(), style)
        column.chosen.connect(self.choose)
        column.picker.on_choose(lambda _id: self._show())
        self.columns.append(column)
        self._row.addWidget(column, 1)
        self._show()

    def remove_column(self) -> None:
        """Compare one less."""
        column = self.columns.pop()
        self._row.removeWidget(column)
        column.deleteLater()
        self._show()

    def _show(self) -> None:
        busy = self._now is not None
        self._more.setEnabled(not busy and len(self.columns) < MOST)
        self._less.setEnabled(not busy and len(self.columns) > LEAST)
        self.go.setVisible(not busy)
        self._stop.setVisible(busy)
        models = {column.picker.weights for column in self.columns}
        self.go.setEnabled("" not in models)
        self._note.setText(
            tr("One model, loaded once; the answers are written one after another.")
            if len(models) == 1
            else tr("If they don't all fit in memory, models are loaded one at a time.")
        )

    # --- running ------------------------------------------------------------------------------

    def start(self) -> None:
        """Have all answers written; those of one model without another in between."""
        if self._session.busy:
            return
        first = {column.picker.weights: n for n, column in reversed([*enumerate(self.columns)])}
        self._waiting = sorted(self.columns, key=lambda column: first[column.picker.weights])
        for column in self.columns:
            column.begin(tr("Waiting"))
        self._next()

    def stop(self) -> None:
        """End the answer that is written; the others are not begun."""
        self._waiting.clear()
        self._session.stop()

    def _next(self) -> None:
        if not self._waiting:
            self._now = None
            for column in self.columns:
                column.lock(False)
                if not column.turn:
                    column.say("")
            self._show()
            return
        self._now = self._waiting.pop(0)
        self._show()
        reply = self._now.reply(self._session.settings)
        if self._text:  # it was not sent yet
            text, self._text = self._text, ""
            self._session.send(text, self._documents, reply)
        else:
            self._session.answer_beside(reply)

    def choose(self, turn: str) -> None:
        """Go on with one of the answers."""
        self._session.choose(turn)
        for column in self.columns:
            column.mark(column.turn == turn)

    def done(self, result: int) -> None:
        """Return the session to the page, where a running reply continues."""
        self._waiting.clear()
        if self._session.listener is self:
            self._session.listener = self._page
        super().done(result)

    # --- what the session tells ---------------------------------------------------------------

    def turns_changed(self) -> None:
        """Another branch is in view."""
        self._page.turns_changed()

    def turn_changed(self, turn: Turn) -> None:
        """An answer may be whole."""
        self._page.turn_changed(turn)
        for column in self.columns:
            if column.turn == turn.id:
                column.end(turn)

    def text_added(self, turn: str, text: str) -> None:
        """Show new text in its column."""
        self._page.text_added(turn, text)
        if self._now is not None and self._session.reply is not None:
            self._now.turn = turn
            self._now.add(text)

    def reply_changed(self) -> None:
        """The answer began, moved on, or is over."""
        self._page.reply_changed()
        reply = self._session.reply
        if self._now is None:
            return
        if reply is None:
            self._next()
        else:
            self._now.turn = reply.turn or self._now.turn
            self._now.say("" if reply.pieces else doing(self._ctx, reply))

    def conversation_changed(self) -> None:
        """Its title may be another."""
        self._page.conversation_changed()

    def sent(self, conversation: str, text: str) -> None:
        """The message is safe."""
        self._page.sent(conversation, text)

    def not_sent(self, text: str, error: StudioError) -> None:
        """Have the page report a message that could not be saved."""
        self._waiting.clear()
        self._page.not_sent(text, error)
        self.accept()
