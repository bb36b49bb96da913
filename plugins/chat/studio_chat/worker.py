"""The runtime half: which tasks there are, and which weights can be loaded. Does no work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from studio.api import Loader, hookimpl
from studio_chat.reading import weights as reading_weights
from studio_chat.tasks import (
    draft,
    embedding,
    lesson,
    recognition,
    relevance,
    reply,
    rewrite,
    summarise,
)


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "chat.reply": reply.reply,
        "chat.embed": embedding.embed,
        "chat.rank": relevance.rank,
        "chat.recognise": recognition.recognise,
        "chat.summarise": summarise.summarise,
        "chat.rewrite": rewrite.rewrite,
        "chat.draft": draft.draft,
        "chat.lesson": lesson.lesson,
        "chat.mark": lesson.mark,
    }


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loaders of the families that this plugin has."""
    return (reading_weights.loader(),)
