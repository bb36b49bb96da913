"""Rewrites containers with parts removed or a label added; the media data stays bit-identical.

Sources: XMP in files (ISO 16684-1, Adobe XMP specification part 3); WebP's VP8X (RFC 9649, 2.7).
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Sequence

from PIL import Image

from studio.library.provenance.containers import (
    XMP_HEADER,
    XMP_KEYWORD,
    Container,
    Part,
    Role,
    parts,
)
from studio.protocol.errors import ErrorCode, StudioError

_ORIENTATION = 0x0112
_HAS_EXIF, _HAS_XMP, _HAS_ALPHA = 0x08, 0x04, 0x10


def rewritten(container: Container, data: bytes, xmp: bytes, *, keep_told: bool) -> bytes:
    """Return the file with ``xmp`` as its label (empty: none), and without an older record.

    Args:
        keep_told: Whether texts and EXIF stay; else only what is shown or heard does, and how a
            picture is turned.

    Raises:
        StudioError: ``BAD_INPUT``: the file is damaged.
    """
    roles = {Role.CONTENT, Role.TOLD} if keep_told else {Role.CONTENT}
    kept_parts = [part for part in parts(container, data) if part.role in roles]
    return _WRITERS[container](data, kept_parts, xmp, keep_told)


def manifest_of(container: Container, data: bytes) -> list[Part]:
    """Return the parts that hold a signed record: none, one, or several segments of a JPEG.

    Raises:
        StudioError: ``BAD_INPUT``: the file is damaged.
    """
    return [part for part in parts(container, data) if part.role is Role.MANIFEST]


def _png(data: bytes, content: Sequence[Part], xmp: bytes, keep_told: bool) -> bytes:
    out = [data[:8]]
    for part in content:
        out.append(data[part.start : part.end])
        if part.kind == b"IHDR" and xmp:
            body = b"iTXt" + XMP_KEYWORD + bytes(4) + xmp
            out += [(len(body) - 4).to_bytes(4), body, zlib.crc32(body).to_bytes(4)]
    return b"".join(out)


def _jpeg(data: bytes, content: Sequence[Part], xmp: bytes, keep_told: bool) -> bytes:
    head = [part for part in content if part.kind in (b"\xff\xd8", b"\xff\xe0")]
    out = [data[part.start : part.end] for part in head]
    turned = 0 if keep_told else _orientation(data)
    if turned > 1:
        exif = Image.Exif()
        exif[_ORIENTATION] = turned
        out.append(_segment(exif.tobytes()))
    if xmp:
        out.append(_segment(XMP_HEADER + xmp))
    return b"".join(out + [data[part.start : part.end] for part in content if part not in head])


def _orientation(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            turned = image.getexif().get(_ORIENTATION, 0)
    except Exception as error:  # Pillow raises what it likes over a damaged header
        raise StudioError(ErrorCode.BAD_INPUT, "The picture cannot be read.") from error
    return turned if isinstance(turned, int) and 1 <= turned <= 8 else 0


def _segment(body: bytes) -> bytes:
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body


def _wav(data: bytes, content: Sequence[Part], xmp: bytes, keep_told: bool) -> bytes:
    return _riff(b"WAVE", data, content, _chunk(b"_PMX", xmp) if xmp else b"")


def _webp(data: bytes, content: Sequence[Part], xmp: bytes, keep_told: bool) -> bytes:
    rest = [part for part in content if part.kind != b"VP8X"]
    head = next((data[p.payload : p.payload_end] for p in content if p.kind == b"VP8X"), b"")
    if len(head) != 10:
        head = _extended(data, rest)
    dropped = _HAS_XMP if keep_told else _HAS_XMP | _HAS_EXIF
    flags = (head[0] & ~dropped) | (_HAS_XMP if xmp else 0)
    first = _chunk(b"VP8X", bytes([flags]) + head[1:])
    last = _chunk(b"XMP ", xmp) if xmp else b""
    return _riff(b"WEBP", data, rest, last, first)


def _extended(data: bytes, content: Sequence[Part]) -> bytes:
    """Return the VP8X payload for a plain WebP: flags, and its dimensions less one."""
    for part in content:
        body = data[part.payload : part.payload_end]
        if part.kind == b"VP8L" and len(body) > 5:
            bits = int.from_bytes(body[1:5], "little")
            size, alpha = (bits & 0x3FFF, bits >> 14 & 0x3FFF), bits >> 28 & 1
        elif part.kind == b"VP8 " and len(body) > 10:
            sides = (int.from_bytes(body[n : n + 2], "little") & 0x3FFF for n in (6, 8))
            size, alpha = (next(sides) - 1, next(sides) - 1), 0
        else:
            continue
        sides_less_one = b"".join(max(side, 0).to_bytes(3, "little") for side in size)
        return bytes([_HAS_ALPHA * alpha, 0, 0, 0]) + sides_less_one
    raise StudioError(ErrorCode.BAD_INPUT, "The file is damaged: it holds no picture.")


def _riff(
    form: bytes, data: bytes, content: Sequence[Part], last: bytes, first: bytes = b""
) -> bytes:
    body = [first]
    for part in content:
        body.append(data[part.start : part.payload_end])
        body.append(bytes((part.payload_end - part.payload) % 2))
    whole = form + b"".join(body) + last
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


_WRITERS: dict[Container, Callable[[bytes, Sequence[Part], bytes, bool], bytes]] = {
    Container.PNG: _png,
    Container.JPEG: _jpeg,
    Container.WEBP: _webp,
    Container.WAV: _wav,
}
