"""Diffusion weights of the user: Stable Diffusion 1.x, 2.x and XL. Imports nothing heavy itself.

Needs the optional extra ``diffusion`` of the plugin: ``diffusers>=0.35,<1``, ``transformers>=5,<6``
and ``scipy>=1.11`` (for the scheduler ``lms``). Weights are recognised and measured without it;
only drawing needs it, and says so. No code of a folder is run, no pickle opened, no hub asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.api import Event, TaskContext
    from studio_image.diffusion.loading import DiffusionLoader
    from studio_image.schema import Generate


def loader() -> DiffusionLoader:
    """Return the loader of the family ``diffusion``."""
    from studio_image.diffusion.loading import DiffusionLoader

    return DiffusionLoader()


def generate(ctx: TaskContext, params: Generate) -> Iterator[Event]:
    """Draw pictures; see :func:`studio_image.diffusion.task.generate`."""
    from studio_image.diffusion import task

    return task.generate(ctx, params)
