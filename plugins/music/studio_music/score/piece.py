"""A piece of music as both halves of the plugin see it: tracks of notes on a grid of ticks.

Plain data and its JSON. Knows neither files of others, nor sound, nor Qt, nor torch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from studio.api import BadInput

TICKS: Final = 480
"""Ticks of a quarter note. Every place and length in a piece is a whole number of them."""

MAX_NOTES: Final = 100_000
MAX_TRACKS: Final = 256
MAX_LYRIC: Final = 60
MAX_VERSES: Final = 8
LOUDNESS: Final = {
    "pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 124,
    "ffff": 127,
}  # fmt: skip
"""The velocity of each dynamic."""
HAIRPINS: Final = ("crescendo", "diminuendo")
ACCENTS: Final = {"accent": 14, "marcato": 24}
"""The signs over single notes, and by how much velocity each makes them louder."""
MAX_QUARTERS: Final = 40_000
TEMPO_RANGE: Final = (20.0, 400.0)
ROOM_RANGE: Final = (0.2, 6.0)

_TONICS: Final = {
    "major": ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"),
    "minor": ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"),
}
_STEPS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SCALES: Final = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


class Note(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """One note: ``start`` and ``length`` in ticks, MIDI ``pitch`` 0…127, ``velocity`` 1…127.

    ``lyric`` is the syllable that is sung on it, "" for none: with a hyphen at its end where the
    word goes on, and "_" where the syllable before is held. ``verses``: those of further verses.
    ``accent`` is a key of ``ACCENTS``, "" for none: a sign, of which ``velocity`` has the effect.
    """

    start: int
    pitch: int
    length: int
    velocity: int = 80
    lyric: str = ""
    verses: tuple[str, ...] = ()
    accent: str = ""

    @property
    def sung(self) -> tuple[str, ...]:
        """The syllable of each verse; empty where none has one."""
        return (self.lyric, *self.verses) if self.lyric or self.verses else ()

    @property
    def end(self) -> int:
        """The first tick at which it no longer sounds."""
        return self.start + self.length


def singing(syllables: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a note on which these are sung, one a verse; no verse is empty behind.

    What is more than a piece may have is left out.
    """
    verses = list(syllables[:MAX_VERSES])
    while verses and not verses[-1]:
        verses.pop()
    return {"lyric": verses[0] if verses else "", "verses": tuple(verses[1:])}


class Dynamic(msgspec.Struct, frozen=True, order=True):
    """A dynamic from ``tick`` on: "p", "mf", …; or a hairpin up to ``end``.

    A sign of notation: how loud the notes are is in their velocities, which follow it when it is
    put there (``theory.dynamics``).
    """

    tick: int
    sign: str
    end: int = 0


class Track(msgspec.Struct, frozen=True):
    """Notes of one instrument, ordered by start, then pitch.

    Attributes:
        program: General MIDI program, 0…127; of no meaning when ``drums``.
        role: What it is in the piece: "melody", "chords", "bass", "drums", "soprano", "alto",
            "tenor", "bass voice" or "".
        volume: 0…1, as a factor on the amplitude. ``pan``: −1 (left) … 1 (right).
        dynamics: Its signs, in order.
        reverb: 0…1: how much of it is sent to the room; MIDI's controller 91.
        compression: 0 (none) … 1: how far its loud notes are turned down, before ``volume``.
    """

    name: str
    notes: tuple[Note, ...] = ()
    program: int = 0
    drums: bool = False
    role: str = ""
    volume: float = 0.8
    pan: float = 0.0
    muted: bool = False
    solo: bool = False
    dynamics: tuple[Dynamic, ...] = ()
    reverb: float = 0.3
    compression: float = 0.0


class Mix(msgspec.Struct, frozen=True):
    """Settings of the shared mix bus.

    Attributes:
        room: Seconds in which the room dies away by 60 dB.
        compression: 0 (none) … 1: how far loud passages are turned down.
    """

    room: float = 1.3
    compression: float = 0.0


class Key(msgspec.Struct, frozen=True):
    """A key: ``tonic`` as written ("D", "Bb", "F#") and ``mode``, "major" or "minor"."""

    tonic: str = "C"
    mode: str = "major"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Return the key that a person wrote: "D minor", "Bb", "f# min", "Am"."""
        words = text.strip().replace("♭", "b").replace("♯", "#").split()
        head = words[0] if words else ""
        tail = " ".join(words[1:]).lower()
        if head.endswith("m") and not tail:
            head, tail = head[:-1], "minor"
        tonic = head[:1].upper() + head[1:]
        mode = {"": "major", "maj": "major", "major": "major", "min": "minor", "minor": "minor"}
        if tail not in mode or tonic not in _TONICS[mode[tail]]:
            raise BadInput(
                f"“{text[:40]}” is not a key.", "Use a key such as “D minor” or “Bb major”."
            )
        return cls(tonic, mode[tail])

    @classmethod
    def of_fifths(cls, fifths: int, mode: str = "major") -> Key:
        """Return the key with so many sharps (negative: flats), −7…7."""
        return cls(_TONICS[mode][fifths + 7], mode)

    @property
    def fifths(self) -> int:
        """Sharps of its signature; negative for flats."""
        return _TONICS[self.mode].index(self.tonic) - 7

    @property
    def pitch_class(self) -> int:
        """Pitch class of the tonic, 0 for C … 11 for B."""
        return (_STEPS[self.tonic[0]] + self.tonic.count("#") - self.tonic[1:].count("b")) % 12

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes of the (natural) scale, tonic first."""
        return tuple((self.pitch_class + step) % 12 for step in _SCALES[self.mode])

    def __str__(self) -> str:
        return f"{self.tonic} {self.mode}"


class Metre(msgspec.Struct, frozen=True):
    """A time signature."""

    beats: int = 4
    unit: int = 4

    @property
    def bar(self) -> int:
        """Ticks of a bar."""
        return self.beats * 4 * TICKS // self.unit

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"


class Tempo(msgspec.Struct, frozen=True):
    """From ``tick`` on, ``bpm`` quarter notes a minute."""

    tick: int
    bpm: float


class MetreChange(msgspec.Struct, frozen=True):
    """From ``tick`` on (the start of a bar), another time signature."""

    tick: int
    metre: Metre


class Chord(msgspec.Struct, frozen=True):
    """A chord symbol over the music: "Dm", "G7", "Bb/D"."""

    tick: int
    symbol: str


class Piece(msgspec.Struct, frozen=True):
    """A whole piece. Immutable: an edit makes another (``msgspec.structs.replace``).

    Attributes:
        tempos: At least one, the first at tick 0. ``metres``: the same.
        length: Ticks it lasts, rests at its end included; whole bars for what is made here.
        figured: Its score has a figured bass, where it is for four voices.
        pickup: Ticks of an incomplete first bar; 0 for none. The first full bar begins there.
    """

    title: str = "Untitled"
    key: Key = Key()
    tempos: tuple[Tempo, ...] = (Tempo(0, 100.0),)
    metres: tuple[MetreChange, ...] = (MetreChange(0, Metre()),)
    length: int = 0
    pickup: int = 0
    tracks: tuple[Track, ...] = ()
    chords: tuple[Chord, ...] = ()
    figured: bool = False
    mix: Mix = Mix()

    @property
    def tempo(self) -> float:
        """Quarter notes a minute at the start."""
        return self.tempos[0].bpm

    @property
    def metre(self) -> Metre:
        """The time signature at the start."""
        return self.metres[0].metre

    @property
    def end(self) -> int:
        """``length``, or the end of the last note where that is later."""
        ends = (note.end for track in self.tracks for note in track.notes)
        return max(self.length, max(ends, default=0))

    def seconds(self, tick: int) -> float:
        """Return when ``tick`` sounds, in seconds from the start."""
        time, before = 0.0, self.tempos[0]
        for change in self.tempos[1:]:
            if change.tick >= tick:
                break
            time += (change.tick - before.tick) * 60 / before.bpm / TICKS
            before = change
        return time + (tick - before.tick) * 60 / before.bpm / TICKS

    def bar_starts(self) -> list[int]:
        """Return the first tick of every bar up to the end; a pickup counts as a bar of its own."""
        starts, tick, end = ([0] if self.pickup else []), self.pickup, max(self.end, 1)
        changes = sorted(self.metres, key=lambda change: change.tick)
        while tick < end:
            starts.append(tick)
            now = bisect_right(changes, tick, key=lambda change: change.tick) - 1
            tick += max(1, (changes[now].metre if changes else Metre()).bar)
        return starts


def to_json(piece: Piece) -> bytes:
    """Return the piece as JSON, the content of a ``score`` artifact."""
    return msgspec.json.encode(piece)


def from_json(data: bytes) -> Piece:
    """Return the piece of ``to_json``, checked: bounds, order, at least one tempo and metre.

    Raises:
        BadInput: it is not such a file, or it holds more than a piece may.
    """
    try:
        piece = msgspec.json.decode(data, type=Piece)
    except msgspec.DecodeError as error:
        raise BadInput(f"This is not a piece from Offline Studio: {error}.") from error
    return checked(piece)


def checked(piece: Piece) -> Piece:
    """Return ``piece`` with its notes in order, or raise ``BadInput`` where it breaks a bound."""
    if len(piece.tracks) > MAX_TRACKS:
        raise BadInput(
            f"A piece can have at most {MAX_TRACKS} tracks; this one has {len(piece.tracks)}."
        )
    count = sum(len(track.notes) for track in piece.tracks)
    if count > MAX_NOTES:
        raise BadInput(f"A piece can have at most {MAX_NOTES:,} notes; this one has {count:,}.")
    if not piece.tempos or not piece.metres or piece.tempos[0].tick or piece.metres[0].tick:
        raise BadInput("A piece needs a tempo and a time signature at its start.")
    low, high = TEMPO_RANGE
    for tempo in piece.tempos:
        if not low <= tempo.bpm <= high:
            raise BadInput(
                f"A tempo of {tempo.bpm:g} quarter notes per minute cannot be played.",
                f"Choose a tempo from {low:g} to {high:g}.",
            )
    for change in piece.metres:
        metre = change.metre
        if not 1 <= metre.beats <= 32 or metre.unit not in (1, 2, 4, 8, 16, 32):
            raise BadInput(f"{metre} is not a valid time signature.")
    low, high = ROOM_RANGE
    if not low <= piece.mix.room <= high:
        raise BadInput(f"The reverb of a piece lasts from {low:g} to {high:g} seconds.")
    if not 0 <= piece.mix.compression <= 1:
        raise BadInput("The compression of a piece is from 0 to 1.")
    for track in piece.tracks:
        if not 0 <= track.reverb <= 1:
            raise BadInput(f"The reverb of “{track.name[:40]}” is not from 0 to 1.")
        if not 0 <= track.compression <= 1:
            raise BadInput(f"The compression of “{track.name[:40]}” is not from 0 to 1.")
        for note in track.notes:
            if not (note.start >= 0 and note.length > 0 and 0 <= note.pitch <= 127):
                raise BadInput(f"A note of “{track.name[:40]}” is outside the piece.")
            if not 1 <= note.velocity <= 127:
                raise BadInput(f"A note of “{track.name[:40]}” has an invalid velocity.")
            if note.accent and note.accent not in ACCENTS:
                raise BadInput(f"A note of “{track.name[:40]}” has an invalid accent.")
            if len(note.verses) >= MAX_VERSES:
                raise BadInput(f"A piece can have at most {MAX_VERSES} verses.")
            if any(len(syllable) > MAX_LYRIC for syllable in note.sung):
                raise BadInput(f"A syllable of “{track.name[:40]}” is too long.")
        for dynamic in track.dynamics:
            if dynamic.tick < 0 or (dynamic.sign not in LOUDNESS and dynamic.sign not in HAIRPINS):
                raise BadInput(f"“{track.name[:40]}” has an invalid dynamic.")
    if piece.end > MAX_QUARTERS * TICKS:
        raise BadInput("This piece is too long.", f"The limit is {MAX_QUARTERS:,} quarter notes.")
    tracks = tuple(
        msgspec.structs.replace(
            track, notes=tuple(sorted(track.notes)), dynamics=tuple(sorted(track.dynamics))
        )
        for track in piece.tracks
    )
    return msgspec.structs.replace(piece, tracks=tracks)
