"""Words become a sound and its settings; what is not understood is named."""

from __future__ import annotations

from typing import Any

import pytest

from studio_music.audio.effects.catalogue import FAMILIES
from studio_music.audio.effects.description import GERMAN, understand

SAID: list[tuple[str, dict[str, Any]]] = [
    ("coin", {"sound": "coin"}),
    ("collecting coins", {"sound": "coin"}),
    ("a big explosion far away", {"sound": "explosion"}),
    ("a footstep on wood", {"sound": "footstep", "shape": {"ground": 0}}),
    ("metal footsteps in snow", {"sound": "footsteps", "shape": {"ground": 2}}),
    ("walking on gravel", {"sound": "footsteps", "shape": {"ground": 1}}),
    ("footsteps on gravel", {"sound": "footsteps", "shape": {"ground": 1}}),
    ("running footsteps", {"sound": "footsteps", "shape": {"pace": 180}}),
    ("Schritte im Schnee", {"sound": "footsteps", "shape": {"ground": 2}}),
    ("a wooden door slams", {"sound": "door"}),
    ("doorbell", {"sound": "notification"}),
    ("church bell", {"sound": "bell"}),
    ("a phone rings", {"sound": "telephone"}),
    ("the church bell rings", {"sound": "bell"}),
    ("light switch", {"sound": "switch"}),
    ("heavy rain on a metal roof", {"sound": "rain", "shape": {"strength": 90}}),
    ("the engine starts", {"sound": "engine_start"}),
    ("engine start", {"sound": "engine_start"}),
    ("a coin morphing into a laser", {"sound": "coin", "into": "laser"}),
    ("cat turning into a robot", {"sound": "cat", "into": "robot_voice"}),
    ("20 variations of a tiny jump, 0.3 seconds", {"sound": "jump", "count": 20, "seconds": 0.3}),
    ("five versions of a click", {"sound": "click", "count": 5}),
    ("Eine große Explosion", {"sound": "explosion"}),
    ("Regen im Wald", {"sound": "rain"}),
    ("", {}),
    ("\x00 🎵 ///", {}),
]


@pytest.mark.parametrize(("text", "meant"), SAID)
def test_words_are_understood(text: str, meant: dict[str, Any]) -> None:
    said = understand(text)
    for name in ("sound", "into", "shape", "count", "seconds"):
        assert getattr(said, name) == meant.get(name, type(getattr(said, name))()), name


def test_unknown_words_are_named_and_known_ones_are_not() -> None:
    said = understand("a purple explosion of glorp")
    assert said.sound == "explosion"
    assert said.unknown == ["purple", "glorp"]
    assert said.known == ["explosion"]
    assert understand("quux zorp").unknown == ["quux", "zorp"]


def test_words_change_the_sound_each_sense_once() -> None:
    big, small = understand("big explosion").changes, understand("tiny explosion").changes
    assert big["pitch"] < 0 < small["pitch"]
    assert small["length"] < 1 < big["length"]
    assert understand("explosion far away").changes == understand("distant explosion").changes


def test_every_family_is_found_by_its_name_and_in_german() -> None:
    assert set(GERMAN) == set(FAMILIES)
    for family in FAMILIES.values():
        assert understand(family.title).sound == family.id, family.title
    missed = {
        name for name, words in GERMAN.items() if understand(words.split(", ")[0]).sound != name
    }
    assert not missed
