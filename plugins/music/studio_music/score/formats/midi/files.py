"""Standard MIDI Files ↔ pieces. A file of ours carries its whole piece in a meta event besides.

Any program plays it and we lose nothing: the carried piece counts where its notes, tempos and
metres are still those of the file.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, NamedTuple, TypeVar

import msgspec

from studio.api import BadInput
from studio_music.score.formats.midi.events import (
    META,
    Event,
    Header,
    MidiTrack,
    meta,
    read_chunks,
    read_track,
    write_file,
)
from studio_music.score.formats.read_result import ReadResult, once
from studio_music.score.piece import (
    MAX_LYRIC,
    MAX_NOTES,
    MAX_QUARTERS,
    TEMPO_RANGE,
    TICKS,
    Key,
    Metre,
    MetreChange,
    Note,
    Piece,
    Tempo,
    Track,
    checked,
    from_json,
    to_json,
)

MAX_BYTES: Final = 16 << 20
_CARRIED: Final = b"\x7doffline-studio/piece/1\x00"  # 7D: the manufacturer's id that is nobody's
_CARRIED_MOST: Final = 64 << 20
_DRUMS: Final = 9
_SHORTEST: Final = TICKS // 16  # what a note without a length gets: a sixty-fourth
_PITCHED: Final = tuple(channel for channel in range(16) if channel != _DRUMS)


class _Place(NamedTuple):
    """Where a note belongs: its track in the file, its channel and the program it has there."""

    track: int
    port: int
    channel: int
    program: int


def read(data: bytes) -> ReadResult:
    """Return the piece of a MIDI file of form 0, 1 or 2.

    Raises:
        BadInput: It is none, has no notes, or holds more than a piece may.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"This MIDI file is larger than {MAX_BYTES >> 20} MB.",
            "Split it into smaller files.",
        )
    header, chunks = read_chunks(data)
    reading = _Reading(header)
    for number, chunk in enumerate(chunks):
        reading.take(number, read_track(chunk, MAX_NOTES - reading.count))
    piece = checked(reading.piece())
    carried = _carried(reading.carried)
    if carried is not None and _sounding(carried) == _sounding(piece):
        return ReadResult(carried)
    if not reading.count:
        raise BadInput("This MIDI file has no notes.", "Choose another file.")
    return ReadResult(piece, once(reading.remarks))


_Held = defaultdict[tuple[int, int, int], deque[tuple[_Place, Event]]]
"""Notes that sound, the oldest first, by port, channel and pitch."""


class _Reading:
    """State of reading a file."""

    def __init__(self, header: Header) -> None:
        self.remarks: list[str] = []
        self.carried = b""
        self.count = 0
        self._form = header.form
        self._scale = self._scale_of(header.division)
        self._notes: defaultdict[_Place, list[Note]] = defaultdict(list)
        self._names: dict[int, str] = {}
        self._programs: dict[tuple[int, int], int] = {}
        self._controls: dict[tuple[int, int, int], int] = {}
        self._tempos: dict[int, float] = {}
        self._metres: dict[int, Metre] = {}
        self._keys: list[Key] = []
        self._lyrics: defaultdict[int, dict[int, str]] = defaultdict(dict)
        self._end = self._offset = 0

    def _scale_of(self, division: int) -> Fraction:
        """Return how many of our ticks one of the file's is."""
        if division > 0:
            return Fraction(TICKS, division)
        frames, ticks = -(division >> 8), division & 0xFF
        if not division or frames not in (24, 25, 29, 30) or not ticks:
            raise BadInput("This MIDI file has no time resolution.", "Export it again.")
        self.remarks.append("The file uses SMPTE time; it is converted at 120 bpm.")
        rate = Fraction(30_000, 1001) if frames == 29 else Fraction(frames)
        return Fraction(2 * TICKS) / (rate * ticks)

    def _tick(self, tick: int) -> int:
        return self._offset + round(tick * self._scale)

    def take(self, number: int, track: MidiTrack) -> None:
        """Take in the track with this number."""
        if not track.whole:
            self.remarks.append(
                f"Track {number + 1} is damaged; the part before the damage was read."
            )
        held: _Held = defaultdict(deque)
        programs: dict[int, int] = {}
        port = 0
        for event in track.events:
            kind, channel = event.status & 0xF0, event.status & 0x0F
            if event.status == META:
                if event.data[0] == 0x21 and len(event.data) == 2:
                    port = event.data[1]
                else:
                    self._take_meta(number, event)
            elif kind == 0xC0:
                programs[channel] = event.data[0]
                self._programs.setdefault((port, channel), event.data[0])
            elif kind == 0xB0:
                self._controls.setdefault((number, channel, event.data[0]), event.data[1])
            elif kind in (0x80, 0x90):
                place = _Place(number, port, channel, programs.get(channel, -1))
                self._take_note(place, event, held)
        if track.events:
            self._end_stuck(held, track.events[-1].tick)
        self._finish(track.end)

    def _take_note(self, place: _Place, event: Event, held: _Held) -> None:
        pitch, velocity = event.data
        waiting = held[place.port, place.channel, pitch]
        if event.status & 0xF0 == 0x90 and velocity:
            waiting.append((place, event))
            self.count += 1
        elif waiting:
            self._add(*waiting.popleft(), event.tick)

    def _add(self, place: _Place, begun: Event, end: int) -> None:
        start = self._tick(begun.tick)
        if start > MAX_QUARTERS * TICKS or self._tick(end) > MAX_QUARTERS * TICKS:
            raise BadInput(
                f"This MIDI file is too long: it has a note after {start // TICKS:,} quarter "
                "notes.",
                f"The limit is {MAX_QUARTERS:,} quarter notes; remove the silence in it.",
            )
        length = self._tick(end) - start
        if length <= 0:
            length = _SHORTEST
            self.remarks.append("Notes without a length were set to a 64th note.")
        self._notes[place].append(Note(start, begun.data[0], length, begun.data[1]))

    def _end_stuck(self, held: _Held, end: int) -> None:
        stuck = [key_press for waiting in held.values() for key_press in waiting]
        for place, begun in stuck:
            self._add(place, begun, end)
        if stuck:
            self.remarks.append("Notes that never end were ended with their track.")

    def _take_meta(self, number: int, event: Event) -> None:
        kind, data, tick = event.data[0], event.data[1:], self._tick(event.tick)
        if kind == 0x03:
            self._names.setdefault(number, _text(data))
        elif kind == 0x7F and data.startswith(_CARRIED):
            self.carried = data[len(_CARRIED) :]
        elif tick > MAX_QUARTERS * TICKS:
            return  # after all that a piece can hold
        elif kind == 0x05:
            self._lyrics[number].setdefault(tick, _text(data)[:MAX_LYRIC])
        elif kind == 0x51 and len(data) == 3:
            self._tempos[tick] = self._tempo(int.from_bytes(data, "big"))
        elif kind == 0x58 and len(data) >= 2:
            self._take_metre(tick, data[0], data[1])
        elif kind == 0x59 and len(data) == 2:
            fifths = int.from_bytes(data[:1], "big", signed=True)
            if -7 <= fifths <= 7 and data[1] in (0, 1):
                self._keys.append(Key.of_fifths(fifths, "minor" if data[1] else "major"))

    def _tempo(self, microseconds: int) -> float:
        low, high = TEMPO_RANGE
        bpm = 60_000_000 / max(1, microseconds)
        # What we wrote as 96 comes back as 96.
        near = round(bpm, 2)
        bpm = near if _microseconds(near) == microseconds else bpm
        if not low <= bpm <= high:
            self.remarks.append(
                f"A tempo of {bpm:.4g} bpm cannot be played; it was limited to {low:g}–{high:g}."
            )
        return min(high, max(low, bpm))

    def _take_metre(self, tick: int, beats: int, power: int) -> None:
        if 1 <= beats <= 32 and power <= 5:
            self._metres[tick] = Metre(beats, 2**power)
        else:
            self.remarks.append("An invalid time signature was ignored.")

    def _finish(self, end: int) -> None:
        end = self._tick(end)
        if end <= MAX_QUARTERS * TICKS:
            self._end = max(self._end, end)
        else:
            self.remarks.append("Silence at the end was removed.")
        if self._form == 2:
            self._offset = self._end
            self.remarks.append(
                "The patterns of this file were placed one after another as tracks."
            )

    def piece(self) -> Piece:
        """Build a piece from the events read."""
        if len(set(self._keys)) > 1:
            self.remarks.append("The key changes in this file; only the first key was kept.")
        piece = Piece(
            title=self._title(),
            key=self._keys[0] if self._keys else Key(),
            tempos=tuple(Tempo(tick, bpm) for tick, bpm in _from_start(self._tempos, 120.0)),
            metres=tuple(MetreChange(t, m) for t, m in _from_start(self._metres, Metre())),
            length=self._end,
            tracks=tuple(self._tracks()),
        )
        bars = piece.bar_starts()
        last = [change.metre for change in piece.metres if change.tick <= bars[-1]][-1]
        return msgspec.structs.replace(piece, length=bars[-1] + last.bar)

    def _title(self) -> str:
        """Return the name of the first track where it names the whole: it has no notes itself."""
        own = {place.track for place in self._notes}
        alone = self._form == 0 or 0 not in own
        return (self._names.get(0, "") if alone else "") or "Untitled"

    def _tracks(self) -> Iterator[Track]:
        parts = Counter(place.track for place in self._notes)
        for place, notes in sorted(self._notes.items()):
            drums = place.channel == _DRUMS
            name = self._names.get(place.track, "") if self._form else ""
            number = f" {place.channel + 1}" if name and parts[place.track] > 1 else ""
            at = (place.track, place.channel)
            # Some files set all programs in their first track.
            elsewhere = self._programs.get((place.port, place.channel), 0)
            yield Track(
                name=f"{name}{number}" or ("Drums" if drums else f"Track {place.channel + 1}"),
                notes=_sung(tuple(sorted(notes)), self._lyrics[place.track]),
                program=elsewhere if place.program < 0 else place.program,
                drums=drums,
                volume=round(self._controls.get((*at, 7), 102) / 127, 2),
                reverb=round(self._controls.get((*at, 91), 38) / 127, 2),
                pan=round(max(-1.0, (self._controls.get((*at, 10), 64) - 64) / 63), 2),
            )


Changed = TypeVar("Changed")


def _from_start(changes: dict[int, Changed], default: Changed) -> list[tuple[int, Changed]]:
    """Return the changes in order; the first one counts from the start on."""
    ordered = sorted(changes.items()) or [(0, default)]
    return ordered if ordered[0][0] == 0 else [(0, default), *ordered]


def _sung(notes: tuple[Note, ...], lyrics: dict[int, str]) -> tuple[Note, ...]:
    """Return notes with the syllables at their starts; of a chord the lowest note has it."""
    left = dict(lyrics)
    return tuple(
        msgspec.structs.replace(note, lyric=left.pop(note.start)) if note.start in left else note
        for note in notes
    )


def _text(data: bytes) -> str:
    """Return a name in UTF-8, or in what older programs write."""
    try:
        text = data[:400].decode("utf-8")
    except UnicodeDecodeError:
        text = data[:400].decode("cp1252", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:80]


def _carried(data: bytes) -> Piece | None:
    """Return the piece in our meta event, None where there is none that can be used."""
    if not data:
        return None
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(data, _CARRIED_MOST)
        return from_json(text) if unpacking.eof else None
    except (zlib.error, BadInput):
        return None  # another program changed it: then the file's own notes count


def _sounding(piece: Piece) -> tuple[object, ...]:
    """Return the stored content of a piece, however its notes overlap."""
    notes = [(track.drums, note) for track in piece.tracks for note in track.notes]
    return (
        sorted((drums, note.start, note.pitch, note.velocity) for drums, note in notes),
        sorted((drums, note.end, note.pitch) for drums, note in notes),
        [(tempo.tick, _microseconds(tempo.bpm)) for tempo in piece.tempos],
        piece.metres,
    )


# ---- writing -----------------------------------------------------------------------------------


def write(piece: Piece) -> bytes:
    """Return the piece as a file of form 1, a track each, drums on channel 10.

    Where the fifteen channels of one port are not enough, further tracks go to further ports.
    """
    piece = checked(piece)
    end = piece.end
    tracks = [(_conductor(piece), end)]
    pitched = 0
    for track in piece.tracks:
        port, channel = (0, _DRUMS) if track.drums else divmod(pitched, len(_PITCHED))
        channel = _DRUMS if track.drums else _PITCHED[channel]
        pitched += not track.drums
        tracks.append((_track(track, port, channel), end))
    return write_file(tracks, TICKS)


def _conductor(piece: Piece) -> list[Event]:
    minor = piece.key.mode == "minor"
    changes = [
        *(meta(t.tick, 0x51, _microseconds(t.bpm).to_bytes(3, "big")) for t in piece.tempos),
        *(meta(c.tick, 0x58, _metre(c.metre)) for c in piece.metres),
    ]
    return [
        meta(0, 0x03, piece.title.encode()),
        meta(0, 0x59, bytes([piece.key.fifths & 0xFF, minor])),
        meta(0, 0x7F, _CARRIED + zlib.compress(to_json(piece), 6)),
        *sorted(changes, key=lambda event: event.tick),
    ]


def _microseconds(bpm: float) -> int:
    return round(60_000_000 / bpm)


def _metre(metre: Metre) -> bytes:
    beat = 36 if metre.unit == 8 and metre.beats % 3 == 0 else 96 // metre.unit
    return bytes([metre.beats, metre.unit.bit_length() - 1, max(1, beat), 8])


def _track(track: Track, port: int, channel: int) -> list[Event]:
    head = [
        meta(0, 0x03, track.name.encode()),
        meta(0, 0x21, bytes([port])),
        Event(0, 0xB0 | channel, bytes([7, min(127, max(0, round(track.volume * 127)))])),
        Event(0, 0xB0 | channel, bytes([10, min(127, max(0, 64 + round(track.pan * 63)))])),
        Event(0, 0xB0 | channel, bytes([91, min(127, max(0, round(track.reverb * 127)))])),
        Event(0, 0xC0 | channel, bytes([0 if track.drums else track.program])),
    ]
    notes = [
        *(meta(n.start, 0x05, n.lyric.encode()) for n in track.notes if n.lyric),
        *(Event(n.start, 0x90 | channel, bytes([n.pitch, n.velocity])) for n in track.notes),
        *(Event(n.end, 0x80 | channel, bytes([n.pitch, 64])) for n in track.notes),
    ]
    # Ends go first within a tick, so that a repeated note is struck again.
    return head + sorted(notes, key=lambda event: (event.tick, event.status & 0x10))
