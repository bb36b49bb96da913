"""The page of music as the window takes it: with its panel and its commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.api import Page, PluginContext
from studio_music.pages.commands import page_actions
from studio_music.pages.page import MusicPage


def build(ctx: PluginContext, make_player: Callable[[], Any] | None = None) -> Page:
    """Return the page; ``make_player`` makes another player than the usual, for a test."""
    page = MusicPage(ctx, make_player)
    return Page(
        page,
        panel=page.prompt_box.modes.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.imports.accept,
        reuse=page.set_recipe,
        actions=page_actions(page),
        focus=page.focus,
    )
