"""Recordings from files: WAV, FLAC, Ogg and MP3 by libsndfile, piece by piece, at 16 kHz."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.api import BadInput, ErrorCode, StudioError, open_regular

RATE: Final = 16_000
"""Samples a second."""
LONGEST: Final = 6 * 3600
"""Seconds of one recording."""
_PIECE: Final = 300
"""Seconds that are handed on at once; fewer of a recording with very many samples a second."""
_MOST_SAMPLES: Final = 1 << 24
"""Of what is held at once, before it becomes one channel and after."""
_RATES: Final = (4_000, 768_000)

Sound = NDArray[np.float32]


class Source(NamedTuple):
    """A recording: a file, or the bytes of one."""

    path: Path
    data: bytes | None = None

    @property
    def name(self) -> str:
        """Name for messages."""
        return self.path.name or "the recording"


def length(source: Source | Path) -> float:
    """Return how many seconds a recording lasts, as its header says: of an MP3 it is a guess.

    Raises:
        BadInput: It is no recording, has none, or is too long.
        StudioError: libsndfile is not there.
    """
    with _opened(source) as file:
        return float(file.frames / file.samplerate)


def pieces(source: Source | Path) -> Iterator[tuple[Sound, bool]]:
    """Yield up to five minutes of one channel at 16 kHz at a time, and whether they are the last.

    Raises:
        BadInput, StudioError: As :func:`length` does; or the file is damaged further on.
    """
    with _opened(source) as file:
        left = LONGEST * file.samplerate
        most = min(_PIECE * file.samplerate, _MOST_SAMPLES)

        def read() -> Sound:
            """Read a piece, in parts: a silent hour of 64 channels is a small file."""
            mixed = [np.zeros(0, np.float32)]
            wanted = min(left, most)
            while wanted:
                part = file.read(min(wanted, _MOST_SAMPLES // file.channels), "float32", True)
                if not len(part):
                    break
                mixed.append(np.nan_to_num(part.mean(axis=1)))
                wanted -= len(part)
            return np.concatenate(mixed)

        block = read()
        while len(block):
            left -= len(block)
            ahead = read()
            yield _at_rate(block, file.samplerate), not len(ahead)
            block = ahead


@contextmanager
def _opened(source: Source | Path) -> Iterator[Any]:
    source = Source(source) if isinstance(source, Path) else source
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"Recordings need libsndfile, which cannot be loaded ({error}).",
            "Install it, then restart the studio.",
        ) from error
    if source.data is None and not source.path.name:
        raise BadInput("There is no recording.", "Choose a WAV, FLAC, Ogg or MP3 file.")
    try:
        if source.data is None:
            open_regular(source.path).close()
        readable = source.path if source.data is None else io.BytesIO(source.data)
        with soundfile.SoundFile(readable) as file:
            _check(file, source.name)
            yield file
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"“{source.name}” cannot be read: {reason}.") from error
    except soundfile.LibsndfileError as error:
        raise BadInput(
            f"“{source.name}” can't be read as a recording.",
            "Choose a WAV, FLAC, Ogg or MP3 file.",
        ) from error


def _check(file: Any, name: str) -> None:
    if not _RATES[0] <= file.samplerate <= _RATES[1]:
        raise BadInput(
            f"“{name}” claims a sample rate of {file.samplerate:,} Hz.",
            "Speech needs 4,000 to 768,000. Export the recording again.",
        )
    if not 1 <= file.channels <= 64 or file.frames < 1:
        raise BadInput(f"“{name}” is empty.", "Choose another recording.")
    if file.frames / file.samplerate > LONGEST:
        hours = file.frames / file.samplerate / 3600
        raise BadInput(
            f"“{name}” lasts {hours:,.0f} hours; the limit is {LONGEST // 3600}.",
            "Cut it into parts first.",
        )


def _at_rate(sound: Sound, rate: int) -> Sound:
    from scipy.signal import resample_poly

    if rate == RATE:
        return sound.astype(np.float32)
    ratio = Fraction(RATE, rate).limit_denominator(1000)
    return np.asarray(resample_poly(sound, ratio.numerator, ratio.denominator), np.float32)
