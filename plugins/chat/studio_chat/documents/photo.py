"""Photos and scans that are picture files, the right way up. Run in the child of ``pdf``."""

from __future__ import annotations

import struct
from typing import IO, Any

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
MAX_PIXELS = 120_000_000
"""Of one picture: a camera has no more. What says it has is not unfolded."""
MAX_PAGES = 5_000
_BEGINNINGS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM")
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")


def is_photo(data: bytes) -> bool:
    """Return whether a file that begins like this is a picture."""
    return data.startswith(_BEGINNINGS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def read(file: IO[bytes]) -> dict[str, Any]:
    """Return as many empty ``pages`` as the file has pictures; all are ``scanned``."""
    with _opened(file) as picture:
        count = min(int(getattr(picture, "n_frames", 1)), MAX_PAGES)
    return {"pages": [""] * count, "unit": "page", "scanned": list(range(1, count + 1))}


def picture(file: IO[bytes], number: int, longest: int, *, gray: bool) -> dict[str, Any]:
    """Return one of its pictures as ``pdfium.picture`` does; nothing is enlarged."""
    from PIL import ImageOps

    with _opened(file) as opened:
        opened.seek(number - 1)
        mode = "L" if gray else "RGB"
        opened.draft(mode, (longest, longest))  # a JPEG unfolds no more than that needs
        upright = ImageOps.exif_transpose(opened)
        if "A" in upright.getbands() or "transparency" in upright.info:
            upright = _on_paper(upright)
        upright.thumbnail((longest, longest), reducing_gap=2.0)
        shown = upright.convert(mode)
    return {"size": list(shown.size), "pixels": shown.tobytes(), "boxes": []}


def _opened(file: IO[bytes]) -> Any:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # at twice this Pillow refuses
    try:
        opened = Image.open(file, formats=_FORMATS)
        if opened.width * opened.height > MAX_PIXELS:
            raise MemoryError
    except Image.DecompressionBombError as error:
        raise MemoryError from error
    except struct.error as error:
        raise ValueError(str(error)) from error
    return opened


def _on_paper(picture: Any) -> Any:
    """Return a picture with its transparent areas over white."""
    from PIL import Image

    seen = picture.convert("RGBA")
    paper = Image.new("RGBA", seen.size, "white")
    paper.alpha_composite(seen)
    return paper
