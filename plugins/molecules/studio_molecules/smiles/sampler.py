"""Strings from the model, a batch at a time, one token a step."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import torch
from torch import Tensor

from studio.api import Event, Rung, TaskContext
from studio_molecules.smiles.network import MAX_LENGTH
from studio_molecules.smiles.prefix import Prefix, meanings
from studio_molecules.smiles.vocabulary import END, PAD, START, Vocabulary
from studio_molecules.smiles.weights import SmilesModel

BATCH = 256
_LEAST = 1e-6
"""A string is given up when the network had so little left for what may stand in it."""
HALVINGS = 5
"""So often a batch is halved at most where memory is short."""


def sample(
    model: SmilesModel,
    count: int,
    rng: torch.Generator,
    *,
    temperature: float = 1.0,
    starts: Sequence[str] = (),
    is_checked: bool = True,
) -> Iterator[list[str] | None]:
    """Yield None at every step, then ``count`` strings; some are no valid SMILES.

    Args:
        starts: What each string begins with; one a string, or none.
        is_checked: Whether tokens that can never become a molecule are left out of each draw, as
            ``Prefix`` has them; without it the network writes whatever it would.

    What is in ``starts`` counts as written: it is part of the result. Strings that the vocabulary
    does not know begin empty.
    """
    prefixes = [model.vocabulary.encode(start) or [] for start in starts] or [[]] * count
    if len({len(start) for start in prefixes}) > 1:
        raise ValueError("all strings of a batch begin with the same number of tokens")
    rows = torch.tensor([[START, *start] for start in prefixes])
    written = [rows[:, 1:]] if rows.shape[1] > 1 else []
    device = next(model.network.parameters()).device
    state = model.network.begin(count)
    check = _Check(model.vocabulary, prefixes) if is_checked else None
    token, done = rows, torch.zeros(count, dtype=torch.bool)
    for _ in range(MAX_LENGTH - rows.shape[1]):
        chances = _next(model, token.to(device), state, temperature).to(rng.device)
        token = torch.multinomial(chances, 1, generator=rng)
        if check:
            check(token, chances, rng)
        token = token.masked_fill(done[:, None], PAD)
        done |= token[:, 0] <= END
        written.append(token)
        if done.all():
            break
        yield None
    table = torch.cat(written, 1)
    yield [model.vocabulary.decode(row) if END in row else "" for row in table.tolist()]


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
        batch: list[str] = []
        for step in sample(model, size, rng, temperature=temperature, starts=[start] * size):
            yield says()
            batch = step or batch
        return batch

    return (yield from ctx.ladder(fewer(count, "strings at a time"), body))


def fewer(count: int, what: str) -> list[Rung[int]]:
    """Return rungs from ``count`` down, each half of the one above."""
    sizes = [count >> halvings for halvings in range(HALVINGS)]
    return [Rung(size, f"{size} {what}") for size in sizes if size]


def _next(model: SmilesModel, token: Tensor, state: object, temperature: float) -> Tensor:
    """Return how likely each token is to be the next of every string, (count, vocabulary)."""
    with torch.inference_mode():
        logits = model.network(token, state)[:, -1].float() / temperature
        logits[:, [PAD, START]] = -torch.inf
        chances: Tensor = logits.softmax(-1)
        return chances


class _Check:
    """Draws the tokens of strings anew that may not stand where they are, as ``Prefix`` has it.

    That is as if they had no chance at all. A string for which the network has little else left is
    given up: padding stands for its end.
    """

    def __init__(self, vocabulary: Vocabulary, starts: Sequence[Sequence[int]]) -> None:
        """``starts``: what each string begins with; one that is no SMILES is not checked."""
        tokens = meanings(vocabulary.tokens)
        self._open = dict(enumerate(Prefix(tokens) for _ in starts))
        self._shares = [1.0] * len(starts)
        for row, start in enumerate(starts):
            if not all(map(self._open[row].take, start)):
                del self._open[row]

    @torch.inference_mode()
    def __call__(self, token: Tensor, chances: Tensor, rng: torch.Generator) -> None:
        """Change ``token``, (count, 1), drawn from ``chances``, (count, vocabulary)."""
        wrong, shares = list(self._open), dict[int, float]()
        while wrong:
            drawn = token[:, 0].tolist()
            wrong = [row for row in wrong if not self._open[row].take(drawn[row])]
            chances[wrong, token[wrong, 0]] = 0
            for row, left in zip(list(wrong), chances[wrong].sum(-1).tolist()):
                if left * self._shares[row] < _LEAST:
                    wrong.remove(row)
                    del self._open[row]
                    token[row] = PAD
                shares[row] = left
            if wrong:
                token[wrong] = torch.multinomial(chances[wrong], 1, generator=rng)
        for row, left in shares.items():
            self._shares[row] *= left
        for row, number in enumerate(token[:, 0].tolist()):
            if number == END:
                self._open.pop(row, None)
