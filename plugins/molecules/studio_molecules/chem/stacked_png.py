"""Pictures of one width put below each other in one PNG file, without unpacking their pixels.

After ISO/IEC 15948 (PNG). For pictures as RDKit draws them: 8-bit colours, not interlaced, one
filtered stream each, and texts that tell what the structures are.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = 3
_PIECE = 8192  # bytes of a chunk of pixels, as libpng makes them
_NUMBERED = re.compile(rb"(rdkitPKL|MOL|SMILES)(\d*)")
"""Keyword of a text: which form of a structure, and its number where that is not 0."""

_Chunk = tuple[bytes, bytes]


class StackedPng:
    """A file that grows downwards."""

    def __init__(self) -> None:
        # What libpng chooses for such pictures: the same pixels give the same bytes.
        self._packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 8, zlib.Z_FILTERED)
        self._packed = bytearray()
        self._width = self._height = self._texts = 0
        self._before: list[_Chunk] = []
        self._after: list[_Chunk] = []
        self._ends_white = False

    def add(self, png: bytes) -> None:
        """Put a picture below those that are there."""
        chunks = list(_chunks(png))
        self._width, height = struct.unpack_from(">II", chunks[0][1])
        pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
        self._packed += self._packer.compress(self._below(pixels))
        if not self._height:
            self._before = [chunk for chunk in chunks[1:] if chunk[0] == b"bKGD"]
        texts = [data for kind, data in chunks if kind == b"zTXt"]
        self._after += [(b"zTXt", self._renumbered(text)) for text in texts]
        self._texts += sum(text.startswith(b"MOL") for text in texts)
        self._height += height

    def finished(self) -> bytes:
        """Return the file; nothing can be added to it any more."""
        self._packed += self._packer.flush()
        header = struct.pack(">IIBBBBB", self._width, self._height, 8, 2, 0, 0, 0)
        pieces = [
            (b"IDAT", bytes(self._packed[at : at + _PIECE]))
            for at in range(0, len(self._packed), _PIECE)
        ]
        chunks = [(b"IHDR", header), *self._before, *pieces, *self._after, (b"IEND", b"")]
        return _SIGNATURE + b"".join(_packed(*chunk) for chunk in chunks)

    def _below(self, pixels: bytes) -> bytes:
        """Return the filtered lines of an image, encoded to follow those already written.

        The first line of a PNG cannot refer to one above it, so it could stay as it is; libpng
        encodes a white line below a white one as unchanged.
        """
        line = 1 + _CHANNELS * self._width
        white, unchanged = (
            prefix + bytes(line - len(prefix)) for prefix in (b"\x01\xff\xff\xff", b"\x02")
        )
        follows_white, self._ends_white = self._ends_white, _last(pixels, line, unchanged) == white
        return unchanged + pixels[line:] if follows_white and pixels[:line] == white else pixels

    def _renumbered(self, text: bytes) -> bytes:
        def later(match: re.Match[bytes]) -> bytes:
            number = int(match[2] or 0) + self._texts
            return match[1] + (b"%d" % number if number else b"")

        return _NUMBERED.sub(later, text, count=1) if _NUMBERED.match(text) else text


def _last(pixels: bytes, line: int, unchanged: bytes) -> bytes:
    """Return the last line that differs from the one above it."""
    at = len(pixels) - line
    while at and pixels[at : at + line] == unchanged:
        at -= line
    return pixels[at : at + line]


def _chunks(png: bytes) -> Iterator[_Chunk]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _packed(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
