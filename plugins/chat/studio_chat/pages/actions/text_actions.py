"""Leads from a message or the composer over the menu to the panel, and back with the text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_chat.pages.actions.menu import action_menu
from studio_chat.pages.actions.panel import ActionPanel, Source
from studio_chat.pages.composer import Composer
from studio_chat.pages.conversations.privacy import keeps
from studio_chat.pages.session import Session
from studio_chat.pages.thread.thread_view import ThreadView
from studio_chat.pages.thread.turns import Turn


class TextActions(QObject):
    """Offers actions on a text, and has the panel run the chosen one.

    Signals:
        study_asked: Text to make a lesson from.
    """

    study_asked = Signal()

    def __init__(
        self,
        ctx: PluginContext,
        panel: ActionPanel,
        thread: ThreadView,
        composer: Composer,
        session: Callable[[], Session],
    ) -> None:
        """``session`` returns the conversation in view."""
        super().__init__(panel)
        self._ctx, self._panel, self._composer, self._session = ctx, panel, composer, session
        panel.inserted.connect(self._insert)
        thread.action_asked.connect(self.of_message)
        composer.actions_asked.connect(self.of_draft)

    def of_message(self, turn: Turn, at: QWidget) -> None:
        """Offer actions on a message; replacing a reply leaves the old one beside it."""
        session = self._session()
        text = session.shown_text(turn)
        if not text.strip() or not keeps(self._ctx, session.id):
            return

        def replace(new: str) -> None:
            session.edit_answer(turn, new, go_on=False)

        source = Source(text, (turn.id,) if turn.id else (), None if turn.mine else replace)
        self._ask(source, at, at.rect().bottomLeft())

    def of_draft(self, at: QWidget) -> None:
        """Offer actions on the draft, or ideas for an empty one."""
        if keeps(self._ctx, self._session().id):
            self._ask(Source(self._composer.text, (), self._replace), at, QPoint(0, 0), draft=True)

    def _ask(self, source: Source, at: QWidget, place: QPoint, *, draft: bool = False) -> None:
        weights = self._session().answering()
        if source.text.strip():
            menu = action_menu(
                self._ctx.ui, lambda action: self._panel.begin(action, source, weights)
            )
        else:
            menu = self._ctx.ui.menu()
        if draft:
            icon = self._ctx.ui.icon("square-pen")
            menu.addAction(icon, tr("Draft a text…"), lambda: self._panel.draft(source, weights))
            book = self._ctx.ui.icon("book-open")
            menu.addAction(book, tr("Study a topic or a text…"), self.study_asked)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        above = QPoint(0, menu.sizeHint().height()) if draft else QPoint(0, 0)
        menu.popup(at.mapToGlobal(place) - above)

    def _replace(self, text: str) -> None:
        """Replace the draft; undo works as for typed text."""
        if self._composer.has_block:
            self._composer.set_text(text)
            return
        cursor = self._composer.field.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self._composer.field.setFocus()

    def _insert(self, text: str) -> None:
        field = self._composer.field
        cursor = field.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(f"\n\n{text}" if field.toPlainText().strip() else text)
        field.setTextCursor(cursor)
        field.setFocus()
