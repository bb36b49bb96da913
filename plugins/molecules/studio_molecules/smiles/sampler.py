"""Strings from the model, a batch at a time, one token a step. Judges no chemistry."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import torch
from torch import Tensor

from studio.api import Event, Rung, TaskContext
from studio_molecules.smiles.network import MAX_LENGTH
from studio_molecules.smiles.vocabulary import END, PAD, START
from studio_molecules.smiles.weights import SmilesModel

BATCH = 256
HALVINGS = 5
"""So often a batch is halved at most where memory is short."""


def sample(
    model: SmilesModel,
    count: int,
    rng: torch.Generator,
    *,
    temperature: float = 1.0,
    starts: Sequence[str] = (),
) -> Iterator[list[str] | None]:
    """Yield None at every step, then ``count`` strings; some are no valid SMILES.

    Args:
        starts: What each string begins with; one a string, or none.

    What is in ``starts`` counts as written: it is part of the result. Strings that the vocabulary
    does not know begin empty.
    """
    known = [model.vocabulary.encode(start) or [] for start in starts] or [[]] * count
    if len({len(start) for start in known}) > 1:
        raise ValueError("all strings of a batch begin with the same number of tokens")
    rows = torch.tensor([[START, *start] for start in known])
    written = [rows[:, 1:]] if rows.shape[1] > 1 else []
    device = next(model.network.parameters()).device
    state = model.network.begin(count)
    token, done = rows, torch.zeros(count, dtype=torch.bool)
    for _ in range(MAX_LENGTH - rows.shape[1]):
        token = _next(model, token.to(device), state, rng, temperature)
        token = token.masked_fill(done[:, None], PAD)
        done |= token[:, 0] == END
        written.append(token)
        if done.all():
            break
        yield None
    table = torch.cat(written, 1)
    yield [
        model.vocabulary.decode(row) if ended else ""
        for row, ended in zip(table.tolist(), done.tolist(), strict=True)
    ]


def strings(
    ctx: TaskContext,
    model: SmilesModel,
    count: int,
    rng: torch.Generator,
    says: Callable[[], Event],
    *,
    start: str = "",
    temperature: float = 1.0,
) -> Generator[Event, None, list[str]]:
    """Yield ``says()`` at every step; return ``count`` strings, or fewer if memory is short.

    All of them begin with ``start``. Whoever gets fewer had better ask for no more the next time.
    """
    state = rng.get_state()

    def body(size: int) -> Generator[Event, None, list[str]]:
        rng.set_state(state)
        made: list[str] = []
        for step in sample(model, size, rng, temperature=temperature, starts=[start] * size):
            yield says()
            made = step or made
        return made

    return (yield from ctx.ladder(fewer(count, "strings at a time"), body))


def fewer(count: int, what: str) -> list[Rung[int]]:
    """Return rungs from ``count`` down, each half of the one above."""
    sizes = [count >> halvings for halvings in range(HALVINGS)]
    return [Rung(size, f"{size} {what}") for size in sizes if size]


def _next(
    model: SmilesModel, token: Tensor, state: object, rng: torch.Generator, temperature: float
) -> Tensor:
    """Return the next token of every string (count, 1)."""
    with torch.inference_mode():
        logits = model.network(token, state)[:, -1].float() / temperature
        logits[:, [PAD, START]] = -torch.inf
        return torch.multinomial(logits.softmax(-1).to(rng.device), 1, generator=rng)
