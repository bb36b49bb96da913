"""Parameters of a plugin for tests; the default of one is out of its own bounds."""

from __future__ import annotations

from typing import Annotated

from studio.api import Params, Range


class Make(Params):
    """Which kind the result is of."""

    kind: str = "video"


class Default(Params):
    """Nobody could use it as it is."""

    n: Annotated[int, Range(1, 5)] = 99
