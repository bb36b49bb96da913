"""The runtime half: which tasks there are, and which families of weights can be loaded.

Does none of the work: that is in the modules named here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.api import Kind, Loader, Verdict, hookimpl
from studio_image import picture_arrays
from studio_image.additions import weights as lora_weights
from studio_image.additions.controls import weights as control_weights
from studio_image.additions.inversions import weights as inversion_weights
from studio_image.diffusion import weights as diffusion_weights
from studio_image.probe import weights as probe_weights
from studio_image.restyle import weights as feature_weights
from studio_image.restyle.preview import weights as preview_weights
from studio_image.starter import weights as starter_weights
from studio_image.tasks import edit, enlargement, film, generation, grid, repair, style_transfer
from studio_image.upscale import weights as upscale_weights


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "image.generate": generation.generate,
        "image.enlarge": enlargement.enlarge,
        "image.restyle": style_transfer.restyle,
        "image.grid": grid.grid,
        "image.repair": repair.repair,
        "image.edit": edit.edit,
        "image.film": film.film,
    }


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loaders of the families, the cheapest to ask first."""
    return (
        starter_weights.loader(),
        probe_weights.loader(),
        preview_weights.loader(),
        lora_weights.loader(),
        inversion_weights.loader(),
        control_weights.loader(),
        upscale_weights.loader(),
        feature_weights.loader(),
        diffusion_weights.loader(),
    )


@hookimpl
def studio_checks() -> Mapping[str, Callable[[bytes], Verdict]]:
    """Return how a picture without a verdict is checked."""
    return {Kind.IMAGE: picture_arrays.check_file}
