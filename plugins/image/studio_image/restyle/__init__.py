"""Restyling: a picture takes the strokes and colours of others. Imports no torch until it works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.api import Event, TaskContext

if TYPE_CHECKING:
    from studio_image.restyle.weights import FeatureLoader
    from studio_image.schema import Restyle


def loader() -> FeatureLoader:
    """Return the loader of the family ``vgg-features``."""
    from studio_image.restyle.weights import FeatureLoader

    return FeatureLoader()


def restyle(ctx: TaskContext, params: Restyle) -> Iterator[Event]:
    """Give a picture the style of others: see :func:`studio_image.restyle.task.restyle`."""
    from studio_image.restyle import task

    return task.restyle(ctx, params)
