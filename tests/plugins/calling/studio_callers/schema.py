"""Parameters of the callers."""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, Params, Seed, WeightsId


class Make(Params):
    """What the poem is about."""

    about: str = "the sea"
    fall_back: bool = False
    seed: Seed = Seed.random()


class Anything(Params):
    """A task and what it gets; ``holds`` says what the caller keeps meanwhile."""

    task: str
    size: int = 0
    holds: str = ""
    catches: bool = False
    weights: Annotated[WeightsId | None, Capability("toy-paint")] = WeightsId()


class Chain(Params):
    """The tasks that are still to be called, one by the other."""

    rest: list[str] = []
    steps: int = 1
