"""A counter-melody keeps the rules on made tunes; a line that follows the tune breaks them."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from msgspec.structs import replace

from studio.api import BadInput
from studio_music.compose.backing.counter_melody import counter_melody
from studio_music.score.piece import TICKS, Chord, Key, Metre, MetreChange, Note, Piece, Track
from studio_music.score.theory.chord_symbols import parsed
from studio_music.score.theory.ranges import program_range
from studio_music.score.theory.voice_leading import SIXTEENTH, leading_of

CELLO, CLARINET, VIOLA = 42, 71, 41
ROUNDS = (("C", "F", "G7", "C"), ("Am", "Dm", "E7", "Am"), ("C", "Am", "Dm", "G"))


def made_tune(seed: int) -> Piece:
    """Return eight bars: beats with one note, with two, held and silent; a bass that walks."""
    rng = Random(seed)
    metre = Metre(3, 4) if seed % 3 == 2 else Metre(4, 4)
    symbols = ROUNDS[seed % 3] * 2
    scale = (64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
    notes, low, place = [], [], 4
    for bar, symbol in enumerate(symbols):
        known = parsed(symbol)
        assert known is not None
        low += [
            Note(bar * metre.bar + n * TICKS, 36 + (known.root + tone) % 12, TICKS, 80)
            for n, tone in zip(range(metre.beats), (0, 7, 4, 7))
        ]
        beat = 0
        while beat < metre.beats:
            tick, kind = bar * metre.bar + beat * TICKS, rng.choice(("one", "two", "long", "rest"))
            kind = "one" if (bar, beat) in ((0, 0), (7, 0)) else kind
            for start, length in {
                "one": [(0, TICKS)],
                "two": [(0, TICKS // 2), (TICKS // 2, TICKS // 2)],
                "long": [(0, min(2, metre.beats - beat) * TICKS)],
                "rest": [],
            }[kind]:
                place = min(max(place + rng.choice((-2, -1, 1, 2)), 0), len(scale) - 1)
                notes.append(Note(tick + start, scale[place], length, 80))
            beat += 2 if kind == "long" else 1
    chords = tuple(Chord(bar * metre.bar, symbol) for bar, symbol in enumerate(symbols))
    return Piece(
        key=Key("A", "minor") if seed % 3 == 1 else Key("C", "major"),
        metres=(MetreChange(0, metre),),
        length=8 * metre.bar,
        chords=chords,
        tracks=(
            Track("Tune", tuple(notes), 73, role="melody"),
            Track("Bass", tuple(low), 32, role="bass"),
        ),
    )


def faults(piece: Piece, line: list[Note]) -> list[str]:
    """Return the rules that a line breaks; looks only at the notes."""
    tune, bass = (list(track.notes) for track in piece.tracks)
    rows = [[-1] * 4 for _ in range(piece.length // SIXTEENTH)]
    for voice, notes in ((0, tune), (1, line), (3, bass)):
        for note in notes:
            for row in rows[note.start // SIXTEENTH : note.end // SIXTEENTH]:
                row[voice] = note.pitch
    found = [
        f"parallel {p.interval}" for p in leading_of(rows).parallels if 1 in (p.upper, p.lower)
    ]
    bar = piece.metre.bar
    for row in range(0, len(rows), TICKS // SIXTEENTH):
        known = parsed(piece.chords[row * SIXTEENTH // bar].symbol)
        assert known is not None
        if rows[row][1] >= 0 and rows[row][1] % 12 not in {tone % 12 for tone in known.tones}:
            found.append("no chord tone")
    for tick in range(tune[0].start, tune[-1].end - TICKS + 1, TICKS):
        of_tune, of_line = (
            sum(tick <= note.start < tick + TICKS for note in notes) for notes in (tune, line)
        )
        if of_line < 2 and of_tune == 0:
            found.append("stands still while the tune does")
        if of_line > 1 and of_tune > 1:
            found.append("runs while the tune does")
    moves = [(b[0] - a[0]) * (b[1] - a[1]) for a, b in pairwise(rows) if min(a[:2] + b[:2]) >= 0]
    if sum(move > 0 for move in moves) > sum(move < 0 for move in moves):
        found.append("follows the tune")
    return found


@pytest.mark.parametrize("seed", range(10))
def test_it_keeps_the_rules_and_a_shadow_of_the_tune_does_not(seed: int) -> None:
    piece, program = made_tune(seed), (CELLO, CLARINET, VIOLA)[seed % 3]
    tune = piece.tracks[0].notes
    line = counter_melody(piece, tune, program, seed)
    low, high = program_range(program)
    assert all(low <= note.pitch <= high for note in line)
    assert all(a.end == b.start for a, b in pairwise(line))
    assert len({note.pitch for note in line}) > 3
    assert faults(piece, line) == []
    shadow = faults(piece, [replace(note, pitch=note.pitch - 12) for note in tune])
    assert {"parallel octaves", "no chord tone", "follows the tune"} <= set(shadow)


def test_another_seed_is_another_line_and_the_same_one_the_same() -> None:
    piece = made_tune(0)
    one, same, other = (counter_melody(piece, piece.tracks[0].notes, CELLO, n) for n in (1, 1, 2))
    assert one == same != other


def test_without_chords_it_says_what_to_do() -> None:
    piece = replace(made_tune(0), chords=())
    with pytest.raises(BadInput, match="no chord symbols"):
        counter_melody(piece, piece.tracks[0].notes, CELLO, 0)
