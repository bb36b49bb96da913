"""Bars are written anew by the model, and all else of the piece stays as it was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")

from plugins.music.tests.tasks.music_tasks import plain, run, score_of, tune  # noqa: E402
from studio.api import BadInput  # noqa: E402
from studio_music.score.piece import Metre, MetreChange, Note, Piece  # noqa: E402
from studio_music.score.theory.chord_symbols import parsed  # noqa: E402

pytestmark = pytest.mark.torch

BAR = Metre().bar


def melody(piece: Piece) -> list[tuple[int, int, int]]:
    return [(note.start, note.pitch, note.length) for note in piece.tracks[0].notes]


def developed(how: str, piece: Piece, **values: Any) -> tuple[Piece, dict[str, Any]]:
    made = run("develop", how=how, piece=plain(piece), **values)
    return score_of(made), made.result


def test_it_goes_on_behind_a_piece_and_what_was_there_stays() -> None:
    piece = tune(4)
    made, result = developed("continue", piece, bars=3)
    assert (result["first"], result["last"], result["bars"]) == (5, 7, 7)
    assert [note for note in melody(made) if note[0] < 4 * BAR] == melody(piece)
    new = [note for note in made.tracks[0].notes if note.start >= 4 * BAR]
    assert new
    assert max(note.end for note in new) <= 7 * BAR
    scale = set(piece.key.scale) | {1}
    assert {note.pitch % 12 for note in new} <= scale, "D minor, with its leading note"
    assert new[-1].pitch % 12 == 2, "it is the end now, and so the tonic"
    assert result["passed"], result["checks"]


@pytest.mark.parametrize("how", ["fill", "vary"])
def test_bars_in_the_middle_are_written_and_nothing_else(how: str) -> None:
    piece = tune(6)
    made, _ = developed(how, piece, first=3, last=4)
    outside = [note for note in melody(piece) if not 2 * BAR <= note[0] < 4 * BAR]
    assert [note for note in melody(made) if not 2 * BAR <= note[0] < 4 * BAR] == outside
    assert melody(made) != melody(piece)
    assert made.end == piece.end


def test_a_variation_keeps_some_notes_and_always_the_first() -> None:
    piece = tune(8)
    before = melody(piece)
    kept = []
    for seed in range(4):
        made, _ = developed("vary", piece, seed=seed)
        after = melody(made)
        assert after[0][:2] == before[0][:2]
        kept.append(len(set(after) & set(before)) / len(before))
    assert 0.2 < sum(kept) / len(kept) < 0.9


@pytest.mark.parametrize("genre", ["folk", "jazz"])
def test_chords_and_players_follow_the_bars_that_were_written(genre: str) -> None:
    given = score_of(run("back", piece=plain(tune(8)), genre=genre, seed=2, audio=False))
    made, _ = developed("vary", given, first=3, last=6, seed=5)
    first, last = 2 * BAR, 6 * BAR
    old, new = ({chord.tick: chord.symbol for chord in piece.chords} for piece in (given, made))
    assert new != old, "the tune is another, and so are its chords"
    for tick in set(old) ^ set(new) | {tick for tick in new if new[tick] != old.get(tick)}:
        assert first <= tick <= last
    for before, after in zip(given.tracks[1:], made.tracks[1:], strict=True):
        outside = [note for note in before.notes if not first <= note.start < last]
        assert [note for note in after.notes if not first <= note.start < last] == outside
        changed = [note.pitch for note in before.notes] != [note.pitch for note in after.notes]
        assert changed == (before.role in ("chords", "bass")), "their patterns stay, drums too"
    chords = sorted((chord.tick, parsed(chord.symbol)) for chord in made.chords)
    struck = next(track for track in made.tracks if track.role == "chords").notes
    for note in (note for note in struck if first <= note.start < last):
        sounding = [chord for tick, chord in chords if tick <= note.start][-1]
        assert sounding is not None
        assert note.pitch % 12 in sounding.tones


def test_the_twelve_bars_of_the_blues_stay_whatever_the_tune() -> None:
    given = score_of(run("back", piece=plain(tune(12)), genre="blues", audio=False))
    made, _ = developed("vary", given, first=3, last=6)
    assert made.chords == given.chords
    assert made.tracks[1:] == given.tracks[1:]
    assert made.tracks[0] != given.tracks[0]


def test_the_seed_decides() -> None:
    first, _ = developed("fill", tune(4), seed=1)
    assert developed("fill", tune(4), seed=1)[0] == first
    assert developed("fill", tune(4), seed=2)[0] != first


def test_a_tune_far_up_or_down_is_read_where_it_lies() -> None:
    for octaves in (-24, 24):
        notes = tuple(
            msgspec.structs.replace(n, pitch=n.pitch + octaves) for n in tune(4).tracks[0].notes
        )
        piece = msgspec.structs.replace(
            tune(4), tracks=(msgspec.structs.replace(tune(4).tracks[0], notes=notes),)
        )
        made, _ = developed("fill", piece, first=2, last=3)
        pitches = [note.pitch for note in notes]
        for note in made.tracks[0].notes:
            assert min(pitches) - 12 <= note.pitch <= max(pitches) + 12


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"first": 3, "last": 2}, "no bars 3 to 2"),
        ({"first": 1, "last": 9}, "no bars 1 to 9"),
    ],
)
def test_bars_that_there_are_not_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        developed("fill", tune(4), **values)


def test_a_metre_that_tunes_are_not_written_in_is_refused() -> None:
    odd = msgspec.structs.replace(tune(4), metres=(MetreChange(0, Metre(11, 8)),))
    with pytest.raises(BadInput, match="11/8 are not supported"):
        developed("continue", odd)
    changing = msgspec.structs.replace(
        tune(4), metres=(MetreChange(0, Metre()), MetreChange(2 * BAR, Metre(3, 4)))
    )
    with pytest.raises(BadInput, match="metre changes"):
        developed("fill", changing, first=3, last=3)


def test_notes_between_the_sixteenths_do_no_harm() -> None:
    crooked = tuple(Note(n * 317 + 5, 62 + n % 5, 211) for n in range(20))
    piece = msgspec.structs.replace(
        tune(4), tracks=(msgspec.structs.replace(tune(4).tracks[0], notes=crooked),)
    )
    made, _ = developed("continue", piece, bars=2)
    assert melody(made)[: len(crooked)] == [(n.start, n.pitch, n.length) for n in crooked]
