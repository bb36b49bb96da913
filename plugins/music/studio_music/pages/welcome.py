"""The welcome screen, while there is no piece: how to begin, with one click."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_music.pages.modes import COMPOSE


def welcome(ctx: PluginContext, mode: str, do: Mapping[str, Callable[..., None]]) -> QWidget:
    """Return how a mode begins.

    Args:
        do: ``compose(words)``, ``open()``, ``hum()``, ``write()``.
    """
    ways = [
        ("folder-open", tr("Open a score or a recording"), do["open"]),
        ("mic", tr("Hum it"), do["hum"]),
        ("pencil", tr("Write it note by note"), do["write"]),
    ]
    if mode != COMPOSE:
        return ctx.ui.empty_state(
            "layers",
            tr("No melody yet"),
            tr("Open, write or compose one, then come back here."),
            ways,
        )
    examples = [
        ("sparkles", words, partial(do["compose"], prompt))
        for words, prompt in (
            (tr("A calm tune in D minor"), tr("calm tune in D minor, 90 bpm, 16 bars")),
            (tr("A lively jig in G"), tr("lively jig in G major, 6/8, 32 bars")),
        )
    ]
    return ctx.ui.empty_state(
        "music",
        tr("Compose something"),
        tr(
            "Describe it above in a few words: mood, key, tempo, bars. Then listen, edit "
            "notes, add voices. Everything is made on this machine."
        ),
        examples + ways,
    )


def no_weights(
    ctx: PluginContext, open_file: Callable[[], None], write: Callable[[], None]
) -> QWidget:
    """Return instructions for a studio without weights that write tunes."""
    return ctx.ui.empty_state(
        "boxes",
        tr("No model for composing yet"),
        tr(
            "Open Models on the left to add one. You can still open scores, edit them, "
            "add a backing and export them."
        ),
        [
            ("folder-open", tr("Open a score or a recording"), open_file),
            ("pencil", tr("Write it note by note"), write),
        ],
    )
