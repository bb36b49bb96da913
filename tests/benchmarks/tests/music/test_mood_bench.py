"""What the benches of moods and of harmony measure: figures whose truth is known."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.music import figures, genres, harmony, moods  # noqa: E402
from plugins.music.tests.tasks.music_tasks import tune  # noqa: E402
from studio_music.compose.backing import arranging  # noqa: E402
from studio_music.score.piece import Chord, Note, Piece, Track  # noqa: E402

pytestmark = pytest.mark.torch


def arranged(genre: str) -> Piece:
    *_, made = arranging(tune(8), genre, np.random.default_rng(0))
    assert isinstance(made, Piece)
    return made


def test_seconds_sevenths_and_tritones_rub() -> None:
    def rubs(*pitches: int) -> float:
        return figures.dissonance([Note(0, pitch, 480) for pitch in pitches], 480)

    assert rubs(60, 64, 67) == rubs(60, 72) == 0
    assert rubs(60, 61) == rubs(60, 66) == 1
    assert rubs(60, 64, 71) == pytest.approx(1 / 3)


def test_what_is_stated_is_of_moods_that_there_are_and_of_what_is_measured() -> None:
    melody = Track("Tune", (Note(0, 60, 480), Note(480, 72, 240)), role="melody")
    measured = figures.figures_of(Piece(length=960, tracks=(melody,)))
    assert (measured["pitch"], measured["joined"]) == (66, 0.75)
    for less, more, name in moods.STATED:
        assert {less, more} <= set(moods.MOODS)
        assert name in measured


def test_settings_are_marked_and_compared_with_given_chords() -> None:
    grid = np.array([[72, 67, 64, 48]] * 4 + [[74, 65, 62, 50]] * 4)
    marks = harmony.marks([grid])
    assert (marks["moves"], marks["parallels per 100 moves"]) == (1, 100)
    roles = ("soprano", "alto", "tenor", "bass voice")
    tracks = tuple(
        Track(role, (Note(0, int(grid[0, n]), 480), Note(480, int(grid[4, n]), 480)), role=role)
        for n, role in enumerate(roles)
    )
    piece = Piece(length=960, tracks=tracks, chords=(Chord(0, "C"), Chord(480, "G")))
    assert harmony.agreement(piece, piece) == 0.5
    assert [n.pitch for n in harmony.soprano(grid).tracks[0].notes] == [72, 74]


def test_genres_are_told_apart_by_what_differs_and_never_by_noise() -> None:
    rng = np.random.default_rng(0)
    heard = {
        name: [{"tempo": tempo + rng.normal(), "noise": rng.normal()} for _ in range(20)]
        for name, tempo in (("slow", 0.0), ("fast", 20.0))
    }
    assert genres.told_apart(heard, 10) == (1.0, {})
    share, confused = genres.told_apart(genres.without(heard, ["tempo"]), 10)
    assert share < 0.9
    assert set(confused) <= {"slow → fast", "fast → slow"}


def test_figures_of_a_genre_know_its_rhythm_and_not_its_instruments() -> None:
    played = arranged("rock")
    assert genres.heard_of(played)["backbeat"] > 1
    assert genres.heard_of(arranged("jazz"))["drums on thirds"] > 0.2
    other = tuple(msgspec.structs.replace(each, program=77) for each in played.tracks)
    assert genres.heard_of(msgspec.structs.replace(played, tracks=other)) == genres.heard_of(played)
