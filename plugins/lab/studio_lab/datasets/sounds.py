"""Short sounds as a data set: WAV files as pictures of loudness by pitch and time, and back.

A picture has bands of pitch on the mel scale, the highest above, and as many moments as twice its
bands. Phases are lost; they are guessed again by the algorithm of Griffin and Lim (1984).
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Sequence
from functools import cache
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, read_regular, sentence
from studio_lab.datasets.dataset import Dataset, Shape
from studio_lab.datasets.folders import arranged
from studio_lab.datasets.table import only

SUFFIXES = (".wav", ".wave")
FEWEST = 16
MOST = 20_000
MOST_BYTES = 32 << 20
RATE = 16_000
"""Samples a second, of everything here."""
_WINDOW, _HOP = 1024, 256
_LOUDNESS = 70.0
"""Decibels from the loudest to what counts as silence."""
_SILENCE = 1e-3
_ROUNDS = 32
_RATES = range(4000, 200_000)
_GAP = 0.25
"""Seconds between sounds in one file."""


def seconds(bands: int) -> float:
    """Return how long the sounds are that pictures of so many bands stand for."""
    return (2 * bands - 1) * _HOP / RATE


def read_sounds(folder: Path, files: Sequence[Path], bands: int) -> tuple[Dataset, list[str]]:
    """Return WAV files as pictures of ``bands`` × 2 ``bands``, and notes about them.

    Raises:
        BadInput: There are too few, or all are the same.
    """
    notes, length = list[str](), round(seconds(bands) * RATE)
    if len(files) > MOST:
        notes.append(
            sentence(
                "The folder has {all} sounds; the first {some} are used.",
                all=f"{len(files):,}", some=f"{MOST:,}",
            )
        )  # fmt: skip
    files_read, rows, cut = [], [], 0
    for file in files[:MOST]:
        samples = _samples(file, length)
        if samples is not None:
            cut += len(samples) > length
            files_read.append(file)
            rows.append(picture(samples, bands))
    if left := len(files[:MOST]) - len(files_read):
        notes.append(
            sentence(
                "Silent, or not readable as WAV, and left out: {some} of {all}.",
                some=f"{left:,}", all=f"{len(files[:MOST]):,}",
            )
        )  # fmt: skip
    if cut:
        notes.append(
            sentence(
                "Longer than {seconds} seconds: {count}; their beginning is used. Larger pictures "
                "hold longer sounds.",
                seconds=f"{seconds(bands):.1f}", count=f"{cut:,}",
            )
        )  # fmt: skip
    if len(rows) < FEWEST:
        raise BadInput(
            f"“{folder.name}” has {only(len(rows), 'sounds')} that can be used; training needs "
            "at least "
            f"{FEWEST}, and hundreds to learn something of use.",
            "Choose a folder with more WAV files.",
        )
    if all(np.array_equal(row, rows[0]) for row in rows[1:]):
        raise BadInput(
            f"All {len(rows):,} sounds in “{folder.name}” are the same, so there is nothing to "
            "learn.",
            "Choose a folder with different sounds.",
        )
    arrangement = arranged(folder, files_read)
    shape = Shape("pictures", 1, bands, 2 * bands, classes=len(arrangement.classes))
    data = Dataset(
        folder.name, shape, np.stack(rows),
        arrangement.split, arrangement.labels, arrangement.classes,
        meta={"content": "sounds"},
    )  # fmt: skip
    return data, [*notes, *arrangement.notes]


def picture(samples: NDArray[np.float64], bands: int) -> NDArray[np.uint8]:
    """Return the start of a sound as a picture, (1, bands, 2 bands), 255 where it is loudest."""
    from scipy.signal import stft

    length = round(seconds(bands) * RATE)
    whole = np.zeros(length)
    whole[: len(samples[:length])] = samples[:length]
    spectrum = stft(whole, nperseg=_WINDOW, noverlap=_WINDOW - _HOP)[2]
    power = _bands(bands) @ np.abs(spectrum) ** 2
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    level = (decibels - decibels.max() + _LOUDNESS) / _LOUDNESS
    return np.asarray(np.round(level.clip(0, 1)[::-1] * 255), np.uint8)[None]


def samples_of(shown: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return a picture, (bands, 2 bands), as samples from -0.7 to 0.7."""
    from scipy.signal import istft, stft

    bands = shown.shape[0]
    decibels = (shown[::-1] / 255.0 - 1) * _LOUDNESS
    power = np.where(shown[::-1] > 0, 10 ** (decibels / 10), 0)
    loud = np.sqrt((np.linalg.pinv(_bands(bands)) @ power).clip(0))
    how = {"nperseg": _WINDOW, "noverlap": _WINDOW - _HOP}
    phase = np.exp(2j * np.pi * np.random.default_rng(0).random(loud.shape))
    for _ in range(_ROUNDS):
        spectrum = stft(istft(loud * phase, **how)[1], **how)[2][:, : loud.shape[1]]
        phase = np.exp(1j * np.angle(spectrum))
    samples = istft(loud * phase, **how)[1]
    return np.asarray(samples * (0.7 / max(float(np.abs(samples).max()), 1e-9)))


def wav(pictures: Sequence[NDArray[np.uint8]]) -> bytes:
    """Return pictures, (bands, 2 bands) each, as one file of sounds with pauses between them."""
    from scipy.io import wavfile

    pause = np.zeros(round(_GAP * RATE))
    parts = [part for shown in pictures for part in (samples_of(shown), pause)]
    file = io.BytesIO()
    wavfile.write(file, RATE, np.round(np.concatenate(parts[:-1]) * 32767).astype(np.int16))
    return file.getvalue()


def _samples(file: Path, length: int) -> NDArray[np.float64] | None:
    """Return a sound from where it begins, at ``RATE``; None if there is none."""
    from scipy.io import wavfile
    from scipy.signal import resample_poly

    try:
        data = read_regular(file)
        if len(data) > MOST_BYTES:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # chunks of a file that say nothing of its sound
            rate, given = wavfile.read(io.BytesIO(data))
    except (OSError, EOFError, ValueError, LookupError, NameError, struct.error):
        return None  # whatever scipy says of a damaged file
    if rate not in _RATES or not len(given):
        return None
    scale = 1.0 if given.dtype.kind == "f" else float(np.iinfo(given.dtype).max)
    middle = scale / 2 if given.dtype.kind == "u" else 0.0
    samples = np.nan_to_num((given.astype(np.float64) - middle) / (scale - middle))
    samples = samples.mean(1) if samples.ndim > 1 else samples
    loud = np.flatnonzero(np.abs(samples) > max(_SILENCE, 0.01 * float(np.abs(samples).max())))
    if not len(loud):
        return None
    needed = samples[loud[0] : loud[0] + (length + RATE) * rate // RATE]
    common = gcd(rate, RATE)
    return np.asarray(resample_poly(needed, RATE // common, rate // common))


@cache
def _bands(bands: int) -> NDArray[np.float64]:
    """Return triangles on the mel scale, (bands, frequencies), the lowest first."""
    frequencies = np.linspace(0, RATE / 2, _WINDOW // 2 + 1)
    most = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, most, bands + 2) / 2595) - 1)
    edges = np.maximum.accumulate(np.maximum(edges, frequencies[1] * np.arange(bands + 2)))
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    return np.asarray(np.minimum(rising, falling).clip(0))
