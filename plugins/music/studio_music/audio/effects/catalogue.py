"""All families, by id. Listing them makes no sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from studio.api import BadInput
from studio_music.audio.effects.families.game import GAME
from studio_music.audio.effects.families.impacts import IMPACTS
from studio_music.audio.effects.families.interface import INTERFACE
from studio_music.audio.effects.families.machines import MACHINES
from studio_music.audio.effects.families.nature import NATURE
from studio_music.audio.effects.families.textures import TEXTURES
from studio_music.audio.effects.family import Family

FAMILIES: Final[Mapping[str, Family]] = {
    family.id: family
    for collection in (GAME, INTERFACE, IMPACTS, NATURE, MACHINES, TEXTURES)
    for family in collection.families
}
"""In the order in which a person is offered them."""


def family_of(id: str) -> Family:
    """Return a family.

    Raises:
        BadInput: There is none of this id.
    """
    if id not in FAMILIES:
        raise BadInput(f"There is no sound “{id}”.", f"Choose one of {', '.join(FAMILIES)}.")
    return FAMILIES[id]
