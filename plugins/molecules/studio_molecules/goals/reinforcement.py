"""Reinforcement of the generator towards a goal, as REINVENT does it (arXiv:1704.07555).

An agent begins as a copy of the prior. Each step it writes a batch, and moves so that the
likelihood of what it wrote comes nearer to the prior's plus the score: what is good becomes
likelier, what the prior finds strange stays rare. The best are replayed; a scaffold that was found
often enough scores nothing any more.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio_molecules.chem import parser
from studio_molecules.goals.scores import Judge, Scored
from studio_molecules.smiles.sampler import sample
from studio_molecules.smiles.vocabulary import END, PAD, START
from studio_molecules.smiles.weights import SmilesModel


@dataclass(frozen=True)
class Settings:
    """Sizes of a step. ``sigma``: how much a score of 1 weighs, in nats."""

    batch: int = 64
    rate: float = 3e-4
    sigma: float = 60.0
    replayed: int = 16
    per_scaffold: int = 25
    warming: int = 20
    """Steps of learning from what is known, before the agent writes anything."""


@dataclass
class Memory:
    """What was found: how often each scaffold, and the best for replay."""

    settings: Settings
    floor: float = 0.0
    """Least likeness to the lead."""
    scaffolds: Counter[str] = field(default_factory=Counter)

    def reward(self, scored: Scored) -> float:
        """Return the score, or 0 once its scaffold is worn out.

        What is not like enough to the lead is worth a little, and more the nearer it is: where all
        is worth nothing, there is no way to learn.
        """
        likeness = scored.figures.get("similarity", 1.0)
        if likeness < self.floor:
            return _NEARNESS * likeness / self.floor
        if scored.score > 0.4:
            self.scaffolds[scored.scaffold] += 1
        worn = self.scaffolds[scored.scaffold] > self.settings.per_scaffold
        return 0.0 if worn else scored.score


_NEARNESS = 0.3
"""What a molecule that almost reaches the likeness is worth."""


def prepare() -> None:
    """Make an optimiser: with the first one torch imports a compiler, which takes a second."""
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def search(
    model: SmilesModel,
    judge: Judge,
    rng: torch.Generator,
    settings: Settings,
    floor: float = 0.0,
) -> Iterator[list[Scored] | None]:
    """Yield None while a batch is written and learned, then what was new in it; never ends."""
    agent = SmilesModel(copy.deepcopy(model.network).requires_grad_(True), model.vocabulary)
    optimiser = torch.optim.Adam(agent.network.parameters(), lr=settings.rate)
    memory = Memory(settings, floor)
    known = [each.smiles for each in judge.best(settings.batch) if each.score > 0]
    for _ in range(settings.warming if known else 0):
        goals = torch.ones(len(known))
        for _ in _learn(agent, model.network, optimiser, known, goals, settings):
            yield None
    while True:
        strings: list[str] = []
        for step in sample(agent, settings.batch, rng):
            strings = step or strings
            yield None
        found, rewards = [], []
        for text in strings:
            mol = parser.valid(text)
            scored = judge(mol, operation="written by the agent") if mol is not None else None
            if scored is not None:
                found.append(scored)
            rewards.append(memory.reward(scored) if scored is not None else 0.0)
            yield None
        best = judge.best(settings.replayed)
        texts = [*strings, *(each.smiles for each in best)]
        goals = torch.tensor([*rewards, *(each.score for each in best)])
        for _ in _learn(agent, model.network, optimiser, texts, goals, settings):
            yield None
        yield found


def _learn(
    agent: SmilesModel,
    prior: nn.Module,
    optimiser: torch.optim.Optimizer,
    texts: list[str],
    goals: Tensor,
    settings: Settings,
) -> Iterator[None]:
    """Yield after each layer, on the way through the networks and on the way back."""
    rows, known = _rows(agent, texts)
    if not known:
        return
    goals = goals[known].to(rows.device)
    passed = yield from _passed(prior, rows, learns=False)
    with torch.no_grad():
        wanted = _likelihood(passed[-1].given, rows) + settings.sigma * goals
    passed = yield from _passed(agent.network, rows, learns=True)
    logits = passed[-1].given.detach().requires_grad_()
    loss = ((wanted - _likelihood(logits, rows)) ** 2).mean()
    optimiser.zero_grad()
    loss.backward()
    gradient = logits.grad
    while passed:
        layer = passed.pop()
        layer.given.backward(gradient)
        gradient = layer.taken.grad
        yield None
    nn.utils.clip_grad_norm_(agent.network.parameters(), 1.0)
    optimiser.step()


@dataclass
class _Passed:
    """What a layer took and gave: nothing but its own work is between them."""

    taken: Tensor
    given: Tensor


def _passed(
    network: nn.Module, rows: Tensor, *, learns: bool
) -> Generator[None, None, list[_Passed]]:
    """Yield after each layer; return all of them, or the last where nothing is learned."""
    passed: list[_Passed] = []
    x = rows[:, :-1]
    for stage in network.stages():
        with torch.set_grad_enabled(learns):
            taken = x.detach().requires_grad_(learns and x.is_floating_point())
            x = stage(taken)
        passed = [*passed, _Passed(taken, x)] if learns else [_Passed(taken, x)]
        yield None
    return passed


def _likelihood(logits: Tensor, rows: Tensor) -> Tensor:
    """Return the log likelihood of every row (batch), in nats, from the logits of its tokens."""
    found = logits.float().transpose(1, 2)
    return -F.cross_entropy(found, rows[:, 1:], ignore_index=PAD, reduction="none").sum(1)


def _rows(model: SmilesModel, texts: list[str]) -> tuple[Tensor, list[int]]:
    """Return the token rows (n, longest) of the texts that the vocabulary knows, and which."""
    rows, known = [], []
    for place, text in enumerate(texts):
        numbers = model.vocabulary.encode(text) if text else None
        if numbers is not None and len(numbers) < 126:
            rows.append([START, *numbers, END])
            known.append(place)
    longest = max(map(len, rows), default=0)
    table = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    return table.to(next(model.network.parameters()).device), known
