"""What the page can do: each mode with its task and what its weights must be able to do."""

from __future__ import annotations

from studio.api import Mode
from studio_music import schema
from studio_music.pages.phrases import tr

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
            own=("ask", "arc", "curve"),
            capability="tunes",
        ),
        Mode(
            HARMONISE,
            tr("Harmonise"),
            tr("Harmonise"),
            "layers",
            "music.harmonise",
            schema.Harmonise,
            own=("melody",),
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
            own=("melody",),
            hint=tr("with chords, bass and drums"),
        ),
        Mode(
            LAYERS,
            tr("Layers"),
            tr("Make layers"),
            "square-stack",
            "music.layers",
            schema.Layers,
            own=("melody",),
            hint=tr("as loops that a game mixes"),
        ),
    )
