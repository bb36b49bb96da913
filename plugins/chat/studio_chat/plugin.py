"""The window half: hands the shell its pages when they are first opened.

Imports none before that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from studio.api import Page, PluginContext, hookimpl
from studio_chat.schema import ChatSettings


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the pages of this plugin."""

    def chat() -> Page:
        from studio_chat.pages.entry import build

        return build(ctx)

    def study() -> Page:
        from studio_chat.pages.study.page import build

        return build(ctx)

    return {"chat.page": chat, "chat.study": study}


@hookimpl
def studio_settings() -> type[Any]:
    """Return the section of Settings."""
    return ChatSettings
