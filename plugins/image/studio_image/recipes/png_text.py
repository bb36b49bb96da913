"""The texts inside a PNG file, read with bounds: a few bytes can unpack to any number. No pictures.

The PNG specification (third edition, section 11.3.3) has three kinds: tEXt is Latin-1, zTXt is that
compressed, iTXt is UTF-8 and may be compressed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator

from studio.api import BadInput

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONGEST = 4 << 20
"""Bytes of one text, packed or not: a recipe has thousands, a graph up to a million."""
MOST_CHUNKS = 100_000
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


def texts(
    data: bytes, keys: Collection[str], refused: dict[str, BadInput] | None = None
) -> dict[str, str]:
    """Return the texts that the PNG file ``data`` holds under ``keys``; none if it is no PNG.

    Texts under other keys are never unpacked. Of several under one key the first counts.

    Args:
        refused: Takes why a text cannot be read, in place of raising it.

    Raises:
        BadInput: One of them is damaged or too long, packed or unpacked.
    """
    values: dict[str, str] = {}
    troubles = {} if refused is None else refused
    for kind, start, end in _chunks(data):
        if kind not in _TEXTS:
            continue
        key = data[start : min(end, start + 80)].split(b"\0", 1)[0].decode("latin-1")
        if key not in keys or key in values or key in troubles:
            continue
        try:
            values[key] = _text(kind, data[start:end], key, data[end : end + 4])
        except BadInput as error:
            if refused is None:
                raise
            refused[key] = error
    return values


def without_texts(data: bytes) -> bytes:
    """Return the PNG file ``data`` without its texts; other files as they are.

    Decoders unpack all texts, wanted or not, and give up on what is too long for them.
    """
    places = [(start - 8, end + 4) for kind, start, end in _chunks(data) if kind in _TEXTS]
    pieces, last = [], 0
    for start, end in places:
        pieces.append(data[last:start])
        last = end
    return b"".join([*pieces, data[last:]]) if places else data


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (kind, start, end) of the contents of each chunk that is all there."""
    if not data.startswith(SIGNATURE):
        return
    place = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if place + 12 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, place)
        start, end = place + 8, place + 8 + length
        if end + 4 > len(data):
            return
        yield kind, start, end
        place = end + 4


def _text(kind: bytes, chunk: bytes, key: str, checksum: bytes) -> str:
    if len(chunk) > LONGEST:
        raise _refusal(key, "is longer than 4 MiB")
    if checksum != struct.pack(">I", zlib.crc32(kind + chunk)):
        raise _refusal(key, "is damaged")
    rest = chunk.split(b"\0", 1)[-1]
    try:
        if kind == b"tEXt":
            return rest.decode("latin-1")
        if kind == b"zTXt":
            return _unpacked(rest[1:], key).decode("latin-1")
        packed, rest = rest[:1] == b"\1", rest[2:]
        _language, _translated, value = rest.split(b"\0", 2)
        return (_unpacked(value, key) if packed else value).decode("utf-8")
    except (ValueError, zlib.error) as error:
        raise _refusal(key, "is damaged") from error


def _unpacked(packed: bytes, key: str) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(packed, LONGEST)
    if not unpacker.eof:
        cut = not unpacker.unconsumed_tail and len(text) < LONGEST
        raise _refusal(key, "is incomplete" if cut else "unpacks to more than 4 MiB")
    return text


def _refusal(key: str, why: str) -> BadInput:
    return BadInput(
        f"The text “{key}” in the picture {why}, so its parameters cannot be read.",
        "The picture itself can be used.",
    )
