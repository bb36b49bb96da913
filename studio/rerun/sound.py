"""Reads the samples of a WAV file, whole numbers or floats. Nothing else of it is of interest."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.protocol.regular_file import read_result

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def read(path: Path) -> tuple[NDArray[Any], int]:
    """Return samples as float64 (frames, channels), full scale 1.0, and frames a second.

    Raises:
        ValueError: It is no WAV file, or none that is understood.
        OSError: It cannot be read.
    """
    import numpy as np

    data = read_result(path)
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("no WAV file")
    chunks = _chunks(data)
    try:
        kind, channels, rate, _, _, depth = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
        body = chunks[b"data"]
        if kind == _EXTENSIBLE:
            (kind,) = struct.unpack_from("<H", chunks[b"fmt "], 24)
    except (KeyError, struct.error) as error:
        raise ValueError("a WAV file that ends too early") from error
    width = depth // 8
    if not channels or not rate or (kind, depth) not in _READERS:
        raise ValueError("a WAV file of another sort")
    body = body[: len(body) // (width * channels) * width * channels]
    if depth == 24:
        padded = np.zeros((len(body) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
        samples = padded.view("<i4").astype(np.float64) / 2**31
    else:
        dtype, scale = _READERS[kind, depth]
        samples = np.frombuffer(body, dtype).astype(np.float64) / scale
    return samples.reshape(-1, channels), rate


_READERS = {
    (_PCM, 16): ("<i2", 2.0**15),
    (_PCM, 24): ("", 1.0),
    (_PCM, 32): ("<i4", 2.0**31),
    (_FLOAT, 32): ("<f4", 1.0),
    (_FLOAT, 64): ("<f8", 1.0),
}


def _chunks(data: bytes) -> dict[bytes, bytes]:
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return chunks
