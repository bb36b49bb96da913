"""Transcripts as files of others: plain text, subtitles (SRT, WebVTT), JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from studio_voice.transcripts.transcript import Segment, Transcript, packed


def plain(transcript: Transcript) -> bytes:
    """Return the text."""
    return (transcript.text + "\n").encode()


def srt(transcript: Transcript) -> bytes:
    """Return SubRip subtitles."""
    cues = (
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_lines(cue)}\n"
        for number, cue in enumerate(transcript.segments, 1)
    )
    return "\n".join(cues).encode()


def vtt(transcript: Transcript) -> bytes:
    """Return WebVTT subtitles (W3C); what would be markup there is escaped."""
    cues = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_escaped(_lines(cue))}\n"
        for cue in transcript.segments
    )
    return ("WEBVTT\n\n" + "\n".join(cues)).encode()


FORMATS: Final[Mapping[str, Callable[[Transcript], bytes]]] = {
    ".txt": plain,
    ".srt": srt,
    ".vtt": vtt,
    ".json": packed,
}


def _lines(cue: Segment) -> str:
    # An empty line would end the cue, and an arrow begin another one.
    return " ".join(cue.text.split()).replace("-->", "→") or "…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    whole = max(0, round(seconds * 1000))
    return (
        f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}"
        f"{point}{whole % 1000:03}"
    )
