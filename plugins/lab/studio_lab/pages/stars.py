"""What stars in Chat say: which of several replies to the same message is better."""

from __future__ import annotations

from studio.api import Conversations

STARRED = "starred"
"""Entry of a message that Chat keeps for a reply with a star."""
_MOST = 2_000


def starred_replies(store: Conversations) -> list[tuple[str, str, str]]:
    """Return (message, better reply, worse reply) of the branches in view. Takes a while.

    Of the versions of a reply those with a star are better than those without.
    """
    pairs = list[tuple[str, str, str]]()
    for conversation in store.list(limit=_MOST):
        question = ""
        for message in store.thread(conversation.id):
            if message.role == "user":
                question = message.content.strip()
            versions = store.siblings(message.id).ids if message.role == "assistant" else ()
            if not question or len(versions) < 2:
                continue
            replies = [store.message(id) for id in versions]
            better, worse = (
                [r.content.strip() for r in replies if bool(r.extra.get(STARRED)) is wanted]
                for wanted in (True, False)
            )
            pairs += [(question, a, b) for a in better for b in worse if a and b and a != b]
    return pairs
