"""PNG and TIFF files with 16 bits per channel, which Pillow neither writes nor reads as such.

The PNG specification, third edition: sections 7 (rows), 9 (filters) and 10 (compression). TIFF
revision 6.0.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

from studio_image.recipes.png_text import SIGNATURE

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

_BITS = 16
_COLOUR_TYPES = {3: 2, 4: 6}
_LEVEL = 6
_OTHER_HALF = {
    "RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B",
}  # fmt: skip
"""Pillow's modes of 16 bits per channel → those that unpack the byte that it would drop."""


def is_deep(image: Image.Image) -> bool:
    """Tell whether a file that was opened, and not yet read, has 16 bits per channel."""
    return image.mode.startswith("I;16") or _raw_mode(image) in _OTHER_HALF


def deep_pixels(data: bytes, image: Image.Image) -> np.ndarray:
    """Read (H, W, 3 or 4) uint16, turned as its camera was held.

    Pillow unpacks the upper byte of each colour and drops the lower one. Asked for the other order
    of bytes, it unpacks the lower one.

    Args:
        data: The file.
        image: The file opened, and not yet read; ``is_deep``.
    """
    import numpy as np
    from PIL import Image, ImageOps

    if image.mode.startswith("I;16"):
        grey = np.asarray(ImageOps.exif_transpose(image)).astype(np.uint16)
        return np.repeat(grey[..., None], 3, axis=-1)
    lower: Any = Image.open(io.BytesIO(data), formats=[image.format or ""])
    mode = _OTHER_HALF[_raw_mode(lower)]
    lower.tile = [
        tile._replace(args=mode if isinstance(tile.args, str) else (mode, *tile.args[1:]))
        for tile in lower.tile
    ]
    high, low = (np.asarray(ImageOps.exif_transpose(half)) for half in (image, lower))
    deep: np.ndarray = (high.astype(np.uint16) << 8) | low
    return deep


def _raw_mode(file: Any) -> str:
    """Tell how Pillow is about to unpack a file; ``Image`` says so of files alone."""
    tiles = getattr(file, "tile", None) or []
    args = tiles[0].args if tiles else ""
    return str(args if isinstance(args, str) else args[0]) if args else ""


def deepened_png(small: bytes, picture: np.ndarray) -> bytes:
    """Return the PNG file ``small`` with the pixels of ``picture`` in place of its own.

    Args:
        picture: (H, W, 3 or 4) uint16, of the same size.
    """
    import numpy as np

    height, width, channels = picture.shape
    header = struct.pack(">IIBBBBB", width, height, _BITS, _COLOUR_TYPES[channels], 0, 0, 0)
    rows = picture.astype(">u2").reshape(height, -1).view(np.uint8)
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0], filtered[:, 1:] = 2, rows - above  # each byte less the one above it
    packed = zlib.compress(filtered.tobytes(), _LEVEL)
    pieces, place = [SIGNATURE, _chunk(b"IHDR", header)], len(SIGNATURE)
    while place < len(small):
        length, kind = struct.unpack_from(">I4s", small, place)
        whole = small[place : place + length + 12]
        place += length + 12
        if kind == b"IDAT":
            whole, packed = (_chunk(b"IDAT", packed), b"") if packed else (b"", b"")
        if kind != b"IHDR":
            pieces.append(whole)
    return b"".join(pieces)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


_SHORT, _LONG, _ASCII, _RATIONAL = 3, 4, 2, 5
_DEFLATE, _RGB, _UNASSOCIATED_ALPHA = 8, 2, 2


def written_tiff(picture: np.ndarray, description: str = "") -> bytes:
    """Return a picture, (H, W, 3 or 4) uint8 or uint16, as the bytes of a TIFF file, without loss.

    Args:
        description: A text that goes with it, in UTF-8.
    """
    import numpy as np

    height, width, channels = picture.shape
    bits = 8 * picture.dtype.itemsize
    packed = zlib.compress(np.ascontiguousarray(picture.astype(f"<u{bits // 8}")).tobytes(), 6)
    text = description.encode() + b"\0"
    entries: dict[int, tuple[int, int, bytes]] = {
        256: (_LONG, 1, struct.pack("<I", width)),
        257: (_LONG, 1, struct.pack("<I", height)),
        258: (_SHORT, channels, struct.pack(f"<{channels}H", *[bits] * channels)),
        259: (_SHORT, 1, struct.pack("<H", _DEFLATE)),
        262: (_SHORT, 1, struct.pack("<H", _RGB)),
        270: (_ASCII, len(text), text),
        273: (_LONG, 1, b""),  # where the pixels begin: known below
        277: (_SHORT, 1, struct.pack("<H", channels)),
        278: (_LONG, 1, struct.pack("<I", height)),
        279: (_LONG, 1, struct.pack("<I", len(packed))),
    }
    if channels == 4:
        entries[338] = (_SHORT, 1, struct.pack("<H", _UNASSOCIATED_ALPHA))
    place = 8 + 2 + 12 * len(entries) + 4  # after header and directory
    beyond, rows = b"", b""
    ends = place + sum(
        len(value) + len(value) % 2 for _, _, value in entries.values() if len(value) > 4
    )
    entries[273] = (_LONG, 1, struct.pack("<I", ends))
    for tag, (kind, count, value) in entries.items():
        if len(value) > 4:  # does not fit into the entry
            offset = struct.pack("<I", place + len(beyond))
            beyond += value + b"\0" * (len(value) % 2)
            value = offset
        rows += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    header = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return header + rows + bytes(4) + beyond + packed
