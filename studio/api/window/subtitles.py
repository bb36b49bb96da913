"""Subtitles of others: SubRip and WebVTT (W3C), of cues with times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from studio.api.stability import since


@since("1.1")
class Cue(NamedTuple):
    """A few words on the screen.

    Attributes:
        start, end: In seconds from the start of the recording.
        words: Start and text of each word, where that is known: players can mark them.
    """

    start: float
    end: float
    text: str
    words: Sequence[tuple[float, str]] = ()


@since("1.1")
def srt(cues: Iterable[Cue]) -> str:
    """Return SubRip subtitles."""
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_line(cue.text) or '…'}\n"
        for number, cue in enumerate(cues, 1)
    )


@since("1.1")
def vtt(cues: Iterable[Cue]) -> str:
    """Return WebVTT subtitles; what would be markup there is escaped."""
    return "WEBVTT\n\n" + "\n".join(
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_marked(cue)}\n" for cue in cues
    )


def _marked(cue: Cue) -> str:
    if not cue.words:
        return _escaped(_line(cue.text)) or "…"
    words = (f"<{_clock(start, '.')}>{_escaped(_line(word))}" for start, word in cue.words)
    return " ".join(words).partition(">")[2]  # the first one begins with the cue


def _line(text: str) -> str:
    # An empty line would end the cue, and an arrow begin another one.
    return " ".join(text.split()).replace("-->", "→")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    whole = max(0, round(seconds * 1000))
    return (
        f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}"
        f"{point}{whole % 1000:03}"
    )
