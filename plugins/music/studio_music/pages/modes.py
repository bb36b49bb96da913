"""What the page can do: each mode with its task and the part of its parameters for the panel."""

from __future__ import annotations

from dataclasses import dataclass

from studio.api import Params
from studio_music import schema
from studio_music.pages.phrases import tr

COMPOSE, HARMONISE, BACK = "compose", "harmonise", "back"


@dataclass(frozen=True)
class Mode:
    """One of them.

    Attributes:
        verb: What its button says. ``hint``: what it does with the piece in view.
        only: The parameters of the panel; the page sets the others.
        capability: What its weights must be able to do; empty for none.
    """

    id: str
    title: str
    verb: str
    icon: str
    task: str
    params: type[Params]
    only: tuple[str, ...]
    capability: str = ""
    hint: str = ""


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
            _all_but(schema.Compose, "ask"),
            "tunes",
        ),
        Mode(
            HARMONISE,
            tr("Harmonise"),
            tr("Harmonise"),
            "layers",
            "music.harmonise",
            schema.Harmonise,
            _all_but(schema.Harmonise, "melody"),
            "chorales",
            tr("set for four voices"),
        ),
        Mode(
            BACK,
            tr("Backing"),
            tr("Add a backing"),
            "drum",
            "music.back",
            schema.Back,
            _all_but(schema.Back, "melody"),
            "",
            tr("with chords, bass and drums under it"),
        ),
    )


def _all_but(params: type[Params], *mine: str) -> tuple[str, ...]:
    return tuple(field.name for field in params.fields() if field.name not in mine)
