"""The tools of the mix, each alone: loudness, limiter, room, tempo map, metronome."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from studio_music.audio.mix import limiter, loudness
from studio_music.audio.mix.mixdown import beats, gains, heard
from studio_music.audio.mix.reverb import Reverb, response
from studio_music.audio.mix.tempo_map import TempoMap
from studio_music.score.piece import Metre, MetreChange, Piece, Tempo, Track

RATE = 48000


def sine(hertz: float, seconds: float, channels: int = 1, rate: int = RATE) -> np.ndarray:
    wave = np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[None].astype(np.float32), channels, axis=0)


@pytest.mark.parametrize("rate", [44100, 48000])
def test_loudness_is_that_of_the_standard(rate: int) -> None:
    """BS.1770-4: 997 Hz at full scale in one channel is -3.01 LUFS; the filters act as they say."""
    tone = sine(997, 5, rate=rate)
    assert loudness.integrated(loudness.windows(tone, rate)) == pytest.approx(-3.01, abs=0.05)
    both = sine(997, 5, channels=2, rate=rate)
    assert loudness.integrated(loudness.windows(both, rate)) == pytest.approx(0.0, abs=0.05)
    treble = sine(8000, 5, rate=rate)
    assert loudness.integrated(loudness.windows(treble, rate)) == pytest.approx(0.33, abs=0.1)


def test_pauses_do_not_make_music_softer() -> None:
    tone = sine(997, 5)
    paused = np.concatenate((tone, np.zeros((1, RATE * 20), np.float32), tone * 0.01), axis=1)
    plain = loudness.integrated(loudness.windows(tone, RATE))
    assert loudness.integrated(loudness.windows(paused, RATE)) == pytest.approx(plain, abs=0.3)
    assert loudness.integrated(loudness.windows(paused * 0, RATE)) == -np.inf


def limited(sound: np.ndarray, block: int) -> np.ndarray:
    held, parts = limiter.START, []
    for at in range(0, sound.shape[1], block):
        part, held = limiter.limit(sound[:, at : at + block], held)
        parts.append(part)
    return np.concatenate(parts, axis=1)


def test_the_limiter_lets_soft_sound_through_as_it_is() -> None:
    soft = sine(440, 1, channels=2)[:, : limiter.STEP * 100] * 0.5
    late = limited(soft, limiter.STEP * 10)
    assert np.array_equal(late[:, limiter.STEP :], soft[:, : -limiter.STEP])


@pytest.mark.parametrize("block", [limiter.STEP, limiter.STEP * 8])
def test_the_limiter_never_lets_a_peak_through(block: int) -> None:
    rng = np.random.default_rng(0)
    loud = rng.normal(0, 0.3, (2, limiter.STEP * 400)).astype(np.float32)
    loud[:, 5000] = 30.0
    made = limited(loud, block)
    assert np.abs(made).max() <= limiter.CEILING * (1 + 1e-6)
    assert np.array_equal(made, limited(loud, limiter.STEP * 400))


def test_the_room_dies_away_and_is_the_same_in_any_blocks() -> None:
    room = response(RATE)
    early, late = (room[:, : RATE // 4] ** 2).sum(), (room[:, RATE:] ** 2).sum()
    assert late < early / 1000
    click = np.zeros((3, 8192), np.float32)
    click[:, 0] = 1
    made = []
    for block in (1024, 4096):
        reverb, parts = Reverb(RATE, block), []
        memory = reverb.silence
        for at in range(0, 8192, block):
            part = click[:, at : at + block].copy()
            memory = reverb.add(part, memory)
            parts.append(part)
        made.append(np.concatenate(parts, axis=1))
    assert np.allclose(made[0], made[1], atol=1e-5)
    assert np.allclose(made[0][:2, 1:], room[:, 1:8192], atol=1e-5)


def test_a_tempo_map_says_what_the_piece_says() -> None:
    rng = np.random.default_rng(1)
    places = np.sort(rng.choice(np.arange(1, 40_000), 60, replace=False)).tolist()
    tempos = (Tempo(0, 100.0), *(Tempo(t, float(rng.integers(40, 200))) for t in places))
    piece, tempo_map = Piece(length=48_000, tempos=tempos), TempoMap(tempos, RATE)
    for tick in range(0, 48_000, 331):
        seconds = piece.seconds(tick)
        assert abs(tempo_map.sample(tick) - seconds * RATE) <= 0.501
        assert tempo_map.tick(seconds * RATE) == tick


def test_beats_follow_the_metre() -> None:
    metres = (MetreChange(0, Metre(3, 4)), MetreChange(1440, Metre(6, 8)))
    piece = Piece(length=1440 * 2, metres=metres)
    assert beats(piece) == [
        (0, True), (480, False), (960, False), (1440, True), (1440 + 720, False),
    ]  # fmt: skip
    assert beats(Piece(length=480 + 1920, pickup=480))[:2] == [(0, True), (480, True)]


def test_pan_keeps_the_power_and_solo_goes_before_mute() -> None:
    for pan in (-1.0, -0.3, 0.0, 1.0, 9.0):
        assert (gains(Track("a", pan=pan, volume=0.5)) ** 2).sum() == pytest.approx(0.5)
    one, two = Track("one", solo=True), Track("two", muted=True)
    assert heard(Piece(tracks=(one, two))) == [one]
    assert heard(Piece(tracks=(two, Track("three")))) == [Track("three")]


RENDER = """
import hashlib
from studio_music.score.piece import Note, Piece, Track
from studio_music.audio.mix.render import render
notes = tuple(Note(i * 240, 40 + i * 3, 400, 60 + i * 4) for i in range(12))
programs = (0, 24, 48, 56, 73)
tracks = (*(Track(str(p), notes, p) for p in programs), Track("kit", notes, drums=True))
*_, samples = render(Piece(length=4 * 1920, tracks=tracks), 44100, "studio")
print(hashlib.sha256(samples.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_number_of_threads_changes_no_sample() -> None:
    found = set()
    for threads in ("1", "4"):
        env = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-c", RENDER], env=env, capture_output=True, text=True, check=True
        )
        found.add(run.stdout.strip())
    assert len(found) == 1
