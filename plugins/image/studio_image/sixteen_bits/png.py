"""PNG files with 16 bits a colour: Pillow writes eight, so their pixels are written here.

The PNG specification, third edition: sections 7 (rows), 9 (filters) and 10 (compression).
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

from studio_image.recipes.png_text import SIGNATURE

_BITS = 16
_COLOUR_TYPES = {3: 2, 4: 6}
_LEVEL = 6


def deepened(small: bytes, picture: np.ndarray) -> bytes:
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
    kept, place = [SIGNATURE, _chunk(b"IHDR", header)], len(SIGNATURE)
    while place < len(small):
        length, kind = struct.unpack_from(">I4s", small, place)
        whole = small[place : place + length + 12]
        place += length + 12
        if kind == b"IDAT":
            whole, packed = (_chunk(b"IDAT", packed), b"") if packed else (b"", b"")
        if kind != b"IHDR":
            kept.append(whole)
    return b"".join(kept)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
