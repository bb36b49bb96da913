"""A transcript: segments with times, as a file of the library."""

from __future__ import annotations

from typing import Final

import msgspec

from studio.api import BadInput

KIND: Final = "transcript"
SUFFIX: Final = ".json"
_MOST_BYTES: Final = 64 * 2**20
_LONGEST_TITLE: Final = 80


class Word(msgspec.Struct, frozen=True):
    """One word, with the marks behind it; ``start`` and ``end`` as of a segment."""

    start: float
    end: float
    text: str


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A few words; ``start`` and ``end`` in seconds from the start of the recording.

    Attributes:
        words: When each of them was said; empty where that is not known.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()


class Transcript(msgspec.Struct, frozen=True):
    """Transcript of a recording.

    Attributes:
        language: Code of the language of ``segments``: ``en``.
        duration: How many seconds the recording lasts.
        recording: Name of its file.
    """

    segments: tuple[Segment, ...]
    language: str = ""
    duration: float = 0.0
    recording: str = ""

    @property
    def text(self) -> str:
        """All of it, a paragraph where somebody pauses for long."""
        parts: list[str] = []
        before = None
        for segment in self.segments:
            pause = 0.0 if before is None else segment.start - before.end
            parts.append(("\n\n" if pause > 2.0 else " " if parts else "") + segment.text)
            before = segment
        return "".join(parts)


def short_title(text: str) -> str:
    """Shorten a title to fit the library; … marks the cut."""
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1].rstrip()}…"


def packed(transcript: Transcript) -> bytes:
    """Return the bytes of its file: JSON with a line a segment."""
    return msgspec.json.format(msgspec.json.encode(transcript), indent=1) + b"\n"


def unpacked(data: bytes) -> Transcript:
    """Return the transcript in a file.

    Raises:
        BadInput: It is none.
    """
    try:
        if len(data) > _MOST_BYTES:
            raise BadInput("This transcript is too large.")
        return msgspec.json.decode(data, type=Transcript)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput("This is not a transcript, or it is damaged.") from error
