"""Parameters of the makers."""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, Params, Range, Seed, WeightsId


class Poem(Params):
    """What a poem is about."""

    about: str = "the sea"
    seed: Seed = Seed.random()


class Picture(Params):
    """What a picture shows."""

    prompt: str = ""
    size: Annotated[int, Range(1, 8)] = 2
    weights: Annotated[WeightsId, Capability("toy-paint")] = WeightsId()
    seed: Seed = Seed.random()
