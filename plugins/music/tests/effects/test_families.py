"""Each family sounds as its name says, by figures: stated here, measured on what is made."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import pytest

from plugins.music.tests.effects import measures
from studio_music.audio.effects.catalogue import FAMILIES
from studio_music.audio.effects.schema import SOUNDS
from studio_music.audio.effects.settings import Settings
from studio_music.audio.effects.stage import RATE
from studio_music.audio.effects.synthesis import render
from studio_music.audio.sound_checks import check_audio

ANY = (-1e9, 1e9)
ATONCE, QUICK, SLOW = (0, 0.012), (0, 0.06), (0.12, 9)
"""Seconds of attack."""
TONE, MIXED, NOISE = (0, 0.1), (0.08, 0.45), (0.25, 1)
RISES, FALLS, STAYS = (0.15, 9), (-9, -0.15), (-0.1, 0.1)
"""Octaves from its first third to its last."""

FACTS: dict[str, dict[str, tuple[float, float]]] = {
    # two notes, the second one a fourth higher and ringing
    "coin": {"attack": ATONCE, "turn": RISES, "noise": TONE, "lasts": (0.2, 0.6)},
    "jump": {"attack": QUICK, "turn": (0.4, 2), "noise": TONE, "lasts": (0.15, 0.4)},
    "laser": {"attack": ATONCE, "turn": (-9, -0.8), "centre": (1200, 4000), "lasts": (0.15, 0.5)},
    # low, sudden, long
    "explosion": {"attack": QUICK, "centre": (100, 500), "noise": NOISE, "lasts": (1.2, 3)},
    "hit": {"attack": ATONCE, "turn": FALLS, "centre": (120, 700), "lasts": (0.05, 0.25)},
    "power_up": {"turn": (0.8, 3), "noise": TONE, "lasts": (0.6, 1)},
    "power_down": {"turn": (-3, -0.8), "noise": TONE},
    "game_over": {"turn": FALLS, "noise": TONE, "starts": (4, 4)},
    "victory": {"starts": (4, 4), "noise": TONE, "lasts": (1, 2)},
    "teleport": {"turn": (1, 3), "attack": SLOW, "noise": TONE},
    "magic": {"turn": RISES, "centre": (1500, 5000), "noise": TONE},
    "shield": {"turn": RISES, "attack": SLOW, "centre": (300, 1500)},
    "blip": {"lasts": (0.03, 0.12), "turn": STAYS, "noise": TONE},
    "click": {"attack": ATONCE, "lasts": (0, 0.03), "centre": (1500, 6000)},
    "switch": {"starts": (2, 2), "centre": (1200, 5000), "lasts": (0.03, 0.2)},
    "notification": {"starts": (2, 2), "turn": RISES, "noise": TONE, "centre": (700, 2000)},
    "error": {"starts": (2, 3), "turn": STAYS, "centre": (80, 600)},
    "typing": {"starts": (8, 13), "centre": (1500, 6000)},
    "camera": {"starts": (2, 6), "centre": (1500, 6000), "lasts": (0.2, 0.5)},
    "alarm": {"noise": TONE, "centre": (700, 2500), "lasts": (1.9, 2.1)},
    "siren": {"noise": TONE, "attack": QUICK, "lasts": (3.8, 4.1)},
    "telephone": {"starts": (2, 2), "centre": (1000, 3000)},
    "clock": {"starts": (8, 8), "centre": (1200, 4000)},
    "footstep": {"starts": (2, 2), "centre": (60, 400), "lasts": (0.1, 0.3)},
    "footsteps": {"starts": (6, 12), "centre": (60, 400), "lasts": (1.6, 2.4)},
    "door": {"attack": ATONCE, "centre": (60, 500), "noise": NOISE, "lasts": (0.15, 0.6)},
    "creak": {"attack": SLOW, "turn": RISES, "centre": (900, 3500)},
    "knock": {"starts": (3, 3), "centre": (150, 700), "attack": ATONCE},
    "glass": {"attack": ATONCE, "centre": (3000, 9000), "starts": (3, 40)},
    "clang": {"attack": ATONCE, "noise": TONE, "turn": STAYS, "centre": (600, 3000)},
    "bell": {"attack": (0, 0.03), "noise": TONE, "turn": STAYS, "lasts": (1.5, 4)},
    "rock": {"starts": (5, 7), "centre": (500, 2500), "noise": (0.1, 0.6)},
    "pop": {"attack": ATONCE, "turn": RISES, "lasts": (0.02, 0.1)},
    "gunshot": {"attack": ATONCE, "centre": (1500, 6000), "lasts": (0.3, 1.2)},
    "drum": {"attack": ATONCE, "centre": (50, 250), "turn": (-1, 0.0), "starts": (1, 1)},
    "zip": {"attack": SLOW, "centre": (3000, 9000), "noise": MIXED},
    "drip": {"turn": RISES, "noise": TONE, "lasts": (0.06, 0.25)},
    "bubble": {"starts": (5, 9), "noise": TONE, "centre": (250, 1100)},
    "splash": {"attack": QUICK, "noise": NOISE, "centre": (900, 4000)},
    "thunder": {"centre": (40, 450), "noise": NOISE, "lasts": (3.5, 5.1)},
    "whoosh": {"attack": SLOW, "noise": NOISE, "centre": (800, 2500)},
    "arrow": {"starts": (1, 1), "turn": (-9, -2), "lasts": (0.42, 0.7)},
    "whip": {"turn": (1, 5), "noise": NOISE, "centre": (4000, 12000), "starts": (1, 1)},
    "bird": {"starts": (5, 5), "noise": TONE, "centre": (2200, 5000)},
    "dog": {"starts": (2, 2), "attack": QUICK, "centre": (600, 1800)},
    "cat": {"attack": SLOW, "noise": TONE, "centre": (800, 2500)},
    "frog": {"noise": (0.2, 0.6), "centre": (700, 2500), "lasts": (0.4, 0.65)},
    "growl": {"attack": SLOW, "centre": (150, 900), "noise": (0.12, 0.5)},
    "engine_start": {"centre": (300, 1500), "lasts": (2.5, 3.1), "starts": (6, 20)},
    "car_horn": {"turn": STAYS, "noise": TONE, "attack": QUICK, "starts": (1, 1)},
    "train_whistle": {"attack": (0.1, 0.4), "turn": STAYS, "noise": TONE},
    "drill": {"attack": (0.2, 0.7), "turn": (0.1, 2), "centre": (1000, 4000)},
    "spark": {"centre": (5000, 14000), "noise": NOISE, "starts": (4, 30)},
    "radio": {"centre": (700, 2600), "noise": (0.12, 0.6)},
    "robot_voice": {"turn": (-1.5, 1.5), "centre": (300, 1500), "noise": (0, 0.2)},
    "ghost": {"attack": (0.4, 2), "noise": TONE, "centre": (300, 1000)},
    "heartbeat": {"starts": (6, 6), "centre": (30, 120)},
    "cash_register": {"starts": (3, 8), "centre": (1500, 4000), "noise": TONE},
    "rain": {"noise": NOISE, "centre": (4000, 9000)},
    "wind": {"noise": NOISE, "centre": (200, 1200)},
    "fire": {"starts": (12, 80), "centre": (800, 6000)},
    "sea": {"noise": NOISE, "centre": (400, 2500)},
    "stream": {"noise": NOISE, "centre": (2500, 7000)},
    "crowd": {"centre": (350, 1200), "noise": (0.2, 0.6)},
    "applause": {"noise": NOISE, "centre": (1000, 3500), "starts": (10, 60)},
    "engine": {"centre": (250, 1200), "turn": STAYS},
    "birds": {"noise": TONE, "centre": (2200, 5000)},
    "crickets": {"noise": (0, 0.3), "centre": (3200, 5200), "starts": (6, 60)},
    "machine_hum": {"centre": (80, 400), "turn": STAYS},
    "spaceship": {"centre": (100, 700), "noise": (0, 0.35)},
    "train_ride": {"starts": (7, 10), "centre": (150, 800)},
}
MEASURES = {
    "attack": measures.attack,
    "lasts": measures.loud_for,
    "centre": measures.centroid,
    "noise": measures.noisiness,
    "turn": measures.turn,
    "starts": measures.onsets,
}


@cache
def sound(name: str, seed: int = 1) -> np.ndarray:
    seconds = 3.0 if FAMILIES[name].endless else 0.0
    return render(FAMILIES[name], Settings(seconds=seconds), seed)


def test_the_list_of_the_form_is_the_catalogue_and_each_is_stated() -> None:
    assert tuple(FAMILIES) == SOUNDS
    assert set(FACTS) == set(FAMILIES)
    for family in FAMILIES.values():
        assert family.summary.endswith(".")
        assert all(knob.low <= knob.usual <= knob.high for knob in family.knobs)


NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if FAMILIES[name].seconds > 0.8 else name
    for name in FACTS
]


@pytest.mark.parametrize("name", NAMES)
def test_it_sounds_as_its_name_says(name: str) -> None:
    made = sound(name)
    heard = measures.mono(made)
    wrong = {
        fact: round(MEASURES[fact](heard), 3)
        for fact, (low, high) in FACTS[name].items()
        if not low <= MEASURES[fact](heard) <= high
    }
    assert not wrong, f"{name}: {wrong}, stated {FACTS[name]}"
    failed = [check for check in check_audio(made, RATE) if not check.passed]
    assert not failed


@pytest.mark.slow
def test_a_family_would_not_pass_for_another() -> None:
    """The facts tell families apart: a coin is no explosion, nor the other way round."""

    def fits(name: str, other: str) -> bool:
        heard = measures.mono(sound(other))
        return all(lo <= MEASURES[f](heard) <= hi for f, (lo, hi) in FACTS[name].items())

    some = ("coin", "laser", "explosion", "bell", "whoosh", "heartbeat", "click", "bird")
    taken = {(a, b) for a in some for b in some if a != b and fits(a, b)}
    assert not taken


def test_a_seed_makes_the_same_bytes_and_another_does_not() -> None:
    some = ("coin", "hit", "drip")
    for name in some:
        first = render(FAMILIES[name], Settings(), 1)
        digest = hashlib.sha256(first.tobytes()).hexdigest()
        assert digest == hashlib.sha256(sound(name).tobytes()).hexdigest()
        other = render(FAMILIES[name], Settings(), 2)
        assert other.shape != first.shape or np.abs(other - first).max() > 0.05


@pytest.mark.parametrize("ground", range(4))
def test_whoever_walks_takes_more_steps_in_a_longer_sound(ground: int) -> None:
    def steps(name: str, seconds: float) -> int:
        shape = {"ground": float(ground)}
        made = render(FAMILIES[name], Settings(seconds=seconds, shape=shape, variety=0), 1)
        loud = measures.level(measures.mono(made), 0.1) > 0.12
        return int(np.count_nonzero(np.diff(loud, prepend=False) & loud))

    assert [steps("footsteps", seconds) for seconds in (2.4, 4.8)] == [4, 9]
    assert steps("footstep", 0.4) == 1


def test_what_is_set_is_heard() -> None:
    coin = FAMILIES["coin"]
    plain = measures.mono(render(coin, Settings(), 1))

    def with_(**settings: float) -> np.ndarray:
        return render(coin, Settings(**settings), 1)  # type: ignore[arg-type]

    octave = measures.pitches(measures.mono(with_(pitch=12)))[5] / measures.pitches(plain)[5]
    assert octave == pytest.approx(2, rel=0.02)
    assert measures.loud_for(measures.mono(with_(seconds=1.0))) > 1.5 * measures.loud_for(plain)
    assert measures.centroid(measures.mono(with_(brightness=0.8))) > 1.3 * measures.centroid(plain)
    assert measures.centroid(measures.mono(with_(brightness=-0.8))) < 0.8 * measures.centroid(plain)
    rough = measures.mono(with_(roughness=1.0))
    assert measures.loud_for(rough, -20) > measures.loud_for(plain, -20)
    cave = with_(space=0.9)
    assert cave.shape[1] == 2
    assert len(cave) > 2 * len(plain)
    wide = measures.pitches(measures.mono(render(coin, Settings(shape={"interval": 12}), 1)))
    usual = measures.pitches(plain)
    assert 12 * np.log2(wide[20] / usual[20]) == pytest.approx(12 - 5, abs=0.3)
