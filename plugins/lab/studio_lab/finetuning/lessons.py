"""Training objectives for a language model, and their evaluation."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from studio.api import TaskContext, TextEngine
from studio_lab.datasets.dataset import Dataset, Shape
from studio_lab.finetuning.checkers import Checker, checker
from studio_lab.finetuning.choices import Choice, read_choices, starred_choices
from studio_lab.finetuning.examples import Examples, read_examples, read_prompts
from studio_lab.finetuning.lora import Base, Lora
from studio_lab.finetuning.tokens import tokenised, tokenised_choices, tokenised_prompts
from studio_lab.finetuning.verdicts import TRIES, Judge, VerdictLora
from studio_lab.networks.architecture import Batch
from studio_lab.schema.finetune import FineTune
from studio_lab.training.batches import Batches
from studio_lab.training.randomness import generator

_SHOWN = 40
"""Held-out examples in the table."""
_MOST_RESULTS = 5_000
"""Of the library, in which stars are looked for."""

Rows = Generator[float, None, tuple[Dataset, list[str]]]


@dataclass(frozen=True)
class Report:
    """Evaluation on held-out rows.

    Attributes:
        measures: Plain figures; ``factor``: the loss after for that before.
        table: Held-out examples as CSV; empty for none.
    """

    measures: dict[str, float]
    table: str = ""


class Lesson(Protocol):
    """Rows to learn from, and their measure."""

    def network(
        self, shape: Shape, base: Base, rank: int, strength: float, random: torch.Generator
    ) -> Lora:
        """Return what learns from them; see ``Lora``."""
        ...

    def rows(self, engine: TextEngine, ends: Sequence[int], length: int, seed: int) -> Rows:
        """Yield the share done; return rows of tokens, and notes."""
        ...

    def report(
        self, network: Lora, batches: Batches, data: Dataset
    ) -> Generator[None, None, Report]:
        """Measure on the test rows; yield between them."""
        ...


def lesson(ctx: TaskContext, params: FineTune) -> Lesson:
    """Return the lesson of the parameters.

    Raises:
        BadInput: It cannot be read, or is too little.
    """
    if params.method == "examples":
        return ExampleLesson(read_examples(Path(params.data)))
    if params.method == "verdict":
        judge = checker(ctx, params.checker, params.pattern)
        path = Path(params.data)
        return VerdictLesson(path.stem, read_prompts(path), judge, params.answer)
    if params.data:
        return PreferenceLesson(Path(params.data).stem, read_choices(Path(params.data)))
    results = ctx.library.find("", ("text",), _MOST_RESULTS)
    rows = ctx.inputs.json("choices", list, [])
    choices = [(str(a), str(b), str(c)) for a, b, c in rows if b != c]
    return PreferenceLesson("Stars", starred_choices(results, choices))


class ExampleLesson:
    """Answers to prompts, or plain text: they become likelier."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def network(
        self, shape: Shape, base: Base, rank: int, strength: float, random: torch.Generator
    ) -> Lora:
        """See ``Lesson``."""
        return Lora(shape, base, rank, strength, random)

    def rows(self, engine: TextEngine, ends: Sequence[int], length: int, seed: int) -> Rows:
        """See ``Lesson``."""
        return tokenised(engine, self._examples, ends, length, seed)

    def report(
        self, network: Lora, batches: Batches, data: Dataset
    ) -> Generator[None, None, Report]:
        """See ``Lesson``: nats per token, without and with the adapter."""
        before, after = list[Tensor](), list[Tensor]()
        for batch in batches.held_out("test", size=1):
            with torch.no_grad():
                before += network.log_likelihoods(batch, plain=True)
                after += network.log_likelihoods(batch)
            yield None
        first, last = (-float(torch.cat(losses).mean()) for losses in (before, after))
        measures = {
            "held_out_before": round(first, 4),
            "held_out_after": round(last, 4),
            "perplexity_before": round(math.exp(first), 3),
            "perplexity_after": round(math.exp(last), 3),
            "factor": round(last / first, 4),
            "tokens": sum(map(len, after)),
        }
        table = self._table(data, before, after) if self._examples.pairs else ""
        return Report(measures, table)

    def _table(self, data: Dataset, before: Sequence[Tensor], after: Sequence[Tensor]) -> str:
        rows = []
        for row, *both in zip(data.split.test[:_SHOWN], before, after):
            pair = self._examples.pairs[data.meta["kept"][row]]
            rows.append([*pair, *(f"{-float(losses.mean()):.3f}" for losses in both)])
        return _as_csv(("prompt", "answer", "nats per token before", "nats per token after"), rows)


class PreferenceLesson:
    """Better and worse answers: the better ones become likelier than the worse ones."""

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        self._title, self._choices = title, choices

    def network(
        self, shape: Shape, base: Base, rank: int, strength: float, random: torch.Generator
    ) -> Lora:
        """See ``Lesson``."""
        return PreferenceLora(shape, base, rank, strength, random)

    def rows(self, engine: TextEngine, ends: Sequence[int], length: int, seed: int) -> Rows:
        """See ``Lesson``."""
        return tokenised_choices(engine, self._title, self._choices, ends, length, seed)

    def report(
        self, network: Lora, batches: Batches, data: Dataset
    ) -> Generator[None, None, Report]:
        """See ``Lesson``: the loss, and how often the better answer is preferred by now."""
        assert isinstance(network, PreferenceLora)
        values = list[Tensor]()
        for batch in batches.held_out("test", size=1):
            with torch.no_grad():
                values.append(network.margins(batch))
            yield None
        margins = torch.cat(values)
        after = float(network.losses(margins).mean())
        measures = {
            "held_out_before": round(math.log(2), 4),
            "held_out_after": round(after, 4),
            "factor": round(after / math.log(2), 4),
            "preferred": round(float((margins > 0).float().mean()), 3),
            "preferences": len(margins),
        }
        return Report(measures)


class VerdictLesson:
    """Prompts, and a checker of answers: those that pass become likelier."""

    def __init__(self, title: str, prompts: Sequence[str], checker: Checker, longest: int) -> None:
        """``longest``: tokens of an answer."""
        self._title, self._prompts = title, prompts
        self._checker, self._longest = checker, longest

    def network(
        self, shape: Shape, base: Base, rank: int, strength: float, random: torch.Generator
    ) -> Lora:
        """See ``Lesson``."""
        judge = Judge(self._checker, self._prompts, base, self._longest)
        return VerdictLora(shape, base, rank, strength, random, judge=judge)

    def rows(self, engine: TextEngine, ends: Sequence[int], length: int, seed: int) -> Rows:
        """See ``Lesson``."""
        return tokenised_prompts(engine, self._title, self._prompts, self._longest, seed)

    def report(
        self, network: Lora, batches: Batches, data: Dataset
    ) -> Generator[None, None, Report]:
        """See ``Lesson``: which share of answers to held-out prompts passes, before and after."""
        assert isinstance(network, VerdictLora)
        device = str(next(network.parameters()).device)
        random = generator(device, 0, "verdict")
        shares, rows = {True: list[Tensor](), False: list[Tensor]()}, []
        for batch in batches.held_out("test", size=1):
            answers = []
            for plain in (True, False):
                texts, given, passed = network.tried(batch, random, TRIES, plain=plain)
                shares[plain].append(passed)
                answers.append(network.judge.text(texts[0][int(given[0]) :].tolist()))
                yield None
            cells = [f"{float(shares[plain][-1].mean()):.2f}" for plain in (True, False)]
            rows.append([self._prompts[int(batch["label"][0])], *answers, *cells])
        before, after = (float(torch.cat(shares[plain]).mean()) for plain in (True, False))
        measures = {
            "passed_before": round(before, 4),
            "passed_after": round(after, 4),
            "factor": round((1 - after) / (1 - before), 4) if before < 1 else 1.0,
            "prompts": len(rows),
            "answers": len(rows) * TRIES,
        }
        return Report(measures, _as_csv(_HEADS, rows[:_SHOWN]))


_HEADS = ("prompt", "answer before", "answer after", "share passed before", "share passed after")


def _as_csv(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([heads, *rows])
    return file.getvalue()


CAUTION = 0.1
"""How dear it is to move away from the model itself."""


class PreferenceLora(Lora):
    """An adapter that learns which of two answers is better, so that it becomes likelier.

    Direct preference optimisation (DPO, Rafailov et al., arXiv:2305.18290).

    Batches: ``x``: (B, 2, L) tokens, the better one first; ``label``: (B,), how many are given.
    """

    def margins(self, batch: Batch) -> Tensor:
        """Return by how much more than the model itself it prefers the better one, (B,) nats."""
        both = _flat(batch)
        mine = torch.stack([likelihoods.sum() for likelihoods in self.log_likelihoods(both)])
        with torch.no_grad():
            plain = torch.stack(
                [likelihoods.sum() for likelihoods in self.log_likelihoods(both, plain=True)]
            )
        better, worse = (mine - plain).view(-1, 2).unbind(1)
        return better - worse

    def loss(self, batch: Batch, random: torch.Generator, phase: str) -> Tensor:
        """Return the mean of what ``bound`` returns."""
        return self.bound(batch, random).mean()

    def bound(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Return minus the log-likelihood of each preference, (B,): log 2 for the model itself."""
        return self.losses(self.margins(batch))

    @staticmethod
    def losses(margins: Tensor) -> Tensor:
        """Return minus the log-likelihood of preferences with these margins."""
        return -F.logsigmoid(CAUTION * margins)

    def working_bytes(self, batch: Batch) -> int:
        """See ``Lora``."""
        return super().working_bytes(_flat(batch))


def _flat(batch: Batch) -> Batch:
    return {"x": batch["x"].flatten(0, 1), "label": batch["label"].repeat_interleave(2)}
