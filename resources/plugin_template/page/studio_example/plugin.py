"""The half in the window: which pages there are. It runs where torch is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from studio.api import Page, PluginContext, hookimpl


@hookimpl
def studio_pages(ctx: PluginContext) -> Mapping[str, Callable[[], Page]]:
    """Page id → function that builds it; called when the page is first opened."""
    from studio_example import page  # here, so that Qt is imported no sooner

    return {"example.page": lambda: page.build(ctx)}
