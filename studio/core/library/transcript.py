"""A conversation as a text of its own: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from studio.core.library.rows import Conversation, Message

SUFFIXES = (".md", ".json")
_WHO = {"user": "You", "assistant": "Assistant", "system": "System prompt", "tool": "Tool"}


def transcript(conversation: Conversation, thread: Sequence[Message], suffix: str) -> str:
    """Return the shown branch of a conversation; JSON for ``.json``, else Markdown."""
    write = _json if suffix.lower() == ".json" else _markdown
    return write(conversation, thread)


def _markdown(conversation: Conversation, thread: Sequence[Message]) -> str:
    turns = [("system", conversation.system)] if conversation.system.strip() else []
    turns += [(message.role, message.content) for message in thread]
    parts = [f"## {_WHO.get(role, role)}\n\n{content.strip()}\n" for role, content in turns]
    return "\n".join([f"# {conversation.title or 'Conversation'}\n", *parts])


def _json(conversation: Conversation, thread: Sequence[Message]) -> str:
    told = {
        "title": conversation.title,
        "system": conversation.system,
        "settings": conversation.settings,
        "messages": [
            {
                "role": message.role,
                "content": message.content,
                "created": message.created,
                "weights": message.extra.get("weights", ""),
            }
            for message in thread
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
