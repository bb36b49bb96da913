"""Modes of the page, with their tasks and the required capabilities of weights."""

from __future__ import annotations

from studio.api import Mode
from studio.api.window.language import tr
from studio_image import schema

DRAW, RESTYLE, ENLARGE, REPAIR, EDIT = "draw", "restyle", "enlarge", "repair", "edit"
GRID, FILM = "grid", "film"
WITH_WORDS = (DRAW, GRID, FILM)
"""Modes that begin with a prompt, or several."""


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    draw, restyle, enlarge = tr("Draw"), tr("Restyle"), tr("Enlarge")
    grid, film = tr("Grid"), tr("Film")
    return (
        Mode(
            DRAW,
            draw,
            draw,
            "brush",
            "image.generate",
            schema.Generate,
            own=(
                "prompt",
                "style",
                "loras",
                "lora_strengths",
                "inversions",
                "regions",
                "region_image",
            ),
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
        Mode(
            EDIT,
            tr("Edit"),
            tr("Edit"),
            "sliders-horizontal",
            "image.edit",
            schema.Edit,
            own=("image",),
        ),
        Mode(
            REPAIR,
            tr("Repair"),
            tr("Repair"),
            "eraser",
            "image.repair",
            schema.Repair,
            own=("image", "mask"),
        ),
        Mode(
            GRID,
            grid,
            tr("Compare"),
            "grid-3x3",
            "image.grid",
            schema.Grid,
            own=("prompts", "settings", "image"),
            capability="text-to-image",
            hint=tr("What is not on an axis is as set under Draw, Restyle or Enlarge."),
        ),
        Mode(
            FILM,
            film,
            tr("Animate"),
            "film",
            "image.film",
            schema.Film,
            own=("prompts", "style"),
            capability="text-to-image",
            hint=tr("Each line is a prompt: the film goes from one to the next."),
        ),
    )
