"""The user's choice of SoundFont for playback in the window and for exports from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.api import PluginContext

CAPABILITY = "soundfont"
_SETTING = "soundfont"


def fonts(ctx: PluginContext) -> Sequence[tuple[str, str]]:
    """Return (id, title) of the user's SoundFonts, best first."""
    return ctx.weights.for_capability(CAPABILITY)


def chosen(ctx: PluginContext) -> str:
    """Return the id of the one that plays; empty where the user has none."""
    ids = [id for id, _title in fonts(ctx)]
    setting = str(ctx.settings.get(_SETTING, "") or "")
    return setting if setting in ids else next(iter(ids), "")


def choose(ctx: PluginContext, id: str) -> None:
    """Have another one play from the next start on."""
    ctx.settings.set(_SETTING, id)


def file(ctx: PluginContext) -> Path | None:
    """Return the file of the one that plays; None where the user has none."""
    id = chosen(ctx)
    return ctx.weights.path(id) if id else None
