"""Setting a melody for four voices: what holds whatever the network proposes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from studio.api import BadInput, StudioError, finished  # noqa: E402
from studio_music.compose.chorales import grid, weights  # noqa: E402
from studio_music.compose.chorales.harmony import (  # noqa: E402
    Setting,
    harmonise,
    key_of,
    wanted,
)
from studio_music.compose.chorales.melodies import fitted  # noqa: E402
from studio_music.compose.chorales.network import ChoraleNetwork  # noqa: E402
from studio_music.compose.chorales.vocabulary import (  # noqa: E402
    LOWEST,
    PHASES,
    PITCHES,
    RANGES,
    REST,
    VOICES,
)
from studio_music.score.piece import (  # noqa: E402
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
from studio_music.score.theory.chord_symbols import parsed  # noqa: E402
from studio_music.score.theory.dynamics import marked  # noqa: E402
from studio_music.score.theory.key_detection import share_in_scale  # noqa: E402

pytestmark = pytest.mark.torch

MIDDLES = {"soprano": 72, "alto": 65, "tenor": 57, "bass": 48}


def untrained(kind: str = "transformer") -> weights.Chorales:
    torch.manual_seed(3)
    return weights.Chorales(ChoraleNetwork(kind, 64, 1).eval())


def tune(middle: int, *, rest: int = 0, metre: Metre = Metre(4, 4)) -> Piece:  # noqa: B008
    """Two bars and a long note; with ``rest`` quarters of silence after the first bar."""
    notes, at = [], 0
    for step, quarters in ((0, 1), (2, 0.5), (4, 0.5), (5, 1), (4, 1), (2, 1), (0, 4)):
        notes.append(Note(at, middle + step, int(quarters * TICKS)))
        at += int(quarters * TICKS) + (rest * TICKS if len(notes) == 4 else 0)
    melody = Track("Melody", tuple(notes), role="melody")
    return Piece(metres=(MetreChange(0, metre),), length=at, tracks=(melody,))


def set_in_four(piece: Piece, voice: str = "soprano", seed: int = 1, **more: Any) -> Piece:
    model = more.pop("model", None) or untrained()
    rng = torch.Generator().manual_seed(seed)
    how = Setting(voice, temperature=1.0, **{"passes": 2, **more})
    steps = list(harmonise(model, piece.tracks[0], piece, how, rng))
    made = steps.pop()
    assert isinstance(made, Piece)
    assert steps == sorted(steps)
    assert all(0 <= step <= 1 for step in steps)
    return made


@pytest.mark.parametrize("voice", VOICES)
def test_the_given_voice_is_kept_and_the_others_are_sung_below_and_above(voice: str) -> None:
    piece = tune(MIDDLES[voice])
    made = set_in_four(piece, voice)
    assert [t.role for t in made.tracks] == ["soprano", "alto", "tenor", "bass voice"]
    assert made.tracks[VOICES.index(voice)].notes == piece.tracks[0].notes
    assert (made.length, made.metres) == (piece.length, piece.metres)
    assert made.key.pitch_class == MIDDLES[voice] % 12, "the key of the melody"
    rows = np.array([sounding(track, made.length) for track in made.tracks])
    assert (rows >= 0).all(), "nobody is silent where the melody is not"
    assert (np.diff(rows, axis=0) <= 0).all(), "no voice crosses another"
    for name, track in zip(VOICES, made.tracks, strict=True):
        low, high = RANGES[name]
        assert all(low <= note.pitch <= high for note in track.notes)
        assert all(a.end <= b.start for a, b in pairwise(track.notes))


def test_all_voices_follow_the_dynamics_of_the_melody() -> None:
    piece = tune(MIDDLES["soprano"])
    loud = marked(marked(piece.tracks[0], 0, "p"), piece.end // 2, "ff")
    made = set_in_four(msgspec.structs.replace(piece, tracks=(loud,)))
    assert made.tracks[0].notes == loud.notes
    for track in made.tracks:
        assert track.dynamics == loud.dynamics
        means = [
            np.mean([n.velocity for n in track.notes if (n.start < piece.end // 2) == early])
            for early in (True, False)
        ]
        assert means[1] > means[0] + 40


def sounding(track: Track, length: int) -> list[int]:
    found = [-1] * (length // grid.STEP_TICKS)
    for note in track.notes:
        for step in range(note.start // grid.STEP_TICKS, -(-note.end // grid.STEP_TICKS)):
            found[step] = note.pitch
    return found


def test_where_the_melody_is_silent_for_long_all_are() -> None:
    made = set_in_four(tune(72, rest=4))
    rows = np.array([sounding(track, made.length) for track in made.tracks])
    silent = (rows < 0).all(axis=0)
    assert silent.sum() == 16
    assert not (rows[:, ~silent] < 0).any()


def test_a_rest_that_ends_between_eighths_leaves_no_gap() -> None:
    notes = (Note(0, 70, 600), Note(2040, 72, 840))
    made = set_in_four(with_notes(*notes))
    rows = np.array([sounding(track, made.length) for track in made.tracks])
    assert (rows[:, :5] >= 0).all()
    assert (rows[:, 5:17] < 0).all()
    assert (rows[:, 17:] >= 0).all()


def test_what_is_set_moves_in_eighths_at_the_quickest() -> None:
    made = set_in_four(tune(72))
    starts = {note.start for track in made.tracks[1:] for note in track.notes}
    assert all(start % 240 == 0 for start in starts)


@pytest.mark.parametrize("kind", ["gru", "transformer"])
def test_the_same_seed_sets_the_same_voices_with_one_thread_or_two(kind: str) -> None:
    model = untrained(kind)
    first = set_in_four(tune(72), model=model)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        assert set_in_four(tune(72), model=model) == first
    finally:
        torch.set_num_threads(threads)
    assert set_in_four(tune(72), seed=2, model=model) != first


def test_notes_shorter_than_a_sixteenth_and_odd_lengths_are_kept() -> None:
    notes = (Note(0, 70, 53), Note(53, 72, 67), Note(120, 74, 333), Note(500, 71, 700))
    piece = Piece(length=1201, tracks=(Track("Melody", notes),))
    made = set_in_four(piece)
    assert made.tracks[0].notes == notes
    assert made.length == 1201
    assert max(note.end for track in made.tracks for note in track.notes) == 1201


def test_a_long_piece_is_set_in_windows_that_know_of_each_other() -> None:
    notes = tuple(Note(n * TICKS, 67 + n % 5, TICKS) for n in range(3 * 40))
    piece = Piece(
        length=3 * 40 * TICKS,
        metres=(MetreChange(0, Metre(3, 4)),),
        tracks=(Track("Melody", notes),),
    )
    made = set_in_four(piece, passes=1)
    assert all(track.notes[-1].end == piece.length for track in made.tracks)


def refused(piece: Piece, voice: str = "soprano") -> str:
    with pytest.raises(BadInput) as caught:
        set_in_four(piece, voice)
    assert caught.value.hint
    return caught.value.message


def with_notes(*notes: Note, **changes: Any) -> Piece:
    end = max((note.end for note in notes), default=0)
    return Piece(length=end, tracks=(Track("Melody", notes),), **changes)


def test_a_melody_that_no_voice_can_sing_is_refused_in_a_sentence() -> None:
    assert "no notes" in refused(with_notes())
    assert "together" in refused(with_notes(Note(0, 60, 480), Note(240, 64, 480)))
    assert "36 semitones" in refused(with_notes(Note(0, 50, 480), Note(480, 86, 480)))
    fast = with_notes(*(Note(n * 60, 70, 60) for n in range(64)), tempos=(Tempo(0, 240),))
    assert "32 notes per second" in refused(fast)
    assert "150 bars" in refused(with_notes(Note(0, 70, 150 * 4 * TICKS)))


def test_a_melody_in_another_octave_is_moved_and_that_is_said() -> None:
    piece = with_notes(Note(0, 40, 480), Note(480, 43, 480))
    moved = fitted(piece.tracks[0], piece, "soprano")
    assert [note.pitch for note in moved.melody.notes] == [64, 67]
    assert moved.remark == "Moved 2 octaves up to fit a soprano."
    assert set_in_four(piece).tracks[0].notes == moved.melody.notes
    assert fitted(piece.tracks[0], piece, "bass").remark == ""


def test_a_low_melody_is_moved_to_where_the_other_voices_have_room() -> None:
    piece = with_notes(Note(0, 57, 480), Note(480, 69, 480))
    moved = fitted(piece.tracks[0], piece, "soprano")
    assert [note.pitch for note in moved.melody.notes] == [69, 81]
    assert moved.remark == "Moved 1 octave up to fit a soprano."


def test_the_key_is_the_written_one_where_the_melody_is_in_it() -> None:
    notes = [Note(n * 480, pitch, 480) for n, pitch in enumerate((62, 65, 69, 67, 65, 64, 62))]
    assert key_of(notes, Key("D", "minor")) == Key("D", "minor")
    assert key_of(notes, Key("F", "major")) == Key("F", "major")
    assert key_of(notes, Key("B", "major")).pitch_class != 11
    assert key_of((), Key("E", "major")) == Key("E", "major")


@pytest.mark.parametrize("key", [Key("D", "minor"), Key("Eb", "major")])
def test_voices_lean_to_the_scale_open_and_end_on_the_tonic_chord(key: Key) -> None:
    tonic = 60 + key.pitch_class
    line = np.array([tonic - LOWEST] * 8 + [tonic + 2 - LOWEST] * 8 + [tonic - LOWEST] * 8 + [REST])
    wishes = wanted(key, line)
    assert wishes.shape == (25, 4, PITCHES + 1)
    assert not wishes[..., REST].any()
    assert not wishes[:, 0].any(), "nothing is wanted of what is given"

    def at(step: int, voice: int, above: int) -> float:
        return float(wishes[step, voice, tonic + above - LOWEST])

    assert at(0, 1, 0) == 0 > at(0, 1, 5), "the tonic chord at the start"
    assert at(0, 3, 7) < 0 == at(0, 3, -12), "with its root"
    assert at(9, 1, 1) < -1, "outside the scale"
    assert at(9, 1, 11) == 0 == at(9, 3, -5), "the dominant before the end, in minor too"
    assert at(16, 1, 2) < -5, "at the end it is the tonic chord"
    assert not wanted(key, np.array([tonic + 2 - LOWEST] * 4))[:, 3, tonic + 2 - LOWEST].any()


def test_the_chords_of_the_piece_are_followed_unless_others_are_wanted() -> None:
    chords = (Chord(0, "F"), Chord(4 * TICKS, "C7"), Chord(8 * TICKS, "Hm"))
    line = tuple(Note(n * TICKS, 72, TICKS) for n in range(8))
    piece = with_notes(*line, key=Key("F"), chords=chords)
    own = set_in_four(piece)
    assert own.chords == chords
    rows = np.array([sounding(track, own.length) for track in own.tracks])[1:, ::4] % 12
    assert set(rows[:, :4].ravel()) <= {5, 9, 0}
    assert set(rows[:, 4:].ravel()) <= {0, 4, 7, 10}
    assert rows[-1, 0] == 5, "the root in the bass"
    new = set_in_four(piece, own_chords=False)
    assert new.chords != chords, "what is sung has names of its own"
    assert all(parsed(chord.symbol) for chord in new.chords)
    assert new.tracks != own.tracks


def test_a_key_that_is_asked_for_is_the_key() -> None:
    assert set_in_four(tune(72), key=Key("A", "minor")).key == Key("A", "minor")


def test_a_chorale_is_in_the_key_of_its_tune_whatever_the_network_says() -> None:
    piece = tune(74)
    made = set_in_four(msgspec.structs.replace(piece, key=Key("D", "major")))
    notes = [note for track in made.tracks for note in track.notes]
    assert share_in_scale(notes, Key("D", "major")) > 0.9
    ending = {track.notes[-1].pitch % 12 for track in made.tracks}
    assert ending <= {2, 6, 9}
    assert made.tracks[-1].notes[-1].pitch % 12 == 2


def test_steps_hold_what_sounds_longest_in_them() -> None:
    cells = grid.sung((Note(0, 60, 50), Note(50, 62, 190), Note(300, 64, 60)), 4)
    assert cells.tolist() == [62 - LOWEST, 62 - LOWEST, 64 - LOWEST, REST]


def test_places_count_from_the_bar_line_and_an_upbeat_is_the_end_of_a_bar() -> None:
    piece = Piece(length=TICKS * 9, pickup=TICKS, metres=(MetreChange(0, Metre(4, 4)),))
    assert (grid.places(piece, 6) - PHASES).tolist() == [12, 13, 14, 15, 0, 1]


def loaded(path: Path) -> Any:
    return finished(weights.loader().load(path, "cpu"))


def test_a_file_is_recognised_and_sets_the_same_again(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    model = weights.Chorales(untrained().network.half().float())
    weights.save(
        path,
        model.network.state_dict(),
        {"kind": "transformer", "width": 64, "depth": 1},
        {"chorales": 3},
    )
    facts = weights.loader().recognise(path)
    assert facts is not None
    assert (facts.capabilities, facts.facts) == (("chorales",), {"chorales": 3})
    assert set_in_four(tune(72), model=loaded(path)) == set_in_four(tune(72), model=model)


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    shape = {"kind": "gru", "width": 64, "depth": 1}
    weights.save(path, untrained().network.state_dict(), shape, {})
    with pytest.raises(StudioError, match=r"own\.safetensors cannot be used"):
        loaded(path)
    path.write_text("no weights")
    assert weights.loader().recognise(path) is None
