"""The window half: the page of the lab. Imports nothing of it before its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studio.api import Page, PluginContext, hookimpl


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the page of this plugin."""

    def build() -> Page:
        from studio_lab.pages.page import build as build_page

        return build_page(ctx)

    return {"lab.page": build}
