"""How far two files of one kind are apart, for the kinds that are the studio's own.

Kinds of plugins have measures of theirs: a task that ``compares`` them. What nobody can read is
compared byte for byte.
"""

from __future__ import annotations

import csv
import io
import json
import math
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.api.artifacts import Kind
from studio.api.comparison import Difference, Effect
from studio.api.worker.sentence import sentence
from studio.protocol.regular_file import open_regular, read_result

if TYPE_CHECKING:
    from numpy.typing import NDArray


_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def read_wav(path: Path) -> tuple[NDArray[Any], int]:
    """Read samples as float64 (frames, channels), full scale 1.0, and frames a second.

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


PIXEL_TOLERANCE = 2.0
"""Steps of 255 that a pixel may differ by, on another device or with another library."""
SAMPLE_TOLERANCE = 2.0**-12
"""Of full scale: 72 dB below it."""
NUMBER_TOLERANCE = 1e-4
"""Of a figure, relative."""
LARGEST = 256 * 1024**2
"""Bytes; larger files are compared byte for byte alone."""
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_NAMED = 3
"""Values that are named in a sentence."""
_ALIGNED = 4_000
"""Lines or words up to which the order counts; of longer texts only which there are."""


class Unreadable(Exception):
    """A file is not of the kind it is said to be."""


def measure(kind: str, before: Path, after: Path) -> Difference:
    """Return how two files differ that are not the same bytes.

    Raises:
        OSError: One cannot be read.
    """
    first = _MEASURES.get(kind)
    if max(before.stat().st_size, after.stat().st_size) > LARGEST:
        return of_bytes(before, after)
    for attempt in (first, _by_suffix(before), of_texts):
        if attempt is not None:
            with suppress(Unreadable):
                return attempt(before, after)
    return of_bytes(before, after)


def of_pictures(before: Path, after: Path) -> Difference:
    """Compare pixels: the share that differs, the greatest difference, and the PSNR."""
    import numpy as np

    old, new = _pixels(before), _pixels(after)
    if old.shape != new.shape:
        now, then = (f"{width:,} × {height:,}" for height, width, _ in (new.shape, old.shape))
        words = sentence("it has {now} pixels and had {then}", now=now, then=then)
        return Difference(words, (Effect("other sizes", 1, "", 0.0),))
    apart = np.maximum(old, new) - np.minimum(old, new)
    most = int(apart.max(initial=0))
    if not most:
        words = sentence("every pixel is the same, but not what the file says beside them")
        return Difference(words, (Effect("greatest difference", 0, "of 255", PIXEL_TOLERANCE),))
    share = float((apart.max(axis=2) > 0).mean())
    noise = float(np.square(apart, dtype=np.float32).mean(dtype=np.float64))
    effects = (
        Effect("pixels that differ", round(100 * share, 4), "%"),
        Effect("greatest difference", most, "of 255", PIXEL_TOLERANCE),
        Effect("PSNR", round(10 * math.log10(255**2 / noise), 2), "dB"),
    )
    return Difference(f"{percent(share)} of the pixels differ by up to {most} of 255", effects)


def of_sounds(before: Path, after: Path) -> Difference:
    """Compare samples: the greatest difference in parts of full scale, and the ratio to it."""
    import numpy as np

    try:
        (old, old_rate), (new, new_rate) = read_wav(before), read_wav(after)
    except ValueError as error:
        raise Unreadable from error
    if old_rate != new_rate or old.shape[1] != new.shape[1]:
        now, then = f"{new_rate:,} Hz × {new.shape[1]}", f"{old_rate:,} Hz × {old.shape[1]}"
        words = sentence("it has {now} channels and had {then}", now=now, then=then)
        return Difference(words, (Effect("other format", 1, "", 0.0),))
    if len(old) != len(new):
        longer = (len(new) - len(old)) / new_rate
        seconds = f"{abs(longer):,.3f}"
        words = (
            sentence("it is {seconds} s longer", seconds=seconds)
            if longer > 0
            else sentence("it is {seconds} s shorter", seconds=seconds)
        )
        return Difference(words, (Effect("other length", abs(longer), "s", 0.0),))
    apart = new - old
    most, signal = float(np.abs(apart).max(initial=0.0)), float(np.square(old).sum())
    if not most:
        words = sentence("every sample is the same, but not what the file says beside them")
        return Difference(words, (Effect("greatest difference", 0.0, "", SAMPLE_TOLERANCE),))
    ratio = 10 * math.log10(signal / float(np.square(apart).sum())) if signal else 0.0
    effects = (
        Effect("greatest difference", round(most, 9), "of full scale", SAMPLE_TOLERANCE),
        Effect("SNR", round(ratio, 2), "dB"),
    )
    text = f"samples differ by up to {percent(most)} of full scale, {ratio:.0f} dB below the sound"
    return Difference(text, effects)


def of_texts(before: Path, after: Path) -> Difference:
    """Compare lines: how many were added, and removed."""
    return lines_of(_text(before), _text(after))


def lines_of(before: str, after: str) -> Difference:
    """Compare two texts line by line."""
    added, removed = _counts(before.splitlines(), after.splitlines())
    return _added_removed(added, removed, "line", "only how its lines end")


def of_prose(before: Path, after: Path) -> Difference:
    """Compare words."""
    return words_of(_text(before), _text(after))


def words_of(before: str, after: str) -> Difference:
    """Compare two texts word by word."""
    added, removed = _counts(before.split(), after.split())
    return _added_removed(added, removed, "word", "only the space between its words")


def returned_of(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    """Compare two return values of a task, each by the digests of its values."""
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    listed = ", ".join(names[:_NAMED]) + (", …" if names[_NAMED:] else "")
    effects = (Effect("returned values that differ", len(names), "", 0.0),)
    return Difference(sentence("what it returned differs ({names})", names=listed), effects)


def of_tables(before: Path, after: Path) -> Difference:
    """Compare the cells of two CSV files by their places."""
    tables = []
    for path in (before, after):
        try:
            rows = list(csv.reader(io.StringIO(_text(path), newline="")))
        except csv.Error as error:
            raise Unreadable from error
        tables.append({(y, x): cell for y, row in enumerate(rows) for x, cell in enumerate(row)})
    return _of_cells(tables[0], tables[1], "cell")


def of_plots(before: Path, after: Path) -> Difference:
    """Compare the values of two JSON files by their places."""
    try:
        old, new = (dict(_leaves(json.loads(_text(path)))) for path in (before, after))
    except ValueError as error:
        raise Unreadable from error
    return _of_cells(old, new, "value")


def of_bytes(before: Path, after: Path) -> Difference:
    """Compare bytes: how many differ, and how much longer one file is."""
    import numpy as np

    different, sizes = 0, (before.stat().st_size, after.stat().st_size)
    with open_regular(before) as old, open_regular(after) as new:
        while (one := old.read(1 << 20)) and (other := new.read(1 << 20)):
            pair = (np.frombuffer(data[: min(len(one), len(other))], "u1") for data in (one, other))
            different += int(np.not_equal(*pair).sum())
    different += abs(sizes[1] - sizes[0])
    words = f"{different:,} of {max(sizes):,} bytes differ"
    return Difference(words, (Effect("bytes that differ", different, "", 0.0),))


def percent(share: float) -> str:
    """Return a share as a person reads it: ``3%``, ``0.04%``, ``less than 0.01%``."""
    value = 100 * share
    if value < 0.01:
        return "less than 0.01%"
    return f"{value:.0f}%" if value >= 1 else f"{value:.2g}%"


# --- inside -------------------------------------------------------------------------------------


def _pixels(path: Path) -> NDArray[Any]:
    """Return (H, W, 4) bytes of the first frame of a picture."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as picture:
            return np.asarray(picture.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unreadable from error


def _text(path: Path) -> str:
    try:
        return read_result(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable from error


def _counts(before: list[str], after: list[str]) -> tuple[int, int]:
    """Return how many pieces were added, and removed."""
    if max(len(before), len(after)) > _ALIGNED:
        old, new = Counter(before), Counter(after)
        return (new - old).total(), (old - new).total()
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changed = [step for step in steps if step[0] != "equal"]
    return sum(step[4] - step[3] for step in changed), sum(step[2] - step[1] for step in changed)


def _added_removed(added: int, removed: int, what: str, else_words: str) -> Difference:
    effects = (
        Effect(f"{what}s added", added, "", 0.0),
        Effect(f"{what}s removed", removed, "", 0.0),
    )
    return Difference(_told(added, removed, what) or f"{else_words} differs", effects)


def _told(added: int, removed: int, what: str) -> str:
    pieces = [(added, "added"), (removed, "removed")]
    return " and ".join(f"{counted(number, what)} {done}" for number, done in pieces if number)


def counted(number: int, what: str) -> str:
    """Return ``1 line was``, ``3 lines were``."""
    return f"{number:,} {what} was" if number == 1 else f"{number:,} {what}s were"


def _of_cells(before: Mapping[Any, Any], after: Mapping[Any, Any], what: str) -> Difference:
    both = before.keys() & after.keys()
    changed = [place for place in both if before[place] != after[place]]
    gaps = [_gap(before[place], after[place]) for place in changed]
    figures = [gap for gap in gaps if gap is not None]
    others = len(changed) - len(figures)
    added, removed = len(after.keys() - both), len(before.keys() - both)
    most = max(figures, default=0.0)
    effects = (
        Effect(f"{what}s that differ", len(changed)),
        Effect(f"{what}s that are not numbers and differ", others, "", 0.0),
        Effect(f"{what}s added", added, "", 0.0),
        Effect(f"{what}s removed", removed, "", 0.0),
        Effect("greatest relative difference", float(f"{most:.6g}"), "", NUMBER_TOLERANCE),
    )
    text = f"{len(changed):,} of {len(before):,} {what}s differ" if changed else ""
    if figures:
        text += f", figures by up to {percent(most)}"
    text = " and ".join(filter(None, (text, _told(added, removed, what))))
    return Difference(text or "only how it is written differs", effects)


def _gap(before: Any, after: Any) -> float | None:
    """Return the relative difference of two figures; None where one is no figure."""
    try:
        old, new = float(before), float(after)
    except (TypeError, ValueError):
        return None
    if not (math.isfinite(old) and math.isfinite(new)):
        return None
    return abs(new - old) / (max(abs(old), abs(new)) or 1.0)


def _leaves(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*place, key))]
    if isinstance(value, list):
        return [leaf for n, item in enumerate(value) for leaf in _leaves(item, (*place, n))]
    return [(place, value)]


Measure = Callable[[Path, Path], Difference]


def _by_suffix(path: Path) -> Measure | None:
    return {".csv": of_tables, ".png": of_pictures, ".wav": of_sounds}.get(path.suffix)


_MEASURES: dict[str, Measure] = {
    Kind.IMAGE: of_pictures,
    Kind.AUDIO: of_sounds,
    Kind.TEXT: of_prose,
    Kind.CONVERSATION: of_prose,
    Kind.CODE: of_texts,
    Kind.TABLE: of_tables,
    Kind.PLOT: of_plots,
}
