"""The window half: hands the shell its page when it is first opened.

Imports no page before that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from studio.api import Page, PluginContext, hookimpl
from studio_chat.schema import ChatSettings


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the page of this plugin."""

    def build() -> Page:
        from studio_chat.pages.entry import build as build_page

        return build_page(ctx)

    return {"chat.page": build}


@hookimpl
def studio_settings() -> type[Any]:
    """Return the section of Settings."""
    return ChatSettings
