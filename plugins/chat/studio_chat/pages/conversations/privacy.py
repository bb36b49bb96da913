"""Check private conversations, of which nothing is written to the library."""

from __future__ import annotations

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_chat.pages.conversations.in_memory import PRIVATE


def keeps(ctx: PluginContext, id: str) -> bool:
    """Return whether a conversation may be saved; if not, tell the user so.

    Args:
        id: Of the conversation, or of one of its messages.
    """
    if not id.startswith(PRIVATE):
        return True
    words = tr(
        "This is a private conversation: nothing of it is kept, so this is not possible in it."
    )
    ctx.notices.info(words, key="chat.private")
    return False
