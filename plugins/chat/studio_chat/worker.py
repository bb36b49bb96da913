"""The runtime half: which tasks there are. Does no work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import hookimpl
from studio_chat.tasks import draft, embedding, reply, rewrite, summarise


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "chat.reply": reply.reply,
        "chat.embed": embedding.embed,
        "chat.summarise": summarise.summarise,
        "chat.rewrite": rewrite.rewrite,
        "chat.draft": draft.draft,
    }
