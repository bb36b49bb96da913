"""What the tasks do. Each ``yield`` is a step: there the studio shows progress, or stops it."""

from __future__ import annotations

import random
from collections.abc import Iterator

from studio.api import BadInput, Event, Kind, TaskContext
from studio_example.schema import Shuffle


def shuffle(ctx: TaskContext, params: Shuffle) -> Iterator[Event]:
    """Put the words of a text into another order, several times."""
    words = params.text.split()
    if len(words) < 2:
        raise BadInput("One word has only one order.", "Enter at least two words.")
    rng, lines = random.Random(ctx.rng.seed), []
    for number in range(params.times):
        lines.append(" ".join(rng.sample(words, len(words))))
        yield ctx.progress(number + 1, params.times, "Shuffling")
    text = "\n".join(lines)
    yield ctx.artifact(Kind.TEXT, text.encode(), suffix=".txt", title=lines[0], text=text)
    yield ctx.result(words=len(words), lines=lines)
