"""What the page of sounds can do: each mode with its task."""

from __future__ import annotations

from studio.api import Mode
from studio_music.effects import schema
from studio_music.pages.phrases import tr

MAKE, EDIT = "make", "edit"


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
            EDIT,
            tr("Edit"),
            tr("Apply"),
            "sliders-horizontal",
            "music.edit_sound",
            schema.EditSound,
            own=("sound",),
        ),
    )
