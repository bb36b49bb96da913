"""Results of a server's tool: text, and re-encoded pictures."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.automation.tools.servers.words import harmless

if TYPE_CHECKING:
    from mcp import types

Progress = Callable[[float, float | None, str], None]
"""Told of a call that goes on: done, total, message."""

MOST_TEXT = 200_000
MOST_PICTURES = 8
LARGEST_PICTURE, MOST_PIXELS = 8 << 20, 40_000_000
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class _Unusable(Exception):
    """Why a part of a result is left out."""


@dataclass(frozen=True)
class ServerResult:
    """The result of a call.

    Attributes:
        text: What it said, cleaned.
        pictures: PNG files.
        is_error: The tool says that it failed; the text says why.
        notes: Sentences about what was left out.
    """

    text: str
    pictures: tuple[bytes, ...] = ()
    is_error: bool = False
    notes: tuple[str, ...] = ()


def read_result(result: types.CallToolResult) -> ServerResult:
    """Return the usable parts of a result. Takes a moment with pictures."""
    texts: list[str] = []
    pictures: list[bytes] = []
    notes: list[str] = []
    for part in result.content:
        try:
            if part.type == "text":
                texts.append(part.text)
            elif part.type == "image":
                pictures.append(_picture(part.data, len(pictures)))
            else:
                texts.append(_text_of(part))
        except _Unusable as reason:
            notes.append(str(reason))
    if not texts and result.structured_content is not None:
        texts.append(json.dumps(result.structured_content, ensure_ascii=False))
    text = "\n".join(texts)
    if len(text) > MOST_TEXT:
        notes.append(f"Of its text the first {MOST_TEXT:,} characters were kept.")
    text = harmless(text, MOST_TEXT)
    return ServerResult(text, tuple(pictures), bool(result.is_error), _once(notes))


def _once(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notes))


def _text_of(part: object) -> str:
    kind = getattr(part, "type", "")
    if kind == "resource":
        text = getattr(getattr(part, "resource", None), "text", None)
        if not isinstance(text, str):
            raise _Unusable("A file in the result is not text, so it was left out.")
        return text
    if kind == "resource_link":
        return str(getattr(part, "uri", ""))
    raise _Unusable("A sound in the result was left out: only text and pictures are taken.")


def _picture(data: str, number: int) -> bytes:
    """Return a picture as a PNG file of its pixels alone.

    Whatever the bytes claim to be, they are read within limits, and nothing else of them is kept.
    """
    from PIL import Image, UnidentifiedImageError

    if number >= MOST_PICTURES:
        raise _Unusable(f"Of its pictures the first {MOST_PICTURES} were kept.")
    if len(data) > LARGEST_PICTURE * 4 // 3 + 4:
        raise _Unusable("A picture of more than 8 MB was left out.")
    try:
        raw = base64.b64decode(data, validate=True)
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
            pixels = picture.convert("RGBA" if has_alpha else "RGB")
    except Image.DecompressionBombError as error:
        raise _Unusable("A picture of more than 40 megapixels was left out.") from error
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        raise _Unusable("A picture that could not be read was left out.") from error
    written = io.BytesIO()
    pixels.save(written, "PNG")
    return written.getvalue()
