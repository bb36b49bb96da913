"""The task ``image.generate``: by the starter weights or by diffusion weights."""

from __future__ import annotations

from collections.abc import Iterator

from studio.api import BadInput, Event, TaskContext
from studio_image.schema import Generate
from studio_image.starter import weights as starter_weights
from studio_image.tasks import diffusion_generation, starter_generation


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Draw with whichever of the two families the file is of."""
    is_starter = starter_weights.is_starter(ctx.weights_path(params.weights))
    if is_starter and params.loras:
        raise BadInput("The starter model takes no LoRAs.", "Choose the model they are for.")
    draw = starter_generation.generate if is_starter else diffusion_generation.generate
    return draw(ctx, params)
