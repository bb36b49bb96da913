"""The empty state of the page: how to begin, or how to add weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_image.pages.modes import DRAW, EDIT, FILM, GRID, REPAIR, RESTYLE


def welcome(ctx: PluginContext, mode: str, do: Mapping[str, Callable[..., None]]) -> QWidget:
    """Return how a mode begins.

    Args:
        do: ``draw(prompt, style)``, ``pick()`` and ``paste()``.
    """
    if mode == DRAW:
        examples = (
            ("a frog", "3d", tr("A frog, in 3-D")),
            ("an hourglass", "flat", tr("An hourglass, flat")),
            ("an owl", "colour", tr("An owl, in colour")),
            ("a dog face", "noto", tr("A dog's face, rounded")),
        )
        return ctx.ui.empty_state(
            "image",
            tr("What should it look like?"),
            tr("Describe it in a few words and choose a style. Pictures are made on this machine."),
            [
                ("sparkles", words, partial(do["draw"], prompt, style))
                for prompt, style, words in examples
            ],
        )
    if mode == GRID:
        return ctx.ui.empty_state(
            "grid-3x3",
            tr("Compare settings"),
            tr(
                "Write a prompt below and an axis on the right, such as guidance=3,5,7; or several "
                "prompts, one per line. A text file of prompts can be dropped here."
            ),
            [],
        )
    if mode == FILM:
        return ctx.ui.empty_state(
            "film",
            tr("Let one picture become another"),
            tr("Write two prompts or more, one per line, or add pictures from their menu."),
            [],
        )
    ways = [
        ("folder-open", tr("Choose a picture"), do["pick"]),
        ("clipboard", tr("Paste"), do["paste"]),
    ]
    icon, title, words = _of_a_picture(mode)
    return ctx.ui.empty_state(icon, title, words, ways)


def _of_a_picture(mode: str) -> tuple[str, str, str]:
    """Say with icon, title and sentence how a mode begins that works on a picture."""
    if mode == RESTYLE:
        words = tr("Drop a picture here, choose one or more styles below, and watch it change.")
        return "palette", tr("Restyle a picture"), words
    if mode == EDIT:
        words = tr("Drop a picture here to rotate, crop and adjust it. The original stays.")
        return "sliders-horizontal", tr("Edit a picture"), words
    if mode == REPAIR:
        words = tr("Drop a picture here and paint over the area to replace.")
        return "eraser", tr("Repair a picture"), words
    words = tr(
        "Drop a picture here to enlarge it two or four times, or to clean it up at "
        "its original size."
    )
    return "maximize", tr("Make a small picture large"), words


def no_weights(ctx: PluginContext, mode: str) -> QWidget:
    """Return how to add the weights that a mode needs."""
    pictures = tr("a diffusion model as a folder or one safetensors file")
    what = {
        DRAW: pictures,
        GRID: pictures,
        FILM: pictures,
        RESTYLE: tr("VGG features for restyling"),
    }.get(mode, tr("an upscaling model such as Real-ESRGAN"))
    return ctx.ui.empty_state(
        "boxes",
        tr("No model for this yet"),
        tr(
            "Open Models on the left, press Open folder, and put {what} there. Then "
            "press Rescan; nothing is downloaded."
        ).format(what=what),
    )
