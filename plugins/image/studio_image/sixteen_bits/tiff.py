"""TIFF files with 8 or 16 bits a colour; Pillow writes no 16. TIFF revision 6.0."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_SHORT, _LONG, _ASCII, _RATIONAL = 3, 4, 2, 5
_DEFLATE, _RGB, _UNASSOCIATED_ALPHA = 8, 2, 2


def written(picture: np.ndarray, description: str = "") -> bytes:
    """Return a picture, (H, W, 3 or 4) uint8 or uint16, as the bytes of a TIFF file, without loss.

    Args:
        description: A text that goes with it, in UTF-8.
    """
    import numpy as np

    height, width, channels = picture.shape
    bits = 8 * picture.dtype.itemsize
    packed = zlib.compress(np.ascontiguousarray(picture.astype(f"<u{bits // 8}")).tobytes(), 6)
    said = description.encode() + b"\0"
    entries: dict[int, tuple[int, int, bytes]] = {
        256: (_LONG, 1, struct.pack("<I", width)),
        257: (_LONG, 1, struct.pack("<I", height)),
        258: (_SHORT, channels, struct.pack(f"<{channels}H", *[bits] * channels)),
        259: (_SHORT, 1, struct.pack("<H", _DEFLATE)),
        262: (_SHORT, 1, struct.pack("<H", _RGB)),
        270: (_ASCII, len(said), said),
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
