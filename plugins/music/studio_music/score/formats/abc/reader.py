"""ABC tunes as pieces. ABC 2.1 as fiddle tunes use it; the first tune of a file is taken."""

from __future__ import annotations

import re
from typing import Final

from studio.api import BadInput
from studio_music.score.formats.abc.voice import VoiceReader
from studio_music.score.formats.notated_score import Score, WrittenPart
from studio_music.score.formats.read_result import ReadResult, once
from studio_music.score.piece import MAX_TRACKS, Track, checked

MAX_BYTES: Final = 8 << 20
_MAX_TUNE: Final = 1 << 20
_FIELD: Final = re.compile(r"([A-Za-z+]):(.*)")
_NOTES: Final = "ABCDEFGabcdefgzx"
_VOICE: Final = re.compile(r"\s*(\S+)")
_NAME: Final = re.compile(r'(?:name|nm)="([^"]*)"')
_START: Final = re.compile(r"^X:", re.MULTILINE)


def looks_like(start: bytes) -> bool:
    """Return whether a file that begins so is ABC: a tune number before its title or key."""
    number = re.search(rb"^X: *\d", start, re.MULTILINE)
    return number is not None and re.search(rb"(?m)^[TK]:", start[number.end() :]) is not None


def read(data: bytes) -> ReadResult:
    """Return the first tune of an ABC file as a piece.

    Raises:
        BadInput: There is no tune in it, it has no notes, or it is too large.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"This ABC file is larger than {MAX_BYTES >> 20} MB.", "Split it into smaller files."
        )
    texts = tunes(data)
    if not texts:
        raise BadInput(
            "There is no tune in this file: an ABC tune starts with “X:” and has a key, “K:”.",
            "Choose an ABC file.",
        )
    opened = read_tune(texts[0])
    if len(texts) == 1:
        return opened
    remark = f"The file contains {len(texts):,} tunes; only the first was opened."
    return ReadResult(opened.piece, (remark, *opened.remarks))


def tunes(data: bytes) -> list[str]:
    """Return the text of each tune in a file: from its ``X:`` to the next."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    starts = [match.start() for match in _START.finditer(text)]
    parts = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)])]
    return [part for part in parts if re.search(r"^K:", part, re.MULTILINE)]


def read_tune(text: str) -> ReadResult:
    """Return the piece of one tune.

    Raises:
        BadInput: It has no notes, or holds more than a piece may.
    """
    if len(text) > _MAX_TUNE:
        raise BadInput("This tune is too long.", "Split it into smaller parts.")
    reader = _Tune()
    for line in text.split("\n"):
        reader.take(line)
    piece = Score(reader.title or "Untitled", reader.parts(), reader.remarks).piece()
    return ReadResult(checked(piece), once(reader.remarks))


class _Tune:
    """A tune, line by line."""

    def __init__(self) -> None:
        self.title = ""
        self.remarks: list[str] = []
        self._header: dict[str, str] = {}
        self._in_body = False
        self._voices: dict[str, VoiceReader] = {}
        self._tracks: dict[str, Track] = {}
        self._now = "1"

    def take(self, line: str) -> None:
        """Take the next line."""
        if line.startswith("%%"):
            self._directive(line[2:])
            return
        line = re.split(r"(?<!\\)%", line, maxsplit=1)[0].rstrip()
        field = _FIELD.match(line)
        # "A:|" in the music is a note before a bar line.
        if field and not (self._in_body and field[1] in _NOTES and field[2][:1] in ("|", ":")):
            self._field(field[1], field[2].strip())
        elif self._in_body and line:
            self._voice().take_music(line)

    def _field(self, name: str, text: str) -> None:
        if name == "T" and not self.title:
            self.title = " ".join(text.replace("\\%", "%").split())[:200]
        elif name == "V":
            self._switch(text)
        elif name in "KLMQ" and self._in_body:
            self._voice().take_field(name, text)
        elif name == "w" and self._in_body:
            self._voice().take_words(text)
        elif name in "KLMQ":
            if name != "Q":
                self._header[name] = text
            self._header.setdefault(name, text)
            self._in_body = name == "K"

    def _switch(self, text: str) -> None:
        match = _VOICE.match(text)
        if not match:
            return
        self._now = match[1]
        name = _NAME.search(text)
        track = self._tracks.get(self._now, Track(f"Voice {self._now}"))
        drums = track.drums or "clef=perc" in text
        self._tracks[self._now] = Track(
            name[1][:80] if name else track.name, program=track.program, drums=drums
        )

    def _directive(self, text: str) -> None:
        """Take what plays a voice, as abc2midi wants it said."""
        words = text.split()
        if len(words) < 3 or words[0] != "MIDI" or not words[-1].isdigit():
            return
        track = self._tracks.get(self._now, Track("Tune" if self._now == "1" else self._now))
        program, drums = track.program, track.drums
        if words[1] == "program":
            program = min(127, int(words[-1][:4]))
        if words[1] == "channel":
            drums = words[-1] == "10"
        self._tracks[self._now] = Track(track.name, program=program, drums=drums)

    def _voice(self) -> VoiceReader:
        if self._now not in self._voices:
            if len(self._voices) >= MAX_TRACKS:
                raise BadInput(f"A piece has at most {MAX_TRACKS} tracks; this tune has more.")
            reader = VoiceReader(self.remarks, self._switched)
            for name in sorted(self._header, key="MLQK".index):
                reader.take_field(name, self._header[name])
            self._voices[self._now] = reader
        return self._voices[self._now]

    def _switched(self, text: str) -> VoiceReader:
        """Return the voice that an inline field goes on with."""
        self._switch(text)
        return self._voice()

    def parts(self) -> list[WrittenPart]:
        """Return the voices that have music."""
        parts = []
        for number, (name, reader) in enumerate(self._voices.items(), 1):
            fallback = Track("Tune" if len(self._voices) == 1 else f"Voice {number}")
            parts.append(WrittenPart(self._tracks.get(name, fallback), reader.finish()))
        return parts
