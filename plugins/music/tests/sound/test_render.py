"""A piece as sound: as long as it should be, repeatable, loud but never too loud."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import BadInput
from studio_music.audio.mix import limiter, loudness
from studio_music.audio.mix.render import folded, render
from studio_music.score.piece import Note, Piece, Tempo, Track

RATE = 44100


def piece(*tracks: Track, quarters: int = 4, bpm: float = 240.0) -> Piece:
    return Piece(tempos=(Tempo(0, bpm),), length=quarters * 480, tracks=tracks)


def band() -> Piece:
    tune = tuple(Note(i * 240, 60 + i, 200, 70 + 5 * i) for i in range(8))
    beat = tuple(Note(i * 240, 36 if i % 2 else 42, 60, 100) for i in range(8))
    chord = tuple(Note(0, pitch, 1900, 70) for pitch in (48, 55, 64))
    return piece(
        Track("tune", tune, 73, pan=-0.5), Track("pad", chord, 48), Track("kit", beat, drums=True)
    )


def sound_of(asked: Piece, rate: int = RATE, *, loop: bool = False) -> np.ndarray:
    *shares, samples = render(asked, rate, "studio", loop)
    assert all(isinstance(share, float) and 0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    assert isinstance(samples, np.ndarray)
    return samples


def test_same_piece_same_samples() -> None:
    first, second = sound_of(band()), sound_of(band())
    assert first.dtype == np.float32
    assert first.shape[1] == 2
    assert np.array_equal(first, second)


@pytest.mark.parametrize("rate", [44100, 48000])
def test_it_is_as_loud_as_others_and_never_too_loud(rate: int) -> None:
    samples = sound_of(band(), rate)
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= limiter.CEILING
    heard = loudness.integrated(loudness.windows(samples.T, rate))
    assert -17.5 < heard < -15.5
    assert abs(samples.mean()) < 1e-3


def test_it_rings_on_after_its_end_and_fades_to_nothing() -> None:
    samples = sound_of(band())
    assert len(samples) > RATE * 1.2
    assert np.abs(samples[-1]).max() < 1e-4


def test_a_loop_is_exactly_as_long_as_the_piece_and_joins_without_a_click() -> None:
    samples = sound_of(band(), loop=True)
    assert len(samples) == RATE
    twice = np.concatenate((samples, samples))
    steps, bends = np.abs(np.diff(twice, axis=0)), np.abs(np.diff(twice, 2, axis=0))
    # The first note and beat begin at the joint: so it may move as fast as elsewhere, not faster.
    assert steps[RATE - 1].max() <= np.quantile(steps, 0.999)
    assert bends[RATE - 3 : RATE + 1].max() <= np.quantile(bends, 0.999)


def test_what_rings_after_the_end_of_a_loop_sounds_in_its_start() -> None:
    late = Track("late", (Note(1900, 60, 20, 100),), 10)
    samples = sound_of(piece(late), loop=True)
    assert np.abs(samples[: RATE // 4]).max() > 0.05


def test_a_short_loop_takes_all_of_a_long_tail() -> None:
    sound = np.arange(10, dtype=np.float32)[None]
    assert folded(sound, 4).tolist() == [[12.0, 15.0, 8.0, 10.0]]


def test_muted_tracks_are_silent_and_solo_silences_others() -> None:
    notes = (Note(0, 69, 1900, 100),)
    quiet = sound_of(piece(Track("a", notes, 16, muted=True)))
    assert not quiet.any()
    alone = sound_of(piece(Track("a", notes, 16, solo=True)))
    beside = sound_of(piece(Track("a", notes, 16, solo=True), Track("b", (Note(0, 40, 900),), 30)))
    assert np.array_equal(alone, beside)


def test_pan_puts_a_track_to_a_side() -> None:
    left, right = np.abs(sound_of(piece(Track("a", (Note(0, 69, 1900, 100),), 0, pan=-1)))).sum(0)
    assert left > 3 * right


def test_a_change_of_tempo_moves_what_comes_after_it() -> None:
    beats = Track("kit", (Note(0, 76, 60, 120), Note(960, 76, 60, 120)), drums=True)
    slower = Piece(tempos=(Tempo(0, 120), Tempo(480, 60)), length=1920, tracks=(beats,))
    loud = np.abs(sound_of(slower)).max(axis=1)
    second = RATE // 4 + int(np.argmax(loud[RATE // 4 :]))
    assert abs(second - 1.5 * RATE) < 0.02 * RATE


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (piece(quarters=0), "no notes to play"),
        (piece(quarters=2000, bpm=20.0), "100 minutes"),
    ],
)
def test_what_cannot_be_rendered_is_said(asked: Piece, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        sound_of(asked)
