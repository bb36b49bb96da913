"""Bringing pictures in: files and the clipboard become pictures of the library, checked first.

Slow: for a thread beside the window.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtGui import QImage

from studio.api import BadInput, Kind, NewArtifact, PluginContext, SavedArtifact, StudioError
from studio.api.window.language import tr_filled
from studio_image.pages.picture_files import png_of, read_file, read_picture
from studio_image.recipes.recipe import Recipe, from_plain


@dataclass(frozen=True)
class Brought:
    """Outcome of importing one picture.

    Attributes:
        recipe: The recipe in its file.
        source: Id of the picture it was made from; empty if unknown.
        is_file: Whether it came as a file of unknown purpose.
        remarks: Other remarks, in sentences.
        error: Why it cannot be used; then there is no artifact.
    """

    artifact: SavedArtifact | None = None
    recipe: Recipe = field(default_factory=Recipe)
    source: str = ""
    is_file: bool = False
    remarks: tuple[str, ...] = ()
    error: StudioError | None = None


def bring_file(ctx: PluginContext, path: Path) -> Brought:
    """Save a copy of a file, byte for byte; never raises on bad content."""
    try:
        data = read_file(path)
        preview = _preview(data, path.name)
        read_picture(path)
        artifact = ctx.library.add(
            NewArtifact(
                Kind.IMAGE, data, suffix=path.suffix.lower(), title=path.stem, preview=preview
            )
        )
    except StudioError as error:
        return Brought(error=error)
    recipe, remarks = _looked_into(data)
    return Brought(artifact, recipe, is_file=True, remarks=remarks)


def bring_image(ctx: PluginContext, image: QImage, title: str) -> Brought:
    """Keep a picture from the clipboard."""
    try:
        if image.isNull():
            raise BadInput("There is no picture on the clipboard.", "Copy one first.")
        data = png_of(image)
        preview = _preview(data, title)
        return Brought(
            ctx.library.add(
                NewArtifact(Kind.IMAGE, data, suffix=".png", title=title, preview=preview)
            )
        )
    except StudioError as error:
        return Brought(error=error)


def bring_artifact(ctx: PluginContext, artifact: SavedArtifact) -> Brought:
    """Look into a picture of the library; its record knows more than its file."""
    try:
        source = "".join(ctx.library.parents(artifact.id)[:1])
        recipe = from_plain(artifact.meta)
        if recipe.task:
            return Brought(artifact, recipe, source)
        recipe, remarks = _looked_into(read_file(artifact.path))
        return Brought(artifact, recipe, source, remarks=remarks)
    except StudioError as error:
        return Brought(error=error)


def _preview(data: bytes, name: str) -> bytes:
    """Return a small PNG; refuses what could be shown but not worked on: to Qt, half a JPEG is
    a picture, to the runtime it is not.
    """
    from studio_image import picture_arrays  # here, for the window starts without it

    return picture_arrays.thumbnail(picture_arrays.read(data, name))


def _looked_into(data: bytes) -> tuple[Recipe, tuple[str, ...]]:
    from studio_image import picture_arrays
    from studio_image.recipes import recipe_files  # here, for the window starts without them

    many = (picture_arrays.MANY,) if picture_arrays.has_many(io.BytesIO(data)) else ()
    try:
        return recipe_files.recipe_in(data), many
    except BadInput as error:
        return Recipe(), (*many, tr_filled(error))
