"""A message as a result of the library, to be sent to other pages."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from studio.api import Kind, NewArtifact, PluginContext, SavedArtifact, StudioError, outcome
from studio.api.window.language import tr
from studio_chat.pages.conversations.privacy import keeps
from studio_chat.pages.thread.turns import Turn, title_of


def send_message(ctx: PluginContext, turn: Turn, at: QWidget) -> None:
    """Save a message as a result whose family tree leads back to it, and ask where it goes.

    Args:
        at: The menu opens below it.
    """
    if not turn.id or not keeps(ctx, turn.id):  # it is being saved itself, or never is
        return
    text, library = turn.content, ctx.library
    new = NewArtifact(Kind.TEXT, text.encode(), ".md", title_of(text), text)

    def saved(artifact: SavedArtifact | StudioError) -> None:
        if isinstance(artifact, StudioError):
            ctx.notices.error(artifact, key="chat.send")
            return
        ctx.notices.info(tr("The message is in the library as a result."), key="chat.send")
        if isValid(at):
            menu = ctx.ui.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            for page, send in ctx.send_to(artifact):
                menu.addAction(tr("Send to {page}").format(page=page), send)
            menu.popup(at.mapToGlobal(at.rect().bottomLeft()))

    ctx.run_later(lambda: outcome(lambda: library.add(new, [turn.id])), saved)
