"""Learning from a verdict: answers that a checker lets pass become likelier than others.

REINFORCE with the mean of a group as the baseline and a price for moving away from the model, as
in GRPO (Shao et al., arXiv:2402.03300); each group is used for one step, so nothing is clipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from studio_lab.datasets.dataset import Shape
from studio_lab.finetuning.checkers import Checker
from studio_lab.finetuning.lora import MOST_TOKENS, Base, Lora
from studio_lab.finetuning.tokens import PADDING
from studio_lab.networks.architecture import Batch

GROUP = 6
"""Answers to a prompt that are compared with each other."""
TRIES = 4
"""Answers to a held-out prompt: one alone tells little."""
CAUTION = 0.05
"""How dear a nat away from the model itself is."""


class VerdictLora(Lora):
    """An adapter that learns to write what passes.

    Batches: ``x``: (B, L) tokens of prompts; ``label``: (B,), which prompt each is.
    """

    validation_name: ClassVar[str] = "Share that fails"

    def __init__(
        self,
        shape: Shape,
        base: Base,
        rank: int,
        strength: float,
        random: torch.Generator,
        *,
        judge: Judge,
    ) -> None:
        """See ``Lora``."""
        super().__init__(shape, base, rank, strength, random)
        self.judge = judge

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the price of answers that fail where others pass, and of moving away."""
        texts, given, passed = self.tried(batch, random, GROUP)
        groups = passed.view(-1, GROUP)
        better = (groups - groups.mean(1, keepdim=True)) / (groups.std(1, keepdim=True) + 1e-4)
        whole = {"x": pad_sequence(texts, True, PADDING), "label": given}
        mine = self.log_likelihoods(whole)
        with torch.no_grad():
            plain = self.log_likelihoods(whole, plain=True)
        prices = []
        for one, other, worth in zip(mine, plain, better.flatten(), strict=True):
            away = other - one
            prices.append((CAUTION * (away.exp() - away - 1) - worth * one).mean())
        return torch.stack(prices).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return which share of the answers to each prompt fails, (B,)."""
        return 1 - self.tried(batch, random, TRIES)[2].view(-1, TRIES).mean(1)

    @torch.no_grad()
    def tried(
        self, batch: Batch, random: torch.Generator, times: int, *, plain: bool = False
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return ``times`` answers to each prompt: whole texts, how much is given, what passes."""
        prompts = [row[row != PADDING] for row in batch["x"] for _ in range(times)]
        numbers = batch["label"].repeat_interleave(times)
        texts = self._written(prompts, random, plain)
        given = torch.tensor([len(ids) for ids in prompts], device=numbers.device)
        answers = [ids[len(start) :].tolist() for ids, start in zip(texts, prompts)]
        passed = self.judge.passes(numbers.tolist(), answers)
        return texts, given, torch.tensor(passed, dtype=torch.float32, device=numbers.device)

    def _written(
        self, prompts: Sequence[Tensor], random: torch.Generator, plain: bool
    ) -> list[Tensor]:
        """Return texts that begin with prompts, drawn token by token."""
        adapter = {} if plain else self.adapter()
        texts, open = list(prompts), list(range(len(prompts)))
        ends = set(self.base.model.ends)
        for _ in range(self.judge.longest):
            drawn = dict[int, Tensor]()
            for some in _portions(open, texts):
                self.base.pause()
                scores = self.base.model.scores(
                    [texts[at] for at in some], [1] * len(some), adapter
                )
                next_tokens = torch.multinomial(scores.softmax(1), 1, generator=random)
                drawn |= dict(zip(some, next_tokens))
            for at, token in drawn.items():
                texts[at] = torch.cat([texts[at], token.to(texts[at].device)])
            open = [at for at in open if int(texts[at][-1]) not in ends]
            if not open:
                break
        return texts

    def working_bytes(self, batch: Batch) -> int:
        """See ``Lora``."""
        x = batch["x"].repeat_interleave(GROUP, 0)
        written = torch.zeros(len(x), self.judge.longest, dtype=x.dtype, device=x.device)
        rows = [torch.cat([row[row != PADDING], more]) for row, more in zip(x, written)]
        given = torch.tensor([len(row) - self.judge.longest for row in rows], device=x.device)
        return super().working_bytes({"x": pad_sequence(rows, True, PADDING), "label": given})


class Judge:
    """Turns tokens into answers, and has them checked; copies of a network share it."""

    def __init__(self, checker: Checker, prompts: Sequence[str], base: Base, longest: int) -> None:
        """``longest``: tokens of an answer."""
        self._checker, self._prompts, self._base = checker, prompts, base
        self.longest = longest

    def __deepcopy__(self, _memo: object) -> Judge:
        return self

    def passes(self, numbers: Sequence[int], answers: Sequence[Sequence[int]]) -> list[bool]:
        """Return which answers to the prompts of these numbers pass."""
        replies = [(self._prompts[n], self.text(ids)) for n, ids in zip(numbers, answers)]
        return self._checker.passes(replies)

    def text(self, ids: Sequence[int]) -> str:
        """Return an answer as a person reads it."""
        ends = set(self._base.model.ends)
        return self._base.model.decode([id for id in ids if id not in ends])


def _portions(numbers: Sequence[int], texts: Sequence[Tensor]) -> list[list[int]]:
    portions, room = list[list[int]](), 0
    for at in numbers:
        if not portions or len(texts[at]) > room:
            portions.append([])
            room = MOST_TOKENS
        portions[-1].append(at)
        room -= len(texts[at])
    return portions
