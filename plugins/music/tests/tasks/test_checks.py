"""Every fault that is planted in a good piece or a good sound is found, and no other is claimed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from studio.api import Verdict
from studio_music.audio import sound_checks
from studio_music.audio.audio_files import wav
from studio_music.audio.sound_checks import check_audio, check_joint
from studio_music.compose import piece_checks
from studio_music.compose.backing import arranging
from studio_music.compose.piece_checks import check_piece
from studio_music.compose.prompt.request import TuneRequest
from studio_music.score.formats.midi import files
from studio_music.score.piece import TICKS, Key, Metre, MetreChange, Note, Piece, Tempo, Track
from studio_music.score.theory.key_detection import are_close, found_key

RATE = 44_100
SEEDS = range(6)
METRES = (Metre(4, 4), Metre(3, 4), Metre(6, 8), Metre(2, 4))
GENRES = ("folk", "waltz", "jazz", "rock", "ballad")

replace = msgspec.structs.replace
Fault = Callable[[Piece, np.random.Generator], Piece]


def request_of(seed: int) -> TuneRequest:
    rng = np.random.default_rng(seed)
    mode = ("major", "minor")[seed % 2]
    key = Key.of_fifths(int(rng.integers(-5, 6)), mode)
    return TuneRequest(key, METRES[seed % len(METRES)], 16, float(rng.integers(60, 180)))


def good(seed: int) -> Piece:
    """A tune up and down the scale of its key, with a backing; it meets ``request_of(seed)``."""
    asked, rng = request_of(seed), np.random.default_rng(seed)
    tonic = 62 + (asked.key.pitch_class - 62) % 12
    steps = [(pitch - asked.key.pitch_class) % 12 for pitch in asked.key.scale]
    ladder = [tonic + 12 * octave + step for octave in (0, 1) for step in steps]
    length, place, notes = asked.bars * asked.metre.bar, 7, []
    arpeggio = (0, 2, 4, 7, 9, 11)
    for start in range(0, length - asked.metre.bar, TICKS // 2):
        on_beat = start % asked.metre.bar == 0
        place = int(rng.choice(arpeggio)) if on_beat else place + int(rng.choice((-1, 1)))
        place = min(max(place, 0), len(ladder) - 1)
        notes.append(Note(start, ladder[place], TICKS // 2, int(rng.integers(60, 100))))
    notes.append(Note(length - asked.metre.bar, tonic, asked.metre.bar))
    tune = Track("Tune", tuple(notes), program=0, role="melody")
    piece = Piece(
        "Good",
        asked.key,
        (Tempo(0, asked.tempo),),
        (MetreChange(0, asked.metre),),
        length,
        tracks=(tune,),
    )
    *_, made = arranging(piece, GENRES[seed % len(GENRES)], np.random.default_rng(seed))
    return made


def failed(verdict: Verdict) -> set[str]:
    assert all(check.evidence for check in verdict.checks)
    return {check.name for check in verdict.checks if not check.passed}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_good_piece_passes_every_check(seed: int) -> None:
    verdict = check_piece(good(seed), request_of(seed))
    assert verdict.passed, failed(verdict)
    assert len(verdict.checks) == 11


@pytest.mark.parametrize("semitones", [1, 4, 6, 8, -1])
def test_chords_that_are_not_those_of_the_tune_are_noticed(semitones: int) -> None:
    for seed in SEEDS:
        piece = good(seed)
        moved = tuple(
            replace(track, notes=tuple(replace(n, pitch=n.pitch + semitones) for n in track.notes))
            if track.role in ("chords", "bass")
            else track
            for track in piece.tracks
        )
        before, after = (check_piece(each) for each in (piece, replace(piece, tracks=moved)))
        assert "melody fits chords" not in failed(before)
        assert "melody fits chords" in failed(after)
        alone = check_piece(replace(piece, tracks=piece.tracks[:1]))
        assert "melody fits chords" not in {check.name for check in alone.checks}


# --- faults of a piece ------------------------------------------------------------------------


def tune_of(piece: Piece) -> Track:
    return piece.tracks[0]


def with_tune(piece: Piece, *notes: Note) -> Piece:
    return replace(piece, tracks=(replace(tune_of(piece), notes=notes), *piece.tracks[1:]))


def one_of(piece: Piece, rng: np.random.Generator) -> int:
    return int(rng.integers(1, len(tune_of(piece).notes) - 1))


def altered(piece: Piece, at: int, **values: int) -> Piece:
    notes = list(tune_of(piece).notes)
    notes[at] = replace(notes[at], **values)
    return with_tune(piece, *notes)


def silent_velocity(piece: Piece, rng: np.random.Generator) -> Piece:
    return altered(piece, one_of(piece, rng), velocity=0)


def too_loud(piece: Piece, rng: np.random.Generator) -> Piece:
    return altered(piece, one_of(piece, rng), velocity=128)


def too_low(piece: Piece, rng: np.random.Generator) -> Piece:
    return altered(piece, one_of(piece, rng), pitch=int(rng.integers(8, 20)))


def bass_too_high(piece: Piece, rng: np.random.Generator) -> Piece:
    tracks = list(piece.tracks)
    (at,) = (place for place, track in enumerate(tracks) if track.role == "bass")
    first, *rest = tracks[at].notes
    tracks[at] = replace(tracks[at], notes=(replace(first, pitch=first.pitch + 48), *rest))
    return replace(piece, tracks=tuple(tracks))


def never_let_go(piece: Piece, rng: np.random.Generator) -> Piece:
    long = 9 * max(piece.metre.bar, 2 * TICKS)
    held = Note(int(rng.integers(4)) * piece.metre.bar, 24 + piece.key.pitch_class, long)
    return with_tune(piece, *sorted((*tune_of(piece).notes, held)))


def begins_twice(piece: Piece, rng: np.random.Generator) -> Piece:
    note = tune_of(piece).notes[one_of(piece, rng)]
    again = replace(note, start=note.start + note.length // 2, length=note.length // 2)
    return with_tune(piece, *sorted((*tune_of(piece).notes, again)))


def twice_at_once(piece: Piece, rng: np.random.Generator) -> Piece:
    note = tune_of(piece).notes[one_of(piece, rng)]
    return with_tune(piece, *sorted((*tune_of(piece).notes, note)))


def a_sixteenth_short(piece: Piece, rng: np.random.Generator) -> Piece:
    length = piece.length - TICKS // 4
    tracks = tuple(
        replace(
            track,
            notes=tuple(
                replace(note, length=min(note.length, length - note.start))
                for note in track.notes
                if note.start < length
            ),
        )
        for track in piece.tracks
    )
    return replace(piece, length=length, tracks=tracks)


def beyond_the_end(piece: Piece, rng: np.random.Generator) -> Piece:
    last = len(tune_of(piece).notes) - 1
    longer = tune_of(piece).notes[last].length + TICKS // 4
    return altered(piece, last, length=longer)


def metre_within_a_bar(piece: Piece, rng: np.random.Generator) -> Piece:
    tick = 3 * piece.metre.bar + TICKS // 2
    return replace(piece, metres=(*piece.metres, MetreChange(tick, piece.metre)))


def no_notes(piece: Piece, rng: np.random.Generator) -> Piece:
    return replace(piece, tracks=tuple(replace(track, notes=()) for track in piece.tracks))


def a_gap(piece: Piece, rng: np.random.Generator) -> Piece:
    begin = int(rng.integers(2, 8)) * piece.metre.bar
    end = begin + 4 * piece.metre.bar
    tracks = tuple(
        replace(track, notes=tuple(n for n in track.notes if n.end <= begin or n.start >= end))
        for track in piece.tracks
    )
    return replace(piece, tracks=tracks)


def another_key(piece: Piece, rng: np.random.Generator) -> Piece:
    up = int(rng.choice((1, 3, 4, 6)))
    tracks = tuple(
        track
        if track.drums
        else replace(track, notes=tuple(replace(n, pitch=n.pitch + up) for n in track.notes))
        for track in piece.tracks
    )
    return replace(piece, tracks=tracks)


def another_tempo(piece: Piece, rng: np.random.Generator) -> Piece:
    return replace(piece, tempos=(Tempo(0, piece.tempo + 1),))


def a_tempo_change(piece: Piece, rng: np.random.Generator) -> Piece:
    return replace(piece, tempos=(*piece.tempos, Tempo(4 * TICKS, piece.tempo * 0.9)))


FAULTS: dict[Fault, str] = {
    silent_velocity: "parses",
    too_loud: "parses",
    too_low: "ranges",
    bass_too_high: "ranges",
    never_let_go: "no stuck notes",
    begins_twice: "no overlaps",
    twice_at_once: "no overlaps",
    a_sixteenth_short: "bars add up",
    beyond_the_end: "bars add up",
    metre_within_a_bar: "bars add up",
    a_gap: "not silent",
    no_notes: "not silent",
    another_key: "key",
    another_tempo: "tempo",
    a_tempo_change: "tempo",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_fault_is_found_and_no_other(fault: Fault, seed: int) -> None:
    broken = fault(good(seed), np.random.default_rng(seed))
    assert failed(check_piece(broken, request_of(seed))) == {FAULTS[fault]}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_asked_is_held_against_the_piece(seed: int) -> None:
    piece, asked = good(seed), request_of(seed)
    other = next(metre for metre in METRES if metre.bar != asked.metre.bar)
    assert failed(check_piece(piece, replace(asked, bars=asked.bars - 1))) == {"length"}
    assert failed(check_piece(piece, replace(asked, tempo=asked.tempo / 2))) == {"tempo"}
    assert failed(check_piece(piece, replace(asked, metre=other))) == {"metre"}
    parallel = Key.of_fifths(0, "minor" if asked.key.mode == "major" else "major")
    assert failed(check_piece(piece, replace(asked, key=parallel))) == {"key"}


def test_relative_keys_are_told_apart_by_the_end() -> None:
    ends = {"A": 69, "C": 72}
    for name, last in ends.items():
        pitches = [60, 64, 67, 72, 69, 64, 69, 72] * 4 + [last]
        notes = tuple(Note(place * TICKS, pitch, TICKS) for place, pitch in enumerate(pitches))
        track = Track("Tune", notes, role="melody")
        length = -(-len(notes) // 4) * 4 * TICKS
        for key in (Key("A", "minor"), Key("C", "major")):
            piece = Piece(key=key, length=length, tracks=(track,))
            found = found_key(notes)
            assert found in (Key("A", "minor"), Key("C", "major"))
            passes = "key" not in failed(check_piece(piece))
            assert passes == (key in (found, Key(name, "minor" if name == "A" else "major")))


@pytest.mark.parametrize(
    ("one", "other", "close"),
    [
        ("D minor", "F major", True),
        ("D minor", "C major", True),
        ("D minor", "A minor", True),
        ("D minor", "D major", False),
        ("F# major", "Gb major", True),
        ("C# major", "Gb major", True),
        ("C major", "D major", False),
    ],
)
def test_keys_are_close_that_share_all_but_one_note(one: str, other: str, close: bool) -> None:
    assert are_close(Key.parse(one), Key.parse(other)) == close
    assert are_close(Key.parse(other), Key.parse(one)) == close


def test_a_dorian_tune_is_in_its_key_if_it_ends_there() -> None:
    pitches = [67, 64, 60, 62, 67, 71, 72, 67, 64, 60, 62, 64, 60, 67, 64]
    for last, passes in ((62, True), (65, False)):
        line = [*pitches, last]
        notes = tuple(Note(place * TICKS, pitch, TICKS) for place, pitch in enumerate(line))
        track = Track("Tune", notes, role="melody")
        piece = Piece(key=Key("D", "minor"), length=16 * TICKS, tracks=(track,))
        assert found_key(notes) == Key("C", "major")
        assert ("key" not in failed(check_piece(piece))) == passes


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(12))
def test_the_key_finder_follows_a_transposition(tonic: int, mode: str) -> None:
    third = 4 if mode == "major" else 3
    steps = (0, 2, third, 5, 7, 7, 0, third, 7, 11, 12)
    notes = [Note(place * TICKS, 48 + tonic + step, TICKS) for place, step in enumerate(steps)]
    found = found_key(notes)
    assert found is not None
    assert (found.pitch_class, found.mode) == (tonic, mode)


def test_the_bytes_of_a_score_are_checked() -> None:
    assert piece_checks.check_file(files.write(good(1))).passed
    assert failed(piece_checks.check_file(b"MThd and no more")) == {"parses"}


# --- faults of a sound ------------------------------------------------------------------------


def sound(seed: int = 0, seconds: float = 2.0) -> np.ndarray:
    rng, time = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * rng.integers(100, 900) * time) * 0.5
    return np.stack((tone, tone * 0.8), axis=1).astype(np.float32)


def with_nan(samples: np.ndarray) -> np.ndarray:
    samples[RATE] = np.nan
    return samples


SOUND_FAULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "finite": with_nan,
    "not silent": np.zeros_like,
    "no clipping": lambda samples: (samples * 4).clip(-1, 1),
    "no offset": lambda samples: samples + 0.1,
    "duration": lambda samples: samples[: RATE // 2],
}


@pytest.mark.parametrize("name", SOUND_FAULTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_fault_of_a_sound_is_found_and_no_other(name: str, seed: int) -> None:
    whole = sound(seed)
    assert failed(Verdict(check_audio(whole, RATE, at_least=2.0))) == set()
    broken = SOUND_FAULTS[name](whole.copy())
    assert failed(Verdict(check_audio(broken, RATE, at_least=2.0))) == {name}


def test_beyond_full_scale_is_clipped_even_in_single_samples() -> None:
    samples = sound()
    samples[100, 0] = 1.2
    assert failed(Verdict(check_audio(samples, RATE))) == {"no clipping"}


def test_no_samples_at_all_are_silence() -> None:
    assert "not silent" in failed(Verdict(check_audio(np.zeros((0, 2), np.float32), RATE)))


def test_a_click_at_the_joint_of_a_loop_is_found() -> None:
    time = np.arange(RATE) / RATE
    whole = np.sin(2 * np.pi * 220 * time)[:, None].repeat(2, axis=1) * 0.5
    assert check_joint(whole, RATE).passed
    assert not check_joint(whole[: RATE - 50], RATE).passed


def test_the_bytes_of_a_sound_are_checked() -> None:
    assert sound_checks.check_file(wav(sound(), RATE)).passed
    assert failed(sound_checks.check_file(b"RIFF")) == {"readable"}
