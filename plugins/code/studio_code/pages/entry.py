"""The page of code as the window takes it: with its panel and its commands."""

from __future__ import annotations

from functools import partial

from studio.api import Page, PluginContext
from studio_code.pages.commands import page_actions
from studio_code.pages.page import CodePage
from studio_code.pages.reuse import reuse


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = CodePage(ctx)
    return Page(
        page,
        panel=page.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.arriving.accept,
        actions=page_actions(page),
        focus=page.focus,
        reuse=partial(reuse, page),
    )
