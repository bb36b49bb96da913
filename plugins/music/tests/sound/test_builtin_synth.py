"""The studio's own synthesiser, by measurement: in tune, clean, repeatable, and none too loud."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from studio_music.audio.mix.mixdown import Mixdown
from studio_music.audio.synth import programs
from studio_music.audio.synth.builtin_synth import BuiltinSynth, hertz_of
from studio_music.audio.synth.drums import KIT
from studio_music.audio.synth.protocol import LAYERS, LONGEST, Tones, Voice
from studio_music.audio.synth.voices import Touch
from studio_music.score.piece import Note, Piece, Tempo, Track

RATE = 44100
FAMILIES = {
    "piano": 0, "electric piano": 4, "harpsichord": 6, "glockenspiel": 9, "vibraphone": 11,
    "marimba": 12, "organ": 16, "accordion": 21, "nylon guitar": 24, "steel guitar": 25,
    "distorted guitar": 30, "acoustic bass": 32, "finger bass": 33, "synth bass": 38,
    "violin": 40, "cello": 42, "pizzicato": 45, "harp": 46, "strings": 48, "choir": 52,
    "trumpet": 56, "horn": 60, "saxophone": 65, "oboe": 68, "clarinet": 71, "flute": 73,
    "recorder": 74, "square lead": 80, "saw lead": 81, "warm pad": 89, "sitar": 104, "kalimba": 108,
}  # fmt: skip


@pytest.fixture(scope="module")
def synth() -> BuiltinSynth:
    return BuiltinSynth(RATE)


def tone(synth: BuiltinSynth, program: int, pitch: int, layer: int = 10) -> np.ndarray:
    return synth.tone(Voice(program, False, pitch, layer), RATE)


def cents_off(sound: np.ndarray, hertz: float) -> float:
    """Return how far off pitch a tone is, by the distance of its repetitions in autocorrelation."""
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    alike = np.fft.irfft(np.abs(spectrum) ** 2)[: len(sound)] / np.arange(len(sound), 0, -1)
    period, rounds = RATE / hertz, 1
    while True:  # from one period to many: each tells the next where to look
        at, width = round(period * rounds), max(2, round(period * 0.03))
        if at + width > len(sound) * 0.6 or rounds > 32:
            return float(1200 * np.log2(RATE / period / hertz))
        best = at - width + int(np.argmax(alike[at - width : at + width + 1]))
        left, middle, right = alike[best - 1 : best + 2]
        best += 0.5 * (left - right) / (left - 2 * middle + right)
        period, rounds = best / rounds, rounds * 2


@pytest.mark.parametrize("program", FAMILIES.values(), ids=FAMILIES.keys())
def test_every_family_is_in_tune(synth: BuiltinSynth, program: int) -> None:
    for pitch in (48, 60, 72):
        sound = synth.tone(Voice(program, False, pitch, 10), RATE * 2).mean(axis=0)[RATE // 20 :]
        assert abs(cents_off(sound, hertz_of(pitch))) < 5, pitch


def test_all_programs_sound_at_all_pitches_and_strengths(synth: BuiltinSynth) -> None:
    for program in range(128):
        for pitch, layer in ((0, 0), (36, LAYERS - 1), (60, 8), (96, 3), (127, LAYERS - 1)):
            sound = synth.tone(Voice(program, False, pitch, layer), RATE // 4)
            assert np.isfinite(sound).all(), program
            assert 0.005 < np.abs(sound).max() < 2, (program, pitch)
            assert np.abs(sound[:, 0]).max() < 0.01, (program, pitch)
            assert pitch < 36 or abs(sound.mean()) < 0.02, (program, pitch)


@pytest.mark.parametrize("key", [*KIT, 0, 127])
def test_all_drums_sound_and_die_away(synth: BuiltinSynth, key: int) -> None:
    voice = Voice(0, True, key, 12)
    sound = synth.tone(voice, 0)
    assert np.isfinite(sound).all()
    assert 0.03 < np.abs(sound).max() < 1.5
    assert np.abs(sound[:, 0]).max() < 0.01
    assert np.abs(sound[:, -1]).max() < 0.001
    assert sound.shape[1] == pytest.approx(synth.ring(voice) * RATE, abs=1)


def centroid(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    return float((power * np.arange(len(power))).sum() / power.sum())


@pytest.mark.parametrize("program", [0, 24, 33, 40, 48, 56, 65, 81])
def test_louder_is_brighter(synth: BuiltinSynth, program: int) -> None:
    soft, middle, loud = (centroid(tone(synth, program, 60, layer)) for layer in (2, 8, 15))
    assert soft < middle < loud


@pytest.mark.parametrize("program", [4, 16, 24, 30, 40, 48, 56, 65, 71, 73, 81, 89])
@pytest.mark.parametrize("pitch", [45, 76, 103])
def test_nothing_is_mirrored_at_half_the_rate(program: int, pitch: int) -> None:
    recipe, hertz = programs.recipe(program), hertz_of(pitch)
    clean = {"breath": 0.0, "knock": 0.0}
    fields = {field.name for field in dataclasses.fields(recipe)}
    recipe = dataclasses.replace(recipe, **{k: v for k, v in clean.items() if k in fields})
    sound = recipe.tone(Touch(RATE, RATE * 2, hertz, 0.95, np.random.default_rng(0)))
    part = sound.mean(axis=0)[RATE // 4 : RATE // 4 + 65536]
    power = np.abs(np.fft.rfft(part * np.blackman(len(part)))) ** 2
    at = np.fft.rfftfreq(len(part), 1 / RATE)
    nearest = np.maximum(1, np.round(at / hertz)) * hertz
    own = np.abs(at - nearest) < np.maximum(40, nearest * 0.02)
    assert power[~own].sum() < 1e-7 * power.sum()


def test_the_same_voice_gives_the_same_samples_in_any_order(synth: BuiltinSynth) -> None:
    first = tone(synth, 73, 60)
    tone(synth, 40, 61)
    assert np.array_equal(first, tone(BuiltinSynth(RATE), 73, 60))


def mixed(track: Track, quarters: int, bpm: float = 120.0) -> np.ndarray:
    piece = Piece(tempos=(Tempo(0, bpm),), length=quarters * 480, tracks=(track,))
    timeline = Mixdown(piece, Tones(BuiltinSynth(RATE)))
    bus = np.zeros((3, timeline.frames + timeline.tail), np.float32)
    timeline.mix_into(bus, 0)
    return bus[:2]


@pytest.mark.parametrize("program", [0, 16, 24, 40, 48, 56, 73, 89])
def test_notes_end_without_a_click(program: int) -> None:
    bus = mixed(Track("one", (Note(0, 57, 480, 110),), program), 1)
    bends = np.abs(np.diff(bus, 2, axis=1)).max(axis=0)
    release = bends[RATE // 2 - 50 :]
    assert release.max() <= 1.1 * bends[RATE // 4 : RATE // 2 - 50].max()
    assert np.abs(bus[:, -1]).max() < 1e-3


def test_a_tone_that_is_longer_than_any_kept_one_goes_on_without_a_hole() -> None:
    bus = mixed(Track("long", (Note(0, 57, 120 * 480, 100),), 16), 120)
    seconds = np.abs(bus[0, : 60 * RATE]).reshape(-1, RATE // 10).max(axis=1)
    assert len(seconds) > LONGEST * 10 * 2
    assert seconds[1:-1].min() > 0.4 * np.median(seconds)
    assert seconds.max() < 2 * np.median(seconds)


def test_a_closed_hat_silences_the_open_one() -> None:
    alone = mixed(Track("kit", (Note(0, 46, 60, 100),), drums=True), 4)
    cut = mixed(Track("kit", (Note(0, 46, 60, 100), Note(240, 42, 60, 20)), drums=True), 4)
    late = slice(RATE * 4 // 10, RATE * 6 // 10)
    assert np.abs(cut[:, late]).max() < 0.1 * np.abs(alone[:, late]).max()


def test_mixing_block_by_block_is_mixing_the_whole() -> None:
    tones = Tones(BuiltinSynth(RATE), kept_bytes=100_000)  # so small that tones are made anew
    notes = tuple(Note(i * 120, 50 + i % 12, 400, 40 + i) for i in range(30))
    piece = Piece(tempos=(Tempo(0, 200.0),), length=4800, tracks=(Track("a", notes, 0),))
    timeline = Mixdown(piece, tones)
    whole = np.zeros((3, timeline.frames), np.float32)
    timeline.mix_into(whole, 0)
    blocks = []
    for at in range(0, timeline.frames, 2048):
        blocks.append(np.zeros((3, min(2048, timeline.frames - at)), np.float32))
        timeline.mix_into(blocks[-1], at)
    assert np.allclose(np.concatenate(blocks, axis=1), whole, atol=1e-6)
