"""The parts of PNG, JPEG, WebP and WAV files: which may leave, which tell something. Decodes none.

The files may be hostile: every length is checked against the file, and nothing is unpacked.
Sources: PNG third edition; JPEG (ITU T.81, annex B); RIFF and WebP (RFC 9649); C2PA 2.1, annex A.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from studio.protocol.errors import ErrorCode, StudioError

LONGEST = 1 << 30
"""Bytes of a file that is taken apart; a longer one has its record in a file beside it."""
MOST_PARTS = 200_000
XMP_KEYWORD = b"XML:com.adobe.xmp\0"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_PNG = b"\x89PNG\r\n\x1a\n"
_PICTURE_CHUNKS = frozenset(
    b"tRNS cHRM gAMA iCCP sBIT sRGB bKGD hIST pHYs sPLT acTL fcTL fdAT cICP mDCV cLLI".split()
)
"""Chunks beside the critical ones that say how a PNG looks, and nothing of who made it."""
_WEBP_CHUNKS = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WAVE_CHUNKS = frozenset((b"fmt ", b"data", b"fact", b"PEAK", b"cue ", b"smpl"))
_ENTROPY_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ALONE = frozenset(range(0xD0, 0xDA)) | {0x01}
"""Markers of a JPEG without a length."""


class Container(StrEnum):
    """The formats that carry a record inside; the value is their media type."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    WAV = "audio/wav"


class Role(StrEnum):
    """The purpose of a part."""

    CONTENT = "content"
    """The picture or the sound: it always stays."""
    TOLD = "told"
    """Texts, EXIF, previews: whoever shares little leaves it out."""
    XMP = "xmp"
    MANIFEST = "manifest"
    """The signed record (C2PA)."""


class Part(NamedTuple):
    """A chunk or segment with its header: ``data[start:end]``.

    Attributes:
        payload: Where what is in it begins, up to ``payload_end``.
    """

    kind: bytes
    role: Role
    start: int
    payload: int
    payload_end: int
    end: int
    sound: bool = True
    """Whether its own check holds: the checksum of a PNG, the zero after an odd RIFF chunk."""


def recognise(head: bytes) -> Container | None:
    """Return the format of a file that begins with ``head`` (12 bytes); None for any other."""
    if head.startswith(_PNG):
        return Container.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Container.JPEG
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return Container.WEBP if head[8:12] == b"WEBP" else Container.WAV
    return None


def parts(container: Container, data: bytes) -> list[Part]:
    """Return the parts of a file in their order; what follows its end is none.

    Raises:
        StudioError: ``BAD_INPUT``: a length is wrong, or the end is missing.
    """
    read = {Container.PNG: _png, Container.JPEG: _jpeg}.get(container, _riff)
    result = []
    for part in read(data):
        result.append(part)
        if len(result) > MOST_PARTS:
            raise _damaged(f"it has more than {MOST_PARTS} parts")
    return result


def _png(data: bytes) -> Iterator[Part]:
    at = len(_PNG)
    while True:
        if at + 12 > len(data):
            raise _damaged("it ends too early")
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise _damaged("it ends too early")
        role = Role.TOLD
        if kind == b"caBX":
            role = Role.MANIFEST
        elif kind == b"iTXt" and data.startswith(XMP_KEYWORD, at + 8):
            role = Role.XMP
        elif not kind[0] & 0x20 or kind in _PICTURE_CHUNKS:
            role = Role.CONTENT
        sound = zlib.crc32(memoryview(data)[at + 4 : end - 4]) == int.from_bytes(
            data[end - 4 : end]
        )
        yield Part(kind, role, at, at + 8, end - 4, end, sound)
        if kind == b"IEND":
            return
        at = end


def _jpeg(data: bytes) -> Iterator[Part]:
    at = 0
    while True:
        if data[at : at + 1] != b"\xff" or at + 2 > len(data):
            raise _damaged("a segment does not begin where it should")
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        kind = data[at : at + 2]
        if marker in _ALONE:
            yield Part(kind, Role.CONTENT, at, at + 2, at + 2, at + 2)
            if marker == 0xD9:
                return
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if end > len(data) or end < at + 4:
            raise _damaged("a segment is longer than the file")
        payload_end = end
        role = _role_in_jpeg(marker, data[at + 4 : min(end, at + 40)])
        if marker == 0xDA:
            match = _ENTROPY_END.search(data, end)
            if match is None:
                raise _damaged("it ends too early")
            payload_end = end = match.start()
        yield Part(kind, role, at, at + 4, payload_end, end)
        at = end


def _role_in_jpeg(marker: int, head: bytes) -> Role:
    if marker == 0xE1 and head.startswith(XMP_HEADER):
        return Role.XMP
    if marker == 0xEB and head.startswith(b"JP"):
        return Role.MANIFEST
    look = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}.get(marker)
    if look is not None:
        return Role.CONTENT if head.startswith(look) else Role.TOLD
    return Role.TOLD if 0xE0 <= marker <= 0xEF or marker == 0xFE else Role.CONTENT


def _riff(data: bytes) -> Iterator[Part]:
    whole = 8 + int.from_bytes(data[4:8], "little")
    if whole > len(data) or whole < 12:
        raise _damaged("it ends too early")
    content = _WEBP_CHUNKS if data[8:12] == b"WEBP" else _WAVE_CHUNKS
    roles = {b"C2PA": Role.MANIFEST, b"XMP ": Role.XMP, b"_PMX": Role.XMP}
    at = 12
    while at + 8 <= whole:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        payload_end = at + 8 + length
        if payload_end > whole:
            raise _damaged("a chunk is longer than the file")
        end = min(payload_end + length % 2, whole)
        role = Role.CONTENT if kind in content else roles.get(kind, Role.TOLD)
        yield Part(kind, role, at, at + 8, payload_end, end, not any(data[payload_end:end]))
        at = end


def _damaged(why: str) -> StudioError:
    return StudioError(ErrorCode.BAD_INPUT, f"The file is damaged: {why}.")
