"""The runtime half: which tasks there are, and which families of weights can be loaded.

Does none of the work: that is in the modules named here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from studio.api import Event, Kind, Loader, TaskContext, Verdict, hookimpl
from studio_image import diffusion, drawing, picture_arrays, restyle, starter_weights, upscale
from studio_image.restyle import task as restyling
from studio_image.schema import Generate


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "image.generate": generate,
        "image.enlarge": upscale.enlarge,
        "image.restyle": restyling.restyle,
    }


@hookimpl
def studio_loaders() -> Sequence[Loader]:
    """Return the loaders of the four families, the cheapest to ask first."""
    return (starter_weights.loader(), upscale.loader(), restyle.loader(), diffusion.loader())


@hookimpl
def studio_checks() -> Mapping[str, Callable[[bytes], Verdict]]:
    """Return how a picture without a verdict is checked."""
    return {Kind.IMAGE: picture_arrays.check_file}


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Draw with the starter weights, or with diffusion weights: whichever the file is."""
    is_starter = starter_weights.read_metadata(ctx.weights_path(params.weights)) is not None
    return (drawing if is_starter else diffusion).generate(ctx, params)
