"""Descriptions read by a language model, held to a schema: it can name only what there is.

By itself nobody is asked: of descriptions without a word for their sound the small included model
reads one in twenty right, a model of 1.5 billion parameters one in three, keywords two in three
(``make bench music-effects``).
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Final

from studio.api import (
    BadInput,
    ChatMessage,
    Constraint,
    Event,
    SamplingParams,
    TaskContext,
    WeightsId,
    write_text,
)
from studio_music.audio.effects.catalogue import FAMILIES
from studio_music.audio.effects.description import Described

_STEPS: Final = {
    "much lower": -10.0,
    "lower": -5.0,
    "usual": 0.0,
    "higher": 5.0,
    "much higher": 10.0,
}
_LENGTHS: Final = {"very short": 0.4, "short": 0.65, "usual": 1.0, "long": 1.6, "very long": 2.5}
_AMOUNTS: Final = {"none": 0.0, "some": 30.0, "much": 65.0}
_LIGHTS: Final = {"dull": -45.0, "usual": 0.0, "bright": 40.0}
_CHOICES: Final = {
    "pitch": _STEPS,
    "length": _LENGTHS,
    "brightness": _LIGHTS,
    "space": _AMOUNTS,
    "roughness": _AMOUNTS,
}
_FORM: Final = Constraint.json(
    {
        "type": "object",
        "properties": {
            "sound": {"enum": list(FAMILIES)},
            **{name: {"enum": list(choices)} for name, choices in _CHOICES.items()},
        },
        "required": ["sound", *_CHOICES],
        "additionalProperties": False,
    }
)
_ASKED: Final = (
    "Choose the sound that fits the description best, and how it is to be. Space is reverb. "
    "Answer with JSON. The sounds are: {sounds}.\n\nDescription: {text}"
)


def read_by_model(
    ctx: TaskContext, text: str, weights: WeightsId
) -> Generator[Event, None, Described]:
    """Let a language model interpret a description.

    Raises:
        BadInput: Its answer was cut off.
    """
    ctx.check_constraint(_FORM)
    messages = [
        ChatMessage(role="user", content=_ASKED.format(sounds=", ".join(FAMILIES), text=text))
    ]
    sampling = SamplingParams(max_tokens=160, temperature=0.0, seed=ctx.rng.seed, constraint=_FORM)
    with ctx.lease(weights) as engine:
        answer = yield from write_text(
            ctx, engine, messages, sampling, weights=weights, message="Reading the description"
        )
    if answer.finish_reason != "stop":
        raise BadInput(
            "The model's reading of the description was cut off.", "Shorten the description."
        )
    fields = json.loads(answer.text)
    description = Described(sound=fields["sound"])
    description.changes = {name: choices[fields[name]] for name, choices in _CHOICES.items()}
    return description
