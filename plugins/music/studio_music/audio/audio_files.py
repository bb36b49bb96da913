"""Sound as files: WAV of 16 or 24 bits or floats, FLAC and Ogg; written, and read back.

Samples are (frames, channels) float32, -1…1.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from studio.api import BadInput, ErrorCode, StudioError, read_regular

MAX_FILE_BYTES = 2**31
MAX_READ_BYTES = 512 * 2**20
MAX_SAMPLES = 2**28
"""Of all channels together, in a packed file that is read: 1 GiB unpacked."""
Depth = Literal[16, 24, 32]

_PCM, _FLOAT = 1, 3
_AT_ONCE = 1 << 14
_LOOP_AT = 36
"""Where the first loop lies in a ``smpl`` chunk."""


def wav(
    samples: np.ndarray,
    rate: int,
    depth: Depth = 16,
    *,
    title: str = "",
    recipe: Mapping[str, Any] | None = None,
    loop: tuple[int, int] | None = None,
) -> bytes:
    """Return the bytes of a WAV file; 32 bits are floats. The same samples give the same bytes.

    Args:
        title, recipe: Go into its ``LIST INFO`` chunk, as INAM and (JSON) ICMT.
        loop: The first frame of what is repeated and the one behind its last, for its ``smpl``
            chunk: samplers and game engines read it.
    """
    frames, channels = samples.shape
    width = depth // 8
    form = struct.pack(
        "<HHIIHH", _FLOAT if depth == 32 else _PCM, channels, rate, rate * channels * width,
        channels * width, depth,
    )  # fmt: skip
    chunks = _chunk(b"fmt ", form)
    if depth == 32:
        chunks += _chunk(b"fact", struct.pack("<I", frames))
    info = _info(title, recipe)
    chunks += _chunk(b"LIST", b"INFO" + info) if info else b""
    chunks += _chunk(b"smpl", _sampler(rate, loop)) if loop else b""
    chunks += _chunk(b"data", _packed(samples, depth))
    if len(chunks) + 4 > MAX_FILE_BYTES:
        raise BadInput("This is too long for a WAV file.", "Export it as FLAC, or in parts.")
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def flac(
    samples: np.ndarray,
    rate: int,
    depth: Literal[16, 24] = 16,
    *,
    title: str = "",
    recipe: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the bytes of a FLAC file, by libsndfile; title and recipe are Vorbis comments.

    Raises:
        StudioError: libsndfile is not installed.
    """
    whole = _integers(samples, depth) << (32 - depth)
    return _compressed("FLAC", f"PCM_{depth}", whole, rate, title, recipe)


def ogg(
    samples: np.ndarray,
    rate: int,
    *,
    title: str = "",
    recipe: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the bytes of an Ogg Vorbis file of as many samples, by libsndfile.

    Raises:
        StudioError: libsndfile is not installed.
    """
    return _compressed("OGG", "VORBIS", samples, rate, title, recipe)


def _compressed(
    form: str,
    subtype: str,
    samples: np.ndarray,
    rate: int,
    title: str,
    recipe: Mapping[str, Any] | None,
) -> bytes:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"{form} needs libsndfile, which cannot be loaded ({error}).",
            "Export as WAV instead; the quality is the same.",
        ) from error
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", rate, samples.shape[1], subtype, format=form) as file:
        if title:
            file.title = title
        if recipe is not None:
            file.comment = _json(recipe)
        for at in range(0, len(samples), _AT_ONCE):  # libsndfile overflows on long blocks of Vorbis
            file.write(samples[at : at + _AT_ONCE])
    return stream.getvalue()


def read_wav(data: bytes) -> tuple[np.ndarray, int]:
    """Return the samples (frames, channels) float32 and the rate of a WAV file.

    Raises:
        BadInput: It is none, is cut short, or has a form that is not read here.
    """
    chunks = dict(_chunks(data))
    try:
        kind, channels, rate, _, _, depth = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
        body = chunks[b"data"]
    except (KeyError, struct.error) as error:
        raise BadInput("This is not a WAV file, or it is incomplete.") from error
    if not 1 <= channels <= 8 or not 1000 <= rate <= 768_000:
        problem = f"a sample rate of {rate:,} Hz" if 1 <= channels <= 8 else f"{channels} channels"
        raise BadInput(f"This WAV file has {problem}.", "Export it again, with 1 to 8 channels.")
    if (kind, depth) == (_FLOAT, 32):
        flat = np.frombuffer(body, "<f4", len(body) // 4)
    elif (kind, depth) == (_PCM, 16):
        flat = np.frombuffer(body, "<i2", len(body) // 2) / np.float32(2**15)
    elif (kind, depth) == (_PCM, 24):
        flat = _from_24(body)
    else:
        raise BadInput(f"WAV files with {depth} bits in format {kind} are not supported.")
    whole = len(flat) // channels * channels
    return np.nan_to_num(flat[:whole]).reshape(-1, channels).astype(np.float32), rate


def read_sound(data: bytes) -> tuple[np.ndarray, int]:
    """Return the samples (frames, channels) float32 and the rate of a WAV, FLAC or Ogg file.

    Raises:
        BadInput: It is none of these, or is damaged.
        StudioError: It needs libsndfile, which is not there.
    """
    if data[:4] == b"RIFF":
        return read_wav(data)
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"This file needs libsndfile, which cannot be loaded ({error}).",
            "Convert it to WAV first.",
        ) from error
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if not 1 <= file.channels <= 8 or file.frames * file.channels > MAX_SAMPLES:
                raise BadInput("This sound is too long.", "Cut it into parts first.")
            return file.read(dtype="float32", always_2d=True), int(file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BadInput("This is not a WAV, FLAC or Ogg file, or it is damaged.") from error


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a sound file.

    Raises:
        BadInput: It cannot be read, or is too large to be read at once.
    """
    try:
        if path.stat().st_size > MAX_READ_BYTES:
            raise BadInput(f"“{path.name}” is too large.", "Cut it into parts first.")
        return read_regular(path)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error


def read_filled(data: bytes, name: str) -> tuple[np.ndarray, int]:
    """Do what ``read_sound`` does, for a file called ``name`` that must hold a sound.

    Raises:
        BadInput: It has no sample, too, or is none that can be read.
    """
    samples, rate = read_sound(data)
    if not len(samples):
        raise BadInput(f"“{name}” is empty.", "Choose another sound.")
    return samples, rate


def read_title(data: bytes) -> str:
    """Return the title in a WAV file; empty where it has none, or is none."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return ""
    body = dict(_chunks(data)).get(b"LIST", b"")
    if body[:8] != b"INFOINAM" or len(body) < 12:
        return ""
    size = struct.unpack_from("<I", body, 8)[0]
    return body[12 : 12 + size].rstrip(b"\0").decode("utf-8", "replace")[:200]


def read_loop(data: bytes) -> tuple[int, int] | None:
    """Return the first loop of a WAV file, as ``wav`` takes it; None where it has none.

    Raises:
        BadInput: It is no WAV file.
    """
    body = dict(_chunks(data)).get(b"smpl", b"")
    if len(body) < _LOOP_AT + 16 or struct.unpack_from("<I", body, 28)[0] < 1:
        return None
    first, last = struct.unpack_from("<II", body, _LOOP_AT + 8)
    return (first, last + 1) if first <= last else None


def _sampler(rate: int, loop: tuple[int, int]) -> bytes:
    """Return the body of a ``smpl`` chunk with one loop that goes on forever, around middle C."""
    head = struct.pack("<9I", 0, 0, round(1e9 / rate), 60, 0, 0, 0, 1, 0)
    return head + struct.pack("<6I", 0, 0, loop[0], loop[1] - 1, 0, 0)


def _integers(samples: np.ndarray, depth: int) -> np.ndarray:
    top = 2 ** (depth - 1)
    return np.clip(np.rint(samples * np.float64(top)), -top, top - 1).astype(np.int32)


def _packed(samples: np.ndarray, depth: int) -> bytes:
    if depth == 32:
        return samples.astype("<f4").tobytes()
    whole = _integers(samples, depth)
    if depth == 16:
        return whole.astype("<i2").tobytes()
    return whole.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()


def _from_24(body: bytes) -> np.ndarray:
    parts = np.frombuffer(body, np.uint8, len(body) // 3 * 3).reshape(-1, 3)
    whole = np.zeros((len(parts), 4), np.uint8)
    whole[:, 1:] = parts
    return whole.view("<i4").ravel() / np.float32(2**31)


def _info(title: str, recipe: Mapping[str, Any] | None) -> bytes:
    entries = b""
    if title:
        entries += _chunk(b"INAM", title.encode() + b"\0")
    if recipe is not None:
        entries += _chunk(b"ICMT", _json(recipe).encode() + b"\0")
    return entries


def _json(recipe: Mapping[str, Any]) -> str:
    return json.dumps(recipe, ensure_ascii=False, sort_keys=True)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the chunks of a RIFF file; the last may be cut short."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadInput("This is not a WAV file.")
    chunks, at = [], 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks.append((name, data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return chunks
