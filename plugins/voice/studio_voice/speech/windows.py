"""From where somebody speaks to windows of at most thirty seconds that a network hears at once."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio_voice.speech.detector import HOP
from studio_voice.speech.recordings import RATE
from studio_voice.whisper.spectrogram import SECONDS

_DOUBT: Final = 0.15
"""So much less likely than what begins speech is what ends it; between the two it goes on."""
_SHORTEST: Final = 0.2
_SHORTEST_PAUSE: Final = 0.3
_AROUND: Final = 0.2
"""Seconds that are heard before the first sound and behind the last: consonants are soft."""
_FRAME: Final = HOP / RATE


class Span(NamedTuple):
    """A piece of a recording; ``start`` and ``end`` in seconds."""

    start: float
    end: float


def spoken(shares: NDArray[np.float32], least: float = 0.5) -> list[Span]:
    """Return where somebody speaks, by how likely each 32 ms is speech; ``least`` begins some."""
    spans: list[Span] = []
    begun: int | None = None
    quiet = 0
    for place, share in enumerate(shares.tolist()):
        if share >= least:
            begun, quiet = place if begun is None else begun, 0
        elif begun is not None and share < least - min(_DOUBT, least / 2):
            quiet += 1
            if quiet * _FRAME >= _SHORTEST_PAUSE:
                spans.append(Span(begun * _FRAME, (place + 1 - quiet) * _FRAME))
                begun, quiet = None, 0
    if begun is not None:
        spans.append(Span(begun * _FRAME, (len(shares) - quiet) * _FRAME))
    return [span for span in spans if span.end - span.start >= _SHORTEST]


def windows(spans: list[Span], shares: NDArray[np.float32], seconds: float) -> list[Span]:
    """Return windows of up to thirty seconds that hold all ``spans``, cut in pauses.

    Speech without a pause is cut where it is least likely to be speech.
    """
    found: list[Span] = []
    for span in _short_enough(spans, shares):
        start, end = max(0.0, span.start - _AROUND), min(seconds, span.end + _AROUND)
        if found and end - found[-1].start <= SECONDS:
            found[-1] = Span(found[-1].start, end)
        else:
            found.append(Span(max(start, found[-1].end if found else 0.0), end))
    return found


def _short_enough(spans: list[Span], shares: NDArray[np.float32]) -> list[Span]:
    longest = SECONDS - 2 * _AROUND
    parts: list[Span] = []
    for span in spans:
        start = span.start
        while span.end - start > longest:
            first = round((start + longest / 2) / _FRAME)
            last = int((start + longest) / _FRAME)
            cut = (first + int(shares[first:last].argmin())) * _FRAME
            parts.append(Span(start, cut))
            start = cut
        parts.append(Span(start, span.end))
    return parts
