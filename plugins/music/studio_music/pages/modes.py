"""Modes of the page, each with its task and the abilities its weights need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import Mode
from studio.api.window.language import tr
from studio_music import schema

COMPOSE, HARMONISE, BACK, LAYERS = "compose", "harmonise", "back", "layers"


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    return (
        Mode(
            COMPOSE,
            tr("Compose"),
            tr("Compose"),
            "sparkles",
            "music.compose",
            schema.Compose,
            own=("prompt", "arc", "curve"),
            capability="tunes",
        ),
        Mode(
            HARMONISE,
            tr("Harmonise"),
            tr("Harmonise"),
            "layers",
            "music.harmonise",
            schema.Harmonise,
            own=("score",),
            capability="chorales",
            hint=tr("arranged for four voices"),
        ),
        Mode(
            BACK,
            tr("Backing"),
            tr("Add a backing"),
            "drum",
            "music.back",
            schema.Back,
            own=("score",),
            hint=tr("with chords, bass and drums"),
        ),
        Mode(
            LAYERS,
            tr("Layers"),
            tr("Make layers"),
            "square-stack",
            "music.layers",
            schema.Layers,
            own=("score",),
            hint=tr("as loops that a game mixes"),
        ),
    )


def words_of(params: Mapping[str, Any]) -> str:
    """Return the request in words; results of earlier versions store them under other names."""
    names = ("prompt", "ask", "describe")
    return next((str(params[name]) for name in names if params.get(name)), "")
