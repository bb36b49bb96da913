"""Parameters of the steps."""

from __future__ import annotations

from typing import Annotated

from studio.api import File, Label, Params, Range, Seed


class Make(Params):
    """Hashes a word again and again."""

    word: Annotated[str, Label("Word")]
    rounds: Annotated[int, Range(1, 10_000), Label("Rounds")] = 1
    seed: Seed = Seed.random()


class Read(Params):
    """Hashes a file."""

    file: Annotated[str, File((".txt",)), Label("File")]
