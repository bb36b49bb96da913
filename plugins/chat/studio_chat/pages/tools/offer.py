"""The tools that a conversation may use, and a tool by its name. Knows no widget."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from studio.api import PluginContext, StudioError
from studio.api.window.tools import Approval, Tool
from studio_chat.pages.open_conversation import OpenConversation
from studio_chat.tools import own


def offered(
    ctx: PluginContext, session: OpenConversation, documents: Mapping[str, Path]
) -> list[Tool]:
    """Return the tools that are allowed: the chat's own, and all others."""

    def allowed(tool: Tool) -> bool:
        approval = ctx.tools.approval(tool, session.id)
        return tool.group not in session.tools.without and approval is not Approval.NEVER

    others = [tool for tool in ctx.tools.all() if allowed(tool)]
    can_run = any(tool.name == "code_run" for tool in others)
    mine = own.offered(documents, can_run=can_run)
    return [*(tool for tool in mine if allowed(tool)), *others]


def tool_of(ctx: PluginContext, name: str) -> Tool | None:
    """Return a tool; None for one that is gone."""
    if name in own.BY_NAME:
        return own.BY_NAME[name]
    try:
        return ctx.tools.get(name)
    except StudioError:
        return None
