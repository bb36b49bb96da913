"""The runtime half: which tasks there are. Does no work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import hookimpl
from studio_chat.tasks import embedding, reply


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {"chat.reply": reply.reply, "chat.embed": embedding.embed}
