"""A score as it is written, bar by bar and part by part, and how it becomes a piece when played.

What readers of MusicXML and ABC share: repeats written out, ties joined, changes put in time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

from msgspec.structs import replace

from studio.api import BadInput
from studio_music.score.formats.repeats import Marks, played
from studio_music.score.piece import (
    MAX_NOTES,
    MAX_QUARTERS,
    TEMPO_RANGE,
    TICKS,
    Chord,
    Dynamic,
    Key,
    Metre,
    MetreChange,
    Note,
    Piece,
    Tempo,
    Track,
    singing,
)
from studio_music.score.theory.dynamics import led


class WrittenNote(NamedTuple):
    """A sounding note from ``start`` ticks of its bar on, and its ties.

    ``place`` is its letter and octave, where tied notes are matched by that; ``sung`` its
    syllables, one a verse; ``accent`` as in ``Note``, not yet in the velocity.
    """

    start: int
    length: int
    pitch: int
    velocity: int
    tied: bool
    ties: bool
    voice: str
    place: tuple[str, int] = ("", 0)
    sung: tuple[str, ...] = ()
    accent: str = ""


_TEMPO: Final = 100.0  # where a score says none


@dataclass
class WrittenBar:
    """One bar: places are ticks from its start.

    ``dynamics``: place, sign, and for the ends of hairpins their number; "" ends one.
    """

    notes: list[WrittenNote] = field(default_factory=list)
    length: int = 0
    tempos: list[tuple[int, float]] = field(default_factory=list)
    chords: list[tuple[int, str]] = field(default_factory=list)
    dynamics: list[tuple[int, str, str]] = field(default_factory=list)
    metre: Metre | None = None
    key: Key | None = None
    begins: bool = False
    times: int = 0
    endings: frozenset[int] = frozenset()

    @property
    def marks(self) -> Marks:
        """Its repeats."""
        return Marks(self.begins, self.times, self.endings)


@dataclass
class WrittenPart:
    """A part: a track that has no notes yet, and its bars.

    ``has_velocities``: its notes say how loud they are, whatever the signs say.
    """

    track: Track
    bars: list[WrittenBar]
    has_velocities: bool = False


class Score:
    """A whole score, laid out in time as it is played."""

    def __init__(self, title: str, parts: Sequence[WrittenPart], remarks: list[str]) -> None:
        self._title = title
        self._parts = parts
        self._remarks = remarks
        count = max((len(part.bars) for part in parts), default=0)
        silence = WrittenBar()
        self._bars = [
            [part.bars[at] if at < len(part.bars) else silence for part in parts]
            for at in range(count)
        ]
        self._order = played([_marks(together) for together in self._bars])
        if len(self._order) > count:
            remarks.append("Repeats were written out.")
        self._metres = self._read_metres()
        self._starts = self._lay_out()

    def _read_metres(self) -> list[Metre]:
        """Return the metre of each bar as written."""
        metre, metres = Metre(), []
        for together in self._bars:
            metre = next((bar.metre for bar in together if bar.metre), metre)
            metres.append(metre)
        return metres

    def _lay_out(self) -> list[int]:
        """Return where each bar begins in the order of playing, and where the last one ends."""
        starts = [0]
        for at in self._order:
            length = max(bar.length for bar in self._bars[at]) or self._metres[at].bar
            starts.append(starts[-1] + length)
        return starts

    def _played(self) -> Iterator[tuple[int, list[WrittenBar]]]:
        for start, at in zip(self._starts, self._order):
            yield start, self._bars[at]

    def piece(self) -> Piece:
        """Return the score as a piece.

        Raises:
            BadInput: It has no notes, or with its repeats too many.
        """
        metres = [self._metres[at] for at in self._order] or [Metre()]
        tracks = tuple(map(self._track, range(len(self._parts))))
        if not any(track.notes for track in tracks):
            raise BadInput("This score has no notes.", "Choose another file.")
        if self._starts[-1] > MAX_QUARTERS * TICKS:  # before its bars are counted one by one
            raise BadInput(
                "This piece is too long.", f"The limit is {MAX_QUARTERS:,} quarter notes."
            )
        first = self._starts[1]
        piece = Piece(
            title=self._title,
            key=self._key(),
            tempos=tuple(self._tempos()),
            metres=tuple(_changes(self._starts, metres)),
            length=self._starts[-1],
            pickup=first if first < metres[0].bar and len(metres) > 1 else 0,
            tracks=tracks,
            chords=self._chords(),
        )
        self._count_bars(piece, metres)
        return piece

    def _count_bars(self, piece: Piece, metres: list[Metre]) -> None:
        """Say where bars have too few or too many beats, so that later ones lie elsewhere."""
        expected = set(piece.bar_starts())
        spans = zip(self._starts, self._starts[1:], metres)
        whole = [start for start, end, metre in spans if end - start == metre.bar]
        if any(start not in expected for start in whole):
            self._remarks.append("Some bars have the wrong length, so bar lines may have moved.")

    def _key(self) -> Key:
        parts = [[bar.key for bar in part.bars if bar.key] for part in self._parts]
        if any(len({*keys}) > 1 for keys in parts):
            self._remarks.append("The key changes in this score; only the first key was kept.")
        pitched = [keys for keys, part in zip(parts, self._parts) if not part.track.drums]
        return next((keys[0] for keys in [*pitched, *parts] if keys), Key())

    def _tempos(self) -> list[Tempo]:
        by_tick: dict[int, float] = {}
        low, high = TEMPO_RANGE
        for start, together in self._played():
            for place, bpm in (tempo for bar in together for tempo in bar.tempos):
                if not low <= bpm <= high:
                    self._remarks.append(
                        f"A tempo of {bpm:.4g} bpm cannot be played; it was limited to "
                        f"{low:g}–{high:g}."
                    )
                by_tick.setdefault(start + place, min(high, max(low, bpm)))
        tempos = [
            Tempo(0, by_tick[min(by_tick)] if by_tick else _TEMPO)
        ]  # the first counts from the start
        for tick in sorted(by_tick):
            if by_tick[tick] != tempos[-1].bpm:
                tempos.append(Tempo(tick, by_tick[tick]))
        return tempos

    def _chords(self) -> tuple[Chord, ...]:
        symbols: dict[int, str] = {}
        for start, together in self._played():
            for place, symbol in (chord for bar in together for chord in bar.chords):
                symbols.setdefault(start + place, symbol)
        return tuple(Chord(tick, symbols[tick]) for tick in sorted(symbols))

    def _track(self, part: int) -> Track:
        """Return the track of a part; without velocities its signs and accents make them."""
        written = self._parts[part]
        notes, dynamics = tuple(sorted(self._notes(part))), self._dynamics(part)
        if not written.has_velocities:
            notes = led(notes, dynamics)
        return replace(written.track, notes=notes, dynamics=dynamics)

    def _dynamics(self, part: int) -> tuple[Dynamic, ...]:
        """Return the dynamics of a part in the order of playing; hairpins end where they say."""
        dynamics: list[Dynamic] = []
        begun: dict[str, tuple[int, str]] = {}
        for begin, together in self._played():
            for place, sign, number in sorted(together[part].dynamics, key=itemgetter(0)):
                tick = begin + place
                if number and sign:
                    begun[number] = (tick, sign)
                elif number and number in begun:
                    start, sign = begun.pop(number)
                    dynamics += [Dynamic(start, sign, tick)] if tick > start else []
                elif sign:
                    dynamics.append(Dynamic(tick, sign))
                if len(dynamics) > MAX_NOTES:
                    raise BadInput("This score has too many dynamics.")
        dynamics += [Dynamic(start, sign, self._starts[-1]) for start, sign in begun.values()]
        return tuple(sorted(set(dynamics)))

    def _notes(self, part: int) -> list[Note]:
        """Return the notes of a part in the order of playing, tied ones as one."""
        notes: list[Note] = []
        ties = _Ties()
        often, turns = Counter(self._order), Counter[int]()
        for at, (begin, together) in zip(self._order, self._played()):
            turns[at] += 1
            bar = together[part]
            for written in sorted(bar.notes, key=lambda note: note.start):
                note = Note(
                    begin + written.start,
                    written.pitch,
                    written.length,
                    written.velocity,
                    accent=written.accent,
                    **singing(self._sung(written, bar, turns[at], often[at])),
                )
                if written.tied:
                    note = ties.joined(note, written.voice)
                if written.ties:
                    ties.hold(note, written.voice)
                else:
                    notes.append(note)
                if len(notes) > MAX_NOTES:
                    raise BadInput(
                        f"With its repeats, this score exceeds the limit of {MAX_NOTES:,} notes."
                    )
        return notes + ties.left()

    def _sung(self, written: WrittenNote, bar: WrittenBar, turn: int, turns: int) -> Sequence[str]:
        """Return the syllables on a note of a bar: one verse per turn where it is repeated."""
        sung = written.sung
        if turns > 1:
            verses = max(len(note.sung) for note in bar.notes)
            verse = min(turn, verses) - 1
            return sung[verse : verse + 1] if verses else ()
        if len(self._order) > len(self._bars) and not "".join(sung[:1]):
            return tuple(filter(None, sung))  # of an ending that is for a later verse
        return sung


class _Ties:
    """Notes tied to later ones that were not read yet."""

    def __init__(self) -> None:
        self._held: defaultdict[tuple[int, int], list[tuple[str, Note]]] = defaultdict(list)

    def hold(self, note: Note, voice: str) -> None:
        """Keep a note until the one comes that it is tied to."""
        self._held[note.end, note.pitch].append((voice, note))

    def joined(self, note: Note, voice: str) -> Note:
        """Return ``note`` joined with the note tied to it, from its own voice if there is any."""
        held = self._held[note.start, note.pitch]
        if not held:
            return note  # after a repeat: the tie came from elsewhere
        at = next((at for at, (other, _) in enumerate(held) if other == voice), 0)
        _, before = held.pop(at)
        return replace(before, length=note.end - before.start)

    def left(self) -> list[Note]:
        """Return the notes whose ties lead nowhere; they sound as long as they are written."""
        return [note for held in self._held.values() for _, note in held]


def _marks(together: list[WrittenBar]) -> Marks:
    """Return the repeats of a bar, from whichever part has them."""
    return max((bar.marks for bar in together), key=lambda m: (m.times, m.begins, len(m.endings)))


def _changes(starts: list[int], metres: list[Metre]) -> list[MetreChange]:
    changes = [MetreChange(0, metres[0])]
    for start, metre in zip(starts[1:], metres[1:]):
        if metre != changes[-1].metre:
            changes.append(MetreChange(start, metre))
    return changes
