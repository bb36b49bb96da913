"""Transcripts as files of others: plain text, subtitles (SRT, WebVTT), JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from studio.api.window.subtitles import Cue
from studio.api.window.subtitles import srt as to_srt
from studio.api.window.subtitles import vtt as to_vtt
from studio_voice.transcripts.transcript import Transcript, packed


def plain(transcript: Transcript) -> bytes:
    """Return the text."""
    return (transcript.text + "\n").encode()


def srt(transcript: Transcript) -> bytes:
    """Return SubRip subtitles."""
    return to_srt(_cues(transcript)).encode()


def vtt(transcript: Transcript) -> bytes:
    """Return WebVTT subtitles, with the time of each word that has one."""
    return to_vtt(_cues(transcript)).encode()


FORMATS: Final[Mapping[str, Callable[[Transcript], bytes]]] = {
    ".txt": plain,
    ".srt": srt,
    ".vtt": vtt,
    ".json": packed,
}


def _cues(transcript: Transcript) -> Iterator[Cue]:
    for segment in transcript.segments:
        yield Cue(
            segment.start, segment.end, segment.text, [(w.start, w.text) for w in segment.words]
        )
