"""Recipes inside picture files: PNG texts, or the EXIF of JPEG and WebP, of any program.

Reads hostile files; shows nothing.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable

from PIL import Image

from studio.api import BadInput
from studio_image.recipes import comfy, fooocus, infotext, invoke, png_text
from studio_image.recipes import recipe as recipes
from studio_image.recipes.recipe import Recipe

_EXIF, _USER_COMMENT = 0x8769, 0x9286
_CAMERA = (0x010F, 0x0110, 0x010E)
"""Maker, model and description: where ComfyUI puts ``prompt:{…}`` and ``workflow:{…}``."""
_UNICODE, _ASCII, _UNDEFINED = b"UNICODE\0", b"ASCII\0\0\0", bytes(8)
_WITH_EXIF = ("JPEG", "WEBP", "TIFF")
_LONGEST = png_text.LONGEST
_READERS: tuple[tuple[str, Callable[[str], Recipe]], ...] = (
    (recipes.KEY, recipes.from_json),
    (invoke.METADATA, invoke.read),
    (invoke.OLDER, invoke.read_older),
    (infotext.KEY, fooocus.read),
    (infotext.KEY, infotext.read),
    (comfy.PROMPT, comfy.read),
    (comfy.WORKFLOW, comfy.read_workflow),
    (invoke.OLDEST, invoke.read_oldest),
)
"""Where a recipe may stand and what reads it there, the surest first."""


def recipe_in(data: bytes) -> Recipe:
    """Return the recipe that the file ``data`` carries; an empty one if there is none.

    Raises:
        BadInput: There is one, but it is damaged or too long to be honest, and no other one.
    """
    refused: dict[str, BadInput] = {}
    if data.startswith(png_text.SIGNATURE):
        texts = png_text.texts(data, {key for key, _read in _READERS}, refused)
    else:
        texts = _exif_texts(data)
    for key, read in _READERS:
        recipe = read(texts[key]) if texts.get(key) else Recipe()
        if recipe.task:
            return recipe
    for refusal in refused.values():
        raise refusal
    return Recipe()


def spellings(data: bytes) -> list[str]:
    """Return the recipe's texts in the file ``data`` that the studio writes, its own first.

    Raises:
        BadInput: One is damaged or too long.
    """
    if data.startswith(png_text.SIGNATURE):
        keys = (recipes.KEY, infotext.KEY)
        values = png_text.texts(data, keys)
        return [values[key] for key in keys if key in values]
    comment = _exif_texts(data).get(infotext.KEY)
    return [comment] if comment else []


def exif_with(text: str) -> bytes:
    """Return EXIF data whose comment is ``said``, as other programs write and read it."""
    exif = Image.Exif()
    exif.get_ifd(_EXIF)[_USER_COMMENT] = _UNICODE + text.encode("utf-16-be")
    return exif.tobytes()


def _exif_texts(data: bytes) -> dict[str, str]:
    """Return the texts that stand in EXIF, under the names that they would have in a PNG file."""
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # what is odd in it is no news to anybody
            Image.open(io.BytesIO(data), formats=_WITH_EXIF) as image,
        ):
            exif = image.getexif()
            comment = exif.get_ifd(_EXIF).get(_USER_COMMENT) or exif.get(_USER_COMMENT)
            camera = [exif.get(tag) for tag in _CAMERA]
    except (OSError, SyntaxError, ValueError, struct.error):  # EXIF that is none
        return {}
    texts: dict[str, str] = {}
    for value in camera:
        name, mark, text = _decoded(value).partition(":")
        if mark and name.lower() in (comfy.PROMPT, comfy.WORKFLOW):
            texts.setdefault(name.lower(), text)
    if description := _decoded(camera[-1]):
        texts.setdefault(infotext.KEY, description)
    if text := _decoded(comment):
        # Any of them may stand there alone; some write a table of ComfyUI's two.
        texts |= {recipes.KEY: text, infotext.KEY: text, invoke.METADATA: text}
        texts.setdefault(comfy.PROMPT, text)
    return texts


def _decoded(value: object) -> str:
    """Return the text of an EXIF value: ASCII, UTF-8, or UTF-16 of either order."""
    if isinstance(value, str):  # read as Latin-1, whatever it was written in
        value = value.encode("latin-1", errors="replace")
    if not isinstance(value, bytes) or len(value) > _LONGEST:
        return ""
    if value.startswith(_UNICODE):
        return _from_utf16(value[len(_UNICODE) :]).rstrip("\0")
    for mark in (_ASCII, _UNDEFINED):
        value = value.removeprefix(mark)
    return value.decode("utf-8", errors="replace").rstrip("\0")


def _from_utf16(data: bytes) -> str:
    """Return UTF-16 of either order: the standard leaves it to the writer, and writers differ."""
    if data[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return data.decode("utf-16", errors="replace")
    low_first = data[1::2].count(0) > data[::2].count(0)  # most signs are Latin: one byte is zero
    return data.decode("utf-16-le" if low_first else "utf-16-be", errors="replace")
