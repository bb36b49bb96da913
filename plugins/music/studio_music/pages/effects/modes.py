"""Modes of the page of sounds, each with its task."""

from __future__ import annotations

from studio.api import Mode
from studio.api.window.language import tr
from studio_music.audio.effects import schema
from studio_music.audio.models.schema import Generate

MAKE, GENERATE, EDIT = "make", "generate", "edit"


def modes() -> tuple[Mode, ...]:
    """Return them in the order of the switch."""
    return (
        Mode(
            MAKE,
            tr("Make"),
            tr("Make the sound"),
            "sparkles",
            "music.effect",
            schema.Effect,
            own=("prompt", "shape"),
        ),
        Mode(
            GENERATE,
            tr("From a model"),
            tr("Generate"),
            "audio-lines",
            "music.generate",
            Generate,
            own=("prompt", "sound"),
            capability="text-to-audio",
        ),
        Mode(
            EDIT,
            tr("Edit"),
            tr("Apply"),
            "sliders-horizontal",
            "music.edit_sound",
            schema.EditSound,
            own=("sound",),
        ),
    )
