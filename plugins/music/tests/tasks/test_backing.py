"""A backing is as long as its melody, fits it, moves smoothly, and loops without a click."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise, product

import msgspec
import numpy as np
import pytest

from benchmarks.music.figures import dissonance
from studio.api import BadInput
from studio.testing.guards import THOROUGH
from studio_music.audio.mix.render import render
from studio_music.audio.sound_checks import check_joint
from studio_music.compose.backing import GENRES, arranging, genre_of
from studio_music.compose.backing.chord_voicings import suspended, voiced
from studio_music.compose.backing.drums import KIT
from studio_music.compose.backing.harmony_rules import DEGREES, GOES
from studio_music.compose.backing.pattern_notation import fitted, strokes
from studio_music.compose.piece_checks import check_piece
from studio_music.score.piece import (
    TICKS,
    Chord,
    Key,
    Metre,
    MetreChange,
    Note,
    Piece,
    Tempo,
    Track,
)
from studio_music.score.theory.chord_symbols import INTERVALS, Harmony, parsed
from studio_music.score.theory.key_detection import pitched_notes

RATE = 22_050
NAMED = (Metre(4, 4), Metre(3, 4), Metre(2, 4), Metre(6, 8), Metre(2, 2), Metre(9, 8), Metre(12, 8))
ODD = (Metre(5, 4), Metre(7, 8), Metre(3, 8), Metre(3, 2))
METRES = (*NAMED, *ODD)
replace = msgspec.structs.replace


FOUR, D_MINOR = Metre(4, 4), Key("D", "minor")


def tune(metre: Metre = FOUR, key: Key = D_MINOR, bars: int = 8) -> Piece:
    """Each bar one note of the scale, up and down, and the tonic at the end."""
    tonic = 62 + (key.pitch_class - 62) % 12
    steps = [(pitch - key.pitch_class) % 12 for pitch in key.scale]
    degrees = [steps[(0, 2, 4, 3, 1, 4, 6, 2)[bar % 8]] for bar in range(bars - 1)] + [0]
    notes = tuple(
        Note(bar * metre.bar, tonic + degree, metre.bar) for bar, degree in enumerate(degrees)
    )
    return Piece(
        "A tune",
        key,
        (Tempo(0, 100),),
        (MetreChange(0, metre),),
        bars * metre.bar,
        tracks=(Track("Tune", notes, role="melody"),),
    )


def backed(
    piece: Piece | None = None, genre: str = "pop", seed: int = 0, loop: bool = False
) -> Piece:
    *_, made = arranging(piece or tune(), genre, np.random.default_rng(seed), loop)
    return made


def last_of(steps: Iterable[float | Piece]) -> Piece:
    *_, made = steps
    assert isinstance(made, Piece)
    return made


def track(piece: Piece, role: str) -> Track:
    (found,) = (track for track in piece.tracks if track.role == role)
    return found


# --- length and form --------------------------------------------------------------------------


def drawn() -> Iterator[tuple[str, Metre]]:
    """Each genre in each third metre, in turn; thorough, in all."""
    for place, (genre, metre) in enumerate(product(GENRES, METRES)):
        if THOROUGH or (place + place // len(METRES)) % 3 == 0:
            yield genre, metre


@pytest.mark.parametrize(("genre", "metre"), drawn(), ids=str)
def test_it_is_exactly_as_long_as_the_melody(genre: str, metre: Metre) -> None:
    for loop in (False, True):
        piece = backed(tune(metre), genre, loop=loop)
        assert piece.end == piece.length == 8 * metre.bar
        verdict = check_piece(piece)
        assert verdict.passed, verdict
        assert [each.role for each in piece.tracks] == ["melody", "chords", "bass", "drums"]
        for role in ("chords", "bass", "drums"):
            assert track(piece, role).notes


@pytest.mark.parametrize("genre", GENRES)
def test_the_same_seed_plays_the_same_and_others_vary(genre: str) -> None:
    piece = tune(bars=16)
    assert backed(piece, genre, 1) == backed(piece, genre, 1)
    played = {
        tuple((note.start, note.pitch) for note in track(backed(piece, genre, seed), "drums").notes)
        for seed in range(8)
    }
    assert len(played) > 1
    loud = [note.velocity for note in track(backed(piece, genre), "drums").notes]
    assert len(set(loud)) > 3


def test_it_ends_on_the_tonic_held_through_the_last_bar() -> None:
    for genre in GENRES:
        piece = backed(genre=genre)
        last = piece.length - piece.metre.bar
        closing = [note for note in track(piece, "bass").notes if note.start >= last]
        assert [(n.start, n.end, n.pitch % 12) for n in closing] == [(last, piece.length, 2)]
        chord = parsed(piece.chords[-1].symbol)
        assert chord is not None
        assert chord.root == 2
        held = [note for note in track(piece, "chords").notes if note.start >= last]
        assert {note.pitch % 12 for note in held} == set(chord.tones)


def test_a_loop_has_no_closing_bar_and_leads_back_to_its_start() -> None:
    for genre in GENRES:
        piece = backed(genre=genre, loop=True)
        last = piece.length - piece.metre.bar
        assert len([n for n in track(piece, "drums").notes if n.start >= last]) > 2


def test_a_pickup_stays_free_and_bars_begin_after_it() -> None:
    plain = tune()
    notes = (
        Note(0, 69, TICKS),
        *(replace(n, start=n.start + TICKS) for n in plain.tracks[0].notes),
    )
    piece = replace(
        plain,
        pickup=TICKS,
        length=plain.length + TICKS,
        tracks=(replace(plain.tracks[0], notes=notes),),
    )
    made = backed(piece)
    assert made.end == made.length == piece.length
    assert track(made, "bass").notes[0].start == TICKS
    assert check_piece(made).passed


def test_a_change_of_metre_is_followed() -> None:
    plain = tune(bars=4)
    waltz = tune(Metre(3, 4), bars=4)
    notes = [replace(n, start=n.start + plain.length) for n in waltz.tracks[0].notes]
    piece = replace(
        plain,
        metres=(*plain.metres, MetreChange(plain.length, Metre(3, 4))),
        length=plain.length + waltz.length,
        tracks=(replace(plain.tracks[0], notes=(*plain.tracks[0].notes, *notes)),),
    )
    made = backed(piece, "rock")
    assert made.end == piece.length
    assert check_piece(made).passed
    starts = {note.start for note in track(made, "bass").notes}
    assert set(made.bar_starts()) <= starts


def test_a_backing_is_replaced_and_other_tracks_stay() -> None:
    piece = replace(tune(), tracks=(*tune().tracks, Track("Second", tune().tracks[0].notes, 40)))
    again = backed(backed(piece, "rock"), "jazz")
    assert [each.name for each in again.tracks] == ["Tune", "Second", "Chords", "Bass", "Drums"]
    assert track(again, "bass").program == genre_of("jazz").bass.program


def test_a_piece_without_notes_is_refused() -> None:
    with pytest.raises(BadInput, match="no notes for a melody"):
        backed(replace(tune(), tracks=(Track("Empty"),)))


def test_an_unknown_genre_is_refused() -> None:
    with pytest.raises(KeyError):
        genre_of("polka metal")


# --- chords -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["C major", "F# major", "D minor", "Bb minor"])
def test_chords_hold_the_notes_of_a_plain_melody(name: str) -> None:
    key = Key.parse(name)
    for seed in range(5):
        piece = backed(tune(key=key, bars=16), seed=seed)
        chords = [(chord.tick, parsed(chord.symbol)) for chord in piece.chords]
        fits = []
        for note in piece.tracks[0].notes:
            chord = [each for tick, each in chords if tick <= note.start][-1]
            assert chord is not None
            fits.append(note.pitch % 12 in chord.tones)
        assert np.mean(fits) > 0.9, piece.chords
        assert chords[-1][1].root == key.pitch_class


def test_chords_are_spelled_as_the_key_is() -> None:
    flat = {chord.symbol for chord in backed(tune(key=Key("Eb", "major"), bars=32)).chords}
    sharp = {chord.symbol for chord in backed(tune(key=Key("E", "major"), bars=32)).chords}
    assert not any("#" in symbol for symbol in flat)
    assert not any(symbol[1:2] == "b" for symbol in sharp)


@pytest.mark.parametrize("quality", INTERVALS)
def test_symbols_are_read_as_they_are_written(quality: str) -> None:
    for fifths in range(-7, 8):
        key = Key.of_fifths(fifths)
        for root in range(12):
            for over in (None, (root + 7) % 12):
                chord = Harmony(root, quality, over)
                assert parsed(chord.symbol(key)) == chord


@pytest.mark.parametrize(
    ("symbol", "tones"),
    [("Bb", {10, 2, 5}), ("F#m7b5", {6, 9, 0, 4}), ("Cmin", {0, 3, 7}), ("D/F#", {2, 6, 9})],
)
def test_symbols_of_others_are_understood(symbol: str, tones: set[int]) -> None:
    chord = parsed(symbol)
    assert chord is not None
    assert set(chord.tones) == tones


def test_words_are_no_chords() -> None:
    assert [parsed(word) for word in ("", "H7", "N.C.", "Cfoo", "Da capo")] == [None] * 5


def test_the_chords_of_a_lead_sheet_are_kept() -> None:
    given = (Chord(0, "Dm"), Chord(4 * TICKS, "N.C."), Chord(8 * TICKS, "A7/C#"))
    piece = backed(replace(tune(), chords=given))
    assert [(chord.tick, chord.symbol) for chord in piece.chords] == [
        (0, "Dm"),
        (8 * TICKS, "A7/C#"),
    ]
    at_change = [n for n in track(piece, "bass").notes if n.start == 8 * TICKS]
    assert [note.pitch % 12 for note in at_change] == [1]


def test_a_signature_that_cannot_be_gives_way_to_the_notes() -> None:
    wrong = replace(tune(key=Key("E", "major")), key=Key("C", "major"))
    chord = parsed(backed(wrong).chords[-1].symbol)
    assert chord is not None
    assert chord.root == 4


def test_rules_of_harmony_name_only_chords_that_there_are() -> None:
    for mode, degrees in DEGREES.items():
        plain = {name for name, degree in degrees.items() if not degree.target}
        assert set(GOES[mode]) == plain
        assert all(set(goes) <= set(degrees) for goes in GOES[mode].values())
        assert all(degree.target in degrees for degree in degrees.values() if degree.target)
        assert all({d.quality, d.seventh} <= set(INTERVALS) for d in degrees.values())


def test_voices_move_little_from_chord_to_chord() -> None:
    chords = [Harmony(root, quality) for root, quality in ((0, ""), (9, "m"), (5, ""), (7, "7"))]
    moves = []
    for before, after in pairwise(voiced(chords * 4, [80] * 16)):
        moves.append(max(min(abs(pitch - other) for other in before) for pitch in after))
        assert len(after) == len(set(after))
    assert max(moves) <= 4


def test_a_dark_backing_rubs_and_rests_at_the_end_and_a_clear_one_hardly_does() -> None:
    piece, held = tune(bars=16), 0
    for seed in range(4):
        made = {
            colour: last_of(arranging(piece, "ballad", np.random.default_rng(seed), colour=colour))
            for colour in ("clear", "dark")
        }
        rubs = {colour: dissonance(pitched_notes(each), each.end) for colour, each in made.items()}
        assert rubs["dark"] > rubs["clear"] + 0.1
        assert made["dark"].chords[-1].symbol == "Dm"
        held += sum(chord.symbol.endswith("/D") for chord in made["dark"].chords)
    assert held, "the bass stays on the tonic through some phrases"


def test_a_suspension_is_prepared_and_resolves_by_step() -> None:
    chords = ((60, 65, 69), (59, 62, 67), (60, 64, 67))
    spans = [(at * 4, at * 4 + 4, voicing) for at, voicing in enumerate(chords)]
    (first, waiting, resolved, last) = suspended(spans, 4, [(0, spans[-1][1])])
    assert (first, last) == (spans[0], spans[2])
    assert (waiting[:2], resolved) == ((4, 6), (6, 8, chords[1]))
    (late,) = set(waiting[2]) - set(chords[1])
    assert late in chords[0]
    assert {late - 1, late - 2} & set(chords[1])
    assert suspended(spans, 5, [(0, spans[-1][1])]) == suspended(spans, 4, []) == spans


def test_chords_stay_below_a_low_melody() -> None:
    low, high = (voiced([Harmony(0)], [ceiling])[0][-1] for ceiling in (60, 84))
    assert low < high


# --- patterns ---------------------------------------------------------------------------------


@pytest.mark.parametrize("genre", GENRES)
def test_patterns_are_well_written(genre: str) -> None:
    style = genre_of(genre)
    assert Metre(4, 4) in style.parts
    for metre, parts in style.parts.items():
        assert "fill" in parts
        assert len(parts) >= 3
        for part, bars in parts.items():
            for rows in bars:
                names = set(rows)
                assert len({len(row) for row in rows.values()}) == 1, (metre, part)
                assert metre.bar % len(next(iter(rows.values()))) == 0
                assert names - set(KIT) <= {"chords", "bass"}
                assert part == "fill" or {"chords", "bass"} <= names
                signs = set("".join(row for name, row in rows.items() if name in KIT))
                assert signs <= set("xXo.")
                assert set(rows.get("chords", "")) <= set("xXo.-1234")
                assert set(rows.get("bass", "")) <= set("R358wa.-")


def test_a_row_is_strokes_with_their_lengths() -> None:
    assert strokes("x-.X") == [(0.0, 0.5, "x"), (0.75, 0.25, "X")]


@pytest.mark.parametrize(
    ("written", "metre", "row", "expected"),
    [
        (Metre(4, 4), Metre(3, 4), "k...s...K...S...", "k...s...S..."),
        (Metre(4, 4), Metre(2, 4), "k...s...K...S...", "k...s..."),
        (Metre(4, 4), Metre(2, 2), "k...s...K...S...", "k...s...K...S..."),
        (Metre(4, 4), Metre(6, 8), "a-b-c-..d---e-f-", "a---b-c---.."),
        (Metre(4, 4), Metre(6, 8), "x..x.xx..x.x", "x..x.x"),
        (Metre(6, 8), Metre(9, 8), "a.....b.....", "a.....b.....a....."),
        (Metre(4, 4), Metre(5, 4), "k...s...K...S...", "k...s...s...K...S..."),
        (Metre(4, 4), Metre(7, 8), "k...s...K...S...", "k...s...K...S."),
    ],
)
def test_rows_are_fitted_to_other_metres(
    written: Metre, metre: Metre, row: str, expected: str
) -> None:
    assert fitted({"row": row}, written, metre)["row"] == expected


# --- the joint of a loop ----------------------------------------------------------------------


def sound_of(piece: Piece, loop: bool) -> np.ndarray:
    *_, samples = render(piece, RATE, "studio", loop=loop)
    assert isinstance(samples, np.ndarray)
    return samples


@pytest.mark.slow
@pytest.mark.parametrize("genre", GENRES)
def test_a_loop_joins_without_a_click(genre: str) -> None:
    piece = backed(tune(bars=4), genre, loop=True)
    samples = sound_of(piece, loop=True)
    assert len(samples) == pytest.approx(piece.seconds(piece.length) * RATE, abs=1)
    assert check_joint(samples, RATE).passed
    steps = np.abs(np.diff(np.concatenate((samples, samples)), axis=0)).max(axis=1)
    joint = len(samples) - 1
    around = steps[joint - RATE // 4 : joint + RATE // 4]
    # The step over the joint is one that the music itself makes again and again.
    assert steps[joint] <= np.quantile(around, 0.99)


@pytest.mark.slow
def test_what_rings_on_after_the_end_of_a_loop_sounds_in_its_start() -> None:
    held = replace(tune(bars=2), tracks=(Track("Bell", (Note(7 * TICKS, 72, TICKS),), 9),))
    samples = sound_of(held, loop=True)
    quarter = RATE * 60 // 100 // 2
    assert np.abs(samples[:quarter]).max() > 10 * np.abs(samples[5 * quarter : 6 * quarter]).max()
