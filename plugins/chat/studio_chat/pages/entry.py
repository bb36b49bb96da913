"""The page of the chat as the window takes it: with its panel and its commands."""

from __future__ import annotations

from studio.api import Page, PluginContext
from studio_chat.pages.commands import page_actions
from studio_chat.pages.page import ChatPage


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = ChatPage(ctx)
    return Page(
        page,
        panel=page.parameters.widget,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.accept,
        actions=page_actions(page),
        focus=page.composer.field.setFocus,
        reuse=page.reuse,
        run=page.composer.send,
    )
