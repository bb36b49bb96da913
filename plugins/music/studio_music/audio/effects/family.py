"""Definition of an effect family: a recipe, its knobs, the words that mean it. Makes no sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio_music.audio.effects.stage import Signal, Stage

Recipe = Callable[["Stage"], "Signal"]


@dataclass(frozen=True)
class Knob:
    """A parameter of one family, in plain words.

    Attributes:
        name: One word, as in ``shape={"interval": 7}``.
        usual, low, high: Its default and its bounds, both included.
        help: What it changes, with its unit.
        words: Words of a description that set it, each with its value.
    """

    name: str
    usual: float
    low: float
    high: float
    help: str
    words: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Family:
    """One kind of sound.

    Attributes:
        summary: What it is and what it sounds like, a sentence.
        seconds: How long it usually is.
        words: Further words that mean it.
        endless: It is a texture: a loop without a seam.
        wide: Left and right differ.
    """

    id: str
    title: str
    summary: str
    seconds: float
    recipe: Recipe
    words: tuple[str, ...] = ()
    knobs: tuple[Knob, ...] = ()
    endless: bool = False
    wide: bool = False


class Collection:
    """The families of one module, in the order in which they are written."""

    def __init__(self) -> None:
        self.families: list[Family] = []

    def add(
        self,
        summary: str,
        seconds: float,
        words: str = "",
        *knobs: Knob,
        endless: bool = False,
        wide: bool = False,
    ) -> Callable[[Recipe], Recipe]:
        """Return a decorator that makes a recipe a family; its id is the name of the function.

        Args:
            words: Further words that mean it, separated by commas.
        """

        def collect(recipe: Recipe) -> Recipe:
            meant = tuple(word.strip() for word in words.split(",") if word.strip())
            id = recipe.__name__.rstrip("_")
            title = id.replace("_", " ").capitalize()
            self.families.append(
                Family(id, title, summary, seconds, recipe, meant, knobs, endless, wide)
            )
            return recipe

        return collect
