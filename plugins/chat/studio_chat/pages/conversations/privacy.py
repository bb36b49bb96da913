"""What a private conversation leaves out: whatever would be written to the library."""

from __future__ import annotations

from studio.api import PluginContext
from studio_chat.pages.phrases import tr
from studio_chat.pages.session import Session


def keeps(ctx: PluginContext, session: Session) -> bool:
    """Return whether things may be kept of a conversation; if not, tell the user so."""
    if session.private is None:
        return True
    words = tr(
        "This is a private conversation: nothing of it is kept, so this is not possible in it."
    )
    ctx.notices.info(words, key="chat.private")
    return False
