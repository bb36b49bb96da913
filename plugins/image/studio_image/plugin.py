"""The window half: hands the shell its page when it is first opened.

Imports no page before that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studio.api import Page, PluginContext, hookimpl


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Return the page of this plugin."""

    def build() -> Page:
        from studio_image.pages.picture_page import build as build_page

        return build_page(ctx)

    return {"image.page": build}
