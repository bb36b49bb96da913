"""From where somebody speaks to windows of at most thirty seconds that a network hears at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
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
_LONGEST_PAUSE: Final = 2.0
"""Seconds of silence within a window; behind a longer one Whisper is apt to end too early."""
_SHORTEST_GAP: Final = 0.5
"""Seconds; a shorter sound is a cough as often as a word."""
_GAP_SHARE: Final = 0.6
"""Of a span of speech: less may be how loosely Whisper tells times."""
_LONG_GAP: Final = 3.0
"""Seconds that are never looseness."""
_FEWEST_LETTERS: Final = 5.0
"""Letters a second of speech; people who speak slowly come to twice as many."""
_FRAME: Final = HOP / RATE


class Span(NamedTuple):
    """A piece of a recording; ``start`` and ``end`` in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start

    def overlap(self, other: Span) -> float:
        """Count the seconds that both share."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def around(self, bounds: Span) -> Span:
        """Widen it by a margin for soft speech at its ends, within ``bounds``."""
        return Span(max(bounds.start, self.start - _AROUND), min(bounds.end, self.end + _AROUND))


class Window(NamedTuple):
    """Input window of a network, and the spans of speech in it."""

    span: Span
    speech: tuple[Span, ...]


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


def windows(spans: list[Span], shares: NDArray[np.float32], seconds: float) -> list[Window]:
    """Gather ``spans`` in windows of up to thirty seconds, cut in pauses and in each long one.

    Speech without a pause is cut where it is least likely to be speech.
    """
    gathered: list[Window] = []
    for span in _short_enough(spans, shares):
        before = gathered[-1] if gathered else Window(Span(0.0, 0.0), ())
        wide = span.around(Span(before.span.end if before.speech else 0.0, seconds))
        pause = span.start - before.speech[-1].end if before.speech else seconds
        if pause <= _LONGEST_PAUSE and wide.end - before.span.start <= SECONDS:
            *earlier, last = before.speech
            joined = (Span(last.start, span.end),) if not pause else (last, span)
            gathered[-1] = Window(Span(before.span.start, wide.end), (*earlier, *joined))
        else:
            gathered.append(Window(wide, (span,)))
    return gathered


def missed(speech: Sequence[Span], written: Sequence[Span]) -> list[Span]:
    """Return the spans of speech that ``written`` leaves out; ``written`` is in order."""
    gaps = list[Span]()
    for span in speech:
        start = span.start
        for text in [*written, Span(span.end, span.end)]:
            gap = Span(start, min(text.start, span.end))
            if gap.seconds >= min(_LONG_GAP, max(_SHORTEST_GAP, _GAP_SHARE * span.seconds)):
                gaps.append(gap)
            start = max(start, text.end)
    return gaps


def is_stretched(text: str, span: Span, speech: Sequence[Span]) -> bool:
    """Tell whether a text is too short for the speech it is said to be: some of it is missing."""
    parts = [part for part in speech if part.overlap(span) > 0]
    has_pause = any(before.end < after.start for before, after in pairwise(parts))
    return has_pause and len(text) < _FEWEST_LETTERS * sum(part.overlap(span) for part in parts)


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
