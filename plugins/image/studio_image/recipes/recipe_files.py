"""The recipe inside a picture's file: PNG texts, or the comment in the EXIF of JPEG and WebP.

Reads hostile files; shows nothing.
"""

from __future__ import annotations

import io
import struct

from PIL import Image

from studio_image.recipes import png_text
from studio_image.recipes import recipe as recipes
from studio_image.recipes.recipe import Recipe

_EXIF, _USER_COMMENT = 0x8769, 0x9286
_UNICODE = b"UNICODE\0"
_WITH_EXIF = ("JPEG", "WEBP", "TIFF")
_LONGEST = 1 << 20


def recipe_in(data: bytes) -> Recipe:
    """Return the recipe that the file ``data`` carries; an empty one if there is none.

    Raises:
        BadInput: There is one, but it is damaged or too long to be honest.
    """
    for said in spellings(data):
        recipe = recipes.from_json(said)
        recipe = recipe if recipe.task else recipes.from_foreign(said)
        if recipe.task:
            return recipe
    return Recipe()


def spellings(data: bytes) -> list[str]:
    """Return the recipe's texts in the file ``data``, ours first.

    Raises:
        BadInput: One is damaged or too long.
    """
    if data.startswith(png_text.SIGNATURE):
        keys = (recipes.KEY, recipes.FOREIGN_KEY)
        found = png_text.texts(data, keys)
        return [found[key] for key in keys if key in found]
    comment = _comment(data)
    return [comment] if comment else []


def exif_with(said: str) -> bytes:
    """Return EXIF data whose comment is ``said``, as other programs write and read it."""
    exif = Image.Exif()
    exif.get_ifd(_EXIF)[_USER_COMMENT] = _UNICODE + said.encode("utf-16-be")
    return exif.tobytes()


def _comment(data: bytes) -> str:
    try:
        with Image.open(io.BytesIO(data), formats=_WITH_EXIF) as image:
            said = image.getexif().get_ifd(_EXIF).get(_USER_COMMENT, b"")
    except (OSError, SyntaxError, ValueError, struct.error):  # EXIF that is none
        return ""
    if not isinstance(said, bytes) or not said.startswith(_UNICODE) or len(said) > _LONGEST:
        return ""
    return said[len(_UNICODE) :].decode("utf-16-be", errors="replace")
