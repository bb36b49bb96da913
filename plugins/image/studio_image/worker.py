"""The runtime half: which tasks there are, and which families of weights can be loaded.

Does none of the work: that is in the modules named here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studio.api import Event, Kind, TaskContext, Verdict, hookimpl
from studio_image import drawing, pictures, starter_weights
from studio_image.schema import Generate


def _part(name: str, member: str) -> Any:
    """TEMPORARY while the parts are written side by side."""
    module = f"studio_image.{name}"
    if importlib.util.find_spec(module) is None:
        return None
    return getattr(importlib.import_module(module), member, None)


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    tasks = {
        "image.generate": generate,
        "image.enlarge": _part("upscale", "enlarge"),
        "image.restyle": _part("restyle", "restyle"),
    }
    return {name: task for name, task in tasks.items() if task}


@hookimpl
def studio_loaders() -> Any:
    """Return the loaders of the four families, the cheapest to ask first."""
    makers = [_part(name, "loader") for name in ("upscale", "restyle", "diffusion")]
    return [starter_weights.loader(), *(make() for make in makers if make)]


@hookimpl
def studio_checks() -> Mapping[str, Callable[[bytes], Verdict]]:
    """Return how a picture without a verdict is checked."""
    return {Kind.IMAGE: pictures.check_file}


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Draw with the starter weights, or with diffusion weights: whichever the file is."""
    is_starter = starter_weights.read_metadata(ctx.weights_path(params.weights)) is not None
    if is_starter:
        return drawing.generate(ctx, params)
    return _part("diffusion", "generate")(ctx, params)
