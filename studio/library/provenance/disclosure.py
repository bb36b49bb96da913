"""How much a file tells of how it was made, as its user chooses at each export."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from studio.base.settings import Settings

SETTING: Final = "export.provenance"


class Disclosure(StrEnum):
    """What leaves with a file."""

    FULL = "full"
    """Its recipe: prompt, parameters, models, versions; signed."""
    LABEL = "label"
    """That it was made with AI, by this program; signed."""
    NOTHING = "nothing"


def chosen(settings: Settings) -> Disclosure:
    """Return the choice of last time; the whole recipe before there was any."""
    value = settings.get(SETTING, Disclosure.FULL.value)
    return Disclosure(value) if value in list(Disclosure) else Disclosure.FULL


def choose(settings: Settings, disclosure: Disclosure) -> None:
    """Remember the choice.

    Raises:
        StudioError: The disk refuses; it holds for this session.
    """
    settings.set(SETTING, disclosure.value)
