"""A message that is too long for the model, as a document that the next one asks about."""

from __future__ import annotations

from typing import Protocol

from studio.api import Kind, NewArtifact, PluginContext, SavedArtifact, WorkQueue
from studio.api.window.language import tr
from studio_chat.pages.composer import Composer
from studio_chat.pages.conversations.privacy import keeps
from studio_chat.pages.session import Session
from studio_chat.pages.thread.turns import Turn, title_of


class Conversing(Protocol):
    """The page, as far as it is known here."""

    composer: Composer
    session: Session
    work_queue: WorkQueue


def attach(ctx: PluginContext, page: Conversing, reply: Turn) -> None:
    """Put the message that ``reply`` failed to answer into the library, and attach it."""
    session, turns = page.session, page.session.turns
    message = next((turn for turn in turns if turn.id == reply.parent), None)
    if message is None or session.busy or not keeps(ctx, session.id):
        return
    text = message.content

    def save() -> SavedArtifact:
        title = title_of(text)
        return ctx.library.add(NewArtifact(Kind.TEXT, text.encode(), ".txt", title, text=text))

    def show(saved: SavedArtifact) -> None:
        if page.session is session:
            page.composer.attachments.add([str(saved.path)])
            session.delete(message)
            page.composer.field.setFocus()
            words = tr("Your message is attached as a document. Ask something about it.")
            ctx.notices.info(words, key="chat.attached")

    page.work_queue.do(save, show)
