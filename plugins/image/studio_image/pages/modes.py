"""What the page can do: each mode with its task and what its weights must be able to do."""

from __future__ import annotations

from studio.api import Mode
from studio_image import schema
from studio_image.pages.phrases import tr

DRAW, RESTYLE, ENLARGE = "draw", "restyle", "enlarge"


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    draw, restyle, enlarge = tr("Draw"), tr("Restyle"), tr("Enlarge")
    return (
        Mode(
            DRAW,
            draw,
            draw,
            "brush",
            "image.generate",
            schema.Generate,
            own=("prompt", "style"),
            capability="text-to-image",
        ),
        Mode(
            RESTYLE,
            restyle,
            restyle,
            "palette",
            "image.restyle",
            schema.Restyle,
            own=("image", "styles", "mix"),
            capability="features",
        ),
        Mode(
            ENLARGE,
            enlarge,
            enlarge,
            "maximize",
            "image.enlarge",
            schema.Enlarge,
            own=("image",),
            capability="upscale",
        ),
    )
