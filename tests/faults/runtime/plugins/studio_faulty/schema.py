"""Parameters of the faulty tasks."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, Params, Seed, WeightsId


class Write(Params):
    """A few words, then a file."""

    prompt: str = "hello"
    seed: Seed = Seed.random()


class Load(Params):
    """Weights that never finish loading."""

    weights: Annotated[WeightsId, Capability("slow")] = WeightsId()


class Die(Params):
    """How to end the whole runtime."""

    how: Literal["segfault", "abort", "exit", "kill", "overflow"] = "segfault"
