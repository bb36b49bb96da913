"""What the page can do: each mode with its task and the part of its parameters for the panel."""

from __future__ import annotations

from dataclasses import dataclass

from studio.api import Params
from studio_image import schema
from studio_image.pages.phrases import tr

DRAW, RESTYLE, ENLARGE = "draw", "restyle", "enlarge"


@dataclass(frozen=True)
class Mode:
    """One of them.

    Attributes:
        verb: What its button says.
        only: The parameters of the panel; the page sets the others.
        capability: What its weights must be able to do.
    """

    id: str
    title: str
    verb: str
    icon: str
    task: str
    params: type[Params]
    only: tuple[str, ...]
    capability: str


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    return (
        Mode(
            DRAW,
            tr("Draw"),
            tr("Draw"),
            "brush",
            "image.generate",
            schema.Generate,
            _all_but(schema.Generate, "prompt", "style"),
            "text-to-image",
        ),
        Mode(
            RESTYLE,
            tr("Restyle"),
            tr("Restyle"),
            "palette",
            "image.restyle",
            schema.Restyle,
            _all_but(schema.Restyle, "image", "styles", "mix"),
            "features",
        ),
        Mode(
            ENLARGE,
            tr("Enlarge"),
            tr("Enlarge"),
            "maximize",
            "image.enlarge",
            schema.Enlarge,
            _all_but(schema.Enlarge, "image"),
            "upscale",
        ),
    )


def _all_but(params: type[Params], *mine: str) -> tuple[str, ...]:
    return tuple(field.name for field in params.fields() if field.name not in mine)
