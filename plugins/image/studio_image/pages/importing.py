"""Bringing pictures in: files and the clipboard become pictures of the library, checked first.

Slow: for a thread beside the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage

from studio.api import BadInput, Kind, PluginContext, SavedArtifact, StudioError
from studio_image.pages.picture_files import encoded, read_picture, recipe_in

_LARGEST_FILE = 512 << 20


@dataclass(frozen=True)
class Brought:
    """What came of one.

    Attributes:
        recipe: What a PNG of the studio says about how it was made.
    """

    artifact: SavedArtifact | None = None
    recipe: dict[str, Any] | None = None
    error: StudioError | None = None


def bring_file(ctx: PluginContext, path: Path) -> Brought:
    """Keep a copy of a file, byte for byte; never raises what a file can cause."""
    try:
        read_picture(path)
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(f"{path.name} is larger than 512 MiB.", "Save it smaller first.")
        artifact = ctx.library.add(
            Kind.IMAGE, path.read_bytes(), suffix=path.suffix.lower(), title=path.stem
        )
        return Brought(artifact, recipe_in(path))
    except StudioError as error:
        return Brought(error=error)
    except OSError as error:
        reason = error.strerror or error
        return Brought(error=BadInput(f"{path.name} cannot be read: {reason}.", "Check the file."))


def bring_image(ctx: PluginContext, image: QImage, title: str) -> Brought:
    """Keep a picture from the clipboard."""
    try:
        if image.isNull():
            raise BadInput("There is no picture on the clipboard.", "Copy one first.")
        return Brought(ctx.library.add(Kind.IMAGE, encoded(image), suffix=".png", title=title))
    except StudioError as error:
        return Brought(error=error)
