"""Parameters of the tasks."""

from __future__ import annotations

from typing import Annotated

from studio.api import Capability, File, Params, Seed, WeightsId


class Make(Params):
    """What to make; no parameter is a seed."""

    prompt: str = ""
    picture: Annotated[str, File()] = ""
    weights: Annotated[WeightsId | None, Capability("make")] = None


class Compare(Params):
    """Of which files."""

    suffix: str = ""
    seed: Seed = Seed.random()
