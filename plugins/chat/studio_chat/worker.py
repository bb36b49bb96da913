"""The runtime half: which tasks there are. Does no work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.api import Loader, hookimpl
from studio_chat.reading import weights as reading_weights
from studio_chat.tasks import draft, embedding, recognition, reply, rewrite, summarise


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "chat.reply": reply.reply,
        "chat.embed": embedding.embed,
from studio.api import Loader, hookimpl
from studio_chat.reading import weights as reading_weights
from studio_chat.tasks import draft, embedding, recognition, reply, rewrite, summarise
