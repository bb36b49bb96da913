"""The bench ``music-effects``: which sound descriptions are understood as, and by whom.

``named`` descriptions name their sound, as people do who want a coin; ``told`` ones tell what
happens instead. Each is read by keywords and by each language model that is there, held to the
schema; right is the family that was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from studio.api import BenchContext, StudioError
from studio_music.audio.effects.description import understand

NAMED: Final = (
    ("a small bright coin", "coin"), ("a huge explosion in a cave", "explosion"),
    ("soft footsteps on wood", "footsteps"), ("an old door creaks open", "door"),
    ("glass breaking", "glass"), ("heavy rain on a tent", "rain"), ("a fast laser shot", "laser"),
    ("a cat meows twice", "cat"), ("thunder far away", "thunder"), ("the crowd cheers", "crowd"),
    ("an arrow hits the target", "arrow"), ("a phone rings", "telephone"),
)  # fmt: skip
"""(description, family): the description has a word for the sound."""

TOLD: Final = (
    ("a wolf shows its teeth", "growl"), ("money falls on the table", "coin"),
    ("somebody taps at the window", "knock"), ("the hero dies and the credits roll", "game_over"),
    ("a blade hits armour", "clang"), ("a stone dropped into a pond", "splash"),
    ("logs burning in a hearth", "fire"), ("waves at the beach", "sea"),
    ("a kettle about to burst", "bubble"), ("the photographer takes a picture", "camera"),
    ("people clapping after a concert", "applause"), ("a bow is released", "arrow"),
    ("writing an e-mail in a hurry", "typing"), ("a locomotive announces itself", "train_whistle"),
    ("wrong answer in a quiz", "error"), ("an android speaks", "robot_voice"),
    ("a boulder rolls down", "rock"), ("the lamp is turned on", "switch"),
    ("a summer night in the grass", "crickets"), ("pulse of a frightened man", "heartbeat"),
)  # fmt: skip
"""(description, family): no word of it names the sound."""

_MODELS: Final = (
    "smollm2-135m-instruct",
    "qwen2.5-coder-1.5b-instruct",
    "qwen2.5-coder-1.5b-instruct-q4-k-m",  # the same, added by hand
)


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the share that was read right, by reader and sort of description."""
    groups = {"named": NAMED, "told": TOLD}
    figures: dict[str, Any] = {}
    for group, pairs in groups.items():
        right = [understand(words).sound == sound for words, sound in pairs]
        figures[f"keywords_{group}"] = round(sum(right) / len(right), 2)
    for model in _MODELS:
        for group, pairs in groups.items():
            try:
                ctx.weights_path(model)
            except StudioError:  # it is not here
                break
            read = []
            for number, (words, sound) in enumerate(pairs):
                ctx.say(f"{model}: {group} {number + 1} of {len(pairs)}")
                asked = {"prompt": words, "reader": "model", "weights": model, "seed": 1}
                read.append(ctx.run("music.effect", asked)["sound"] == sound)
            figures[f"{model}_{group}"] = round(sum(read) / len(read), 2)
    return figures
