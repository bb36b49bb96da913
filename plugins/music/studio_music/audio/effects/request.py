"""A request for an effect: the words and the fields, put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from studio.api import BadInput
from studio_music.audio.effects.catalogue import FAMILIES, family_of
from studio_music.audio.effects.description import Described
from studio_music.audio.effects.family import Family
from studio_music.audio.effects.schema import PEAK_LEVEL, Effect
from studio_music.audio.effects.settings import LONGEST, Settings

_LOUD = -18.0
"""The loudness that "loud" and "quiet" start from, where none is set."""


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        family, into: The sound, and what it is mixed with.
        morph: How far it is on the way there, 0…1.
        count: How many variations.
    """

    family: Family
    settings: Settings
    into: Family | None = None
    morph: float = 0.0
    count: int = 1

    @property
    def title(self) -> str:
        """Title for display."""
        return (
            f"{self.family.title} into {self.into.title.lower()}"
            if self.into
            else self.family.title
        )

    @property
    def loop(self) -> bool:
        """Whether it is a loop: a texture, or one that turns into another."""
        return self.family.endless and (self.into is None or self.into.endless)

    def told(self) -> dict[str, Any]:
        """Return it as plain data, for the record and for ``--json``."""
        knobs = {
            knob.name: self.settings.shape.get(knob.name, knob.usual) for knob in self.family.knobs
        }
        return {
            "sound": self.family.id,
            "into": self.into.id if self.into else "",
            "morph": round(100 * self.morph, 1) if self.into else 0,
            "settings": {
                "pitch": round(self.settings.pitch, 2),
                "brightness": round(100 * self.settings.brightness, 1),
                "roughness": round(100 * self.settings.roughness, 1),
                "space": round(100 * self.settings.space, 1),
                "variety": round(100 * self.settings.variety, 1),
            },
            "shape": knobs,
            "loop": self.loop,
        }


def request_of(params: Effect, described: Described) -> Request:
    """Combine words and fields into a request; a sound named in words takes precedence.

    Raises:
        BadInput: Neither names a sound, or a setting is not one of this sound.
    """
    sound = described.sound or ("" if params.sound == "auto" else params.sound)
    if not sound:
        unknown = ", ".join(f"“{word}”" for word in described.unknown[:5])
        what = f"No word of the description names a sound; not understood: {unknown}."
        raise BadInput(
            what if unknown else "No word of the description names a sound.",
            f"Use one such as {', '.join(list(FAMILIES)[:6])} or rain, or choose from the list.",
        )
    family = family_of(sound)
    target = described.into or ("" if params.into == "none" else params.into)
    into = family_of(target) if target and target != sound else None
    settings = _settings(params, described.changes, described.seconds, family)
    shape = _shape(family, {**params.shape, **described.shape})
    return Request(
        family,
        replace(settings, shape=shape),
        into,
        params.morph / 100 if into else 0.0,
        min(100, described.count or params.count),
    )


def _settings(
    params: Effect, changes: Mapping[str, float], seconds: float, family: Family
) -> Settings:
    def percent(name: str, low: float = 0.0) -> float:
        value = (getattr(params, name) + changes.get(name, 0.0)) / 100
        return float(min(1.0, max(low, value)))

    length = seconds or params.seconds or 0.0
    if "length" in changes and not seconds:
        length = (length or family.seconds) * changes["length"]
    loudness: float | None = params.loudness if params.loudness > PEAK_LEVEL else None
    if "loudness" in changes:
        loudness = min(-6.0, (_LOUD if loudness is None else loudness) + changes["loudness"])
    return Settings(
        seconds=min(LONGEST, length),
        pitch=max(-24.0, min(24.0, params.pitch + changes.get("pitch", 0.0))),
        brightness=percent("brightness", -1.0),
        space=percent("space"),
        roughness=percent("roughness"),
        variety=percent("variety"),
        loudness=loudness,
    )


def _shape(family: Family, given: Mapping[str, float]) -> dict[str, float]:
    """Return the knobs that were set.

    Raises:
        BadInput: There is no such knob, or its value is out of bounds.
    """
    knobs = {knob.name: knob for knob in family.knobs}
    for name, value in given.items():
        if name not in knobs:
            own = f"It has: {', '.join(knobs)}." if knobs else "It has none of its own."
            raise BadInput(f"“{family.title}” has no setting “{name}”.", own)
        knob = knobs[name]
        if not knob.low <= value <= knob.high:
            raise BadInput(
                f"“{name}” must be between {knob.low:g} and {knob.high:g}; you entered {value:g}.",
                knob.help,
            )
    return dict(given)
