"""One training, step by step: optimisers, rate, moving average, best state, failures.

Each step depends only on the seed and its number, so that a training that was killed and
continues comes out the same, bit for bit: on the same machine, with as many threads. With another
number sums are added in another order: a transformer differs by 4e-5 after 15 steps.
"""

from __future__ import annotations

import copy
import math
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from studio.api import as_parts, sentence, translated
from studio.api.worker.optimiser import eager
from studio_lab.networks.architecture import Network
from studio_lab.networks.layers import give_randomness
from studio_lab.training.batches import Batches
from studio_lab.training.precision import autocast
from studio_lab.training.randomness import generator

WARM_STEPS = 100
LAST_RATE = 0.02
AVERAGE = 0.999
MOST_GRADIENT = 1.0
MOST_HALVINGS = 3
RATE, GRADIENT = "rate", "gradient"
"""Names of curves beside those of the phases."""
_FAR = 20.0
"""Deviations above the usual loss; five such steps in a row are no accident."""
_MOST_POINTS = 1000
"""Of a curve; then every other one goes."""
_FIRST_LOOK = 20
"""Steps before the validation is first looked at, then after twice as many each."""
_PATIENCE = 6
_BETTER = 1e-3
_EVALUATED = 64, 512
"""Rows of the validation that are looked at: the fewest, and the most."""
_LOOKED = 0.2
"""Rows looked at for each row learned from, between those: a look costs a third as much."""


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        rate: Highest learning rate.
        decay: Weight decay.
        stops_early: Whether it ends when the validation gets no better.
        average: How much of the moving average a step keeps at most; with 0 it is the weights.
    """

    rate: float
    decay: float = 0.01
    stops_early: bool = True
    average: float = AVERAGE


@dataclass
class Progress:
    """Where a training is: plain data, all of which a checkpoint keeps.

    Attributes:
        step: Steps taken.
        steps: Steps planned; 0 while nobody knows.
        used: Seconds computed, over all its lives.
        halvings: How often the rate was halved.
        usual, deviation: Of the loss, smoothed; ``odd`` counts steps far from it.
        best: Lowest score on the validation, at step ``best_at``; ``worse`` counts those since.
        stride: Each point of ``curves`` stands for so many steps.
        curves: The losses by phase, ``RATE`` and ``GRADIENT``.
        scores: Pairs of a step and its score.
        measured: What was looked at when there was time for it, and so is another each time: name
            → pairs of a step and a value.
        notes: What went otherwise than planned: parts of sentences, see `as_parts`.
        over: Why it ended before its last step: ``early``, ``time``, ``diverged``; empty if not.
        half: Whether losses are computed in bfloat16.
    """

    step: int = 0
    steps: int = 0
    used: float = 0.0
    halvings: int = 0
    usual: float = 0.0
    deviation: float = 0.0
    odd: int = 0
    best: float = 0.0
    best_at: int = 0
    worse: int = 0
    stride: int = 1
    curves: dict[str, list[float]] = field(default_factory=dict)
    scores: list[tuple[int, float]] = field(default_factory=list)
    measured: dict[str, list[list[float]]] = field(default_factory=dict)
    notes: list[Any] = field(default_factory=list)
    over: str = ""
    half: bool = False

    @property
    def taken(self) -> int:
        """The step whose weights are taken: the best one, or the last, where none was compared."""
        return self.best_at or self.step

    def note(self, text: str) -> None:
        """Keep a sentence, so that the window can tell it in its language."""
        self.notes.append(as_parts(text))

    @property
    def sentences(self) -> list[str]:
        """The notes as they are in English."""
        return [translated(note, str) for note in self.notes]


class Trainer:
    """A network that learns.

    Attributes:
        average: The moving average of its weights, which is what samples are drawn with.
        losses: Of the last step, by phase.
        gradient: Norm of the last gradient, before it is cut.
    """

    def __init__(self, network: Network, batches: Batches, plan: Plan, seed: int) -> None:
        self.network, self.batches, self.plan, self.seed = network, batches, plan, seed
        self.device = str(next(network.parameters()).device)
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self.progress = Progress()
        self.losses: dict[str, float] = {}
        self.gradient = 0.0
        self._best = _copied(self.average)
        memory = (network.momentum, 0.99)
        self.optimisers = {
            phase: eager(torch.optim.AdamW)(
                network.part(phase), lr=plan.rate, weight_decay=plan.decay, betas=memory
            )
            for phase in network.phases
        }
        self.good = self.state()

    @property
    def rate(self) -> float:
        """The learning rate of the next step: it rises, then falls until the last one."""
        now = self.progress
        warm_steps = min(WARM_STEPS, max(1, now.steps // 10)) if now.steps else WARM_STEPS
        warm = min(1.0, (now.step + 1) / warm_steps)
        done = min(1.0, now.step / now.steps) if now.steps else 0.0
        falling = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
        return self.plan.rate * warm * falling * 0.5**now.halvings

    @property
    def evaluation_steps(self) -> int:
        """How many steps lie between two looks at the validation."""
        return max(_FIRST_LOOK, self.progress.steps // 20)

    @property
    def evaluated(self) -> int:
        """How many rows of the validation are looked at, so that looks cost little of the time."""
        fewest, most = _EVALUATED
        return min(most, max(fewest, round(_LOOKED * self.evaluation_steps * self.batches.size)))

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to do."""
        return bool(self.progress.over) or 0 < self.progress.steps <= self.progress.step

    def advance(self) -> None:
        """Take one step; go back to the last good one where the loss diverges."""
        batch, rate = self.batches.at(self.progress.step), self.rate
        self.network.train()
        for phase, optimiser in self.optimisers.items():
            random = generator(self.device, self.seed, "step", self.progress.step, phase)
            give_randomness(self.network, random)
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad()
            with torch.enable_grad():
                with autocast(self.device, self.progress.half):
                    loss = self.network.loss(batch, random, phase)
                loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(self.network.part(phase), MOST_GRADIENT)
            self.losses[phase], self.gradient = float(loss.detach()), float(norm)
            if not (math.isfinite(self.losses[phase]) and math.isfinite(self.gradient)):
                self._go_back()
                return
            optimiser.step()
        self.progress.step += 1
        self._follow()
        self._note(self.losses[self.network.phases[-1]], rate)
        if self._is_due():
            self.evaluate()

    def _is_due(self) -> bool:
        """Whether the validation is looked at now: regularly, and soon at first.

        A small data set is learned within a few epochs, and by heart long before a twentieth of the
        steps that the time allows.
        """
        now = self.progress
        if now.steps and now.step % self.evaluation_steps == 0:
            return True
        times, rest = divmod(now.step, _FIRST_LOOK)
        is_early = not now.steps or now.step < self.evaluation_steps
        return is_early and times > 0 and not rest and times & (times - 1) == 0

    @torch.no_grad()
    def _follow(self) -> None:
        step = self.progress.step
        decay = min(self.plan.average, step / (step + 10))
        mine, theirs = self.average.state_dict(), self.network.state_dict()
        for name, value in mine.items():
            if value.is_floating_point():
                value.lerp_(theirs[name], 1 - decay)
            else:
                value.copy_(theirs[name])

    def _note(self, loss: float, rate: float) -> None:
        now = self.progress
        if now.step == 1:
            now.usual = loss
        off = abs(loss - now.usual)
        now.odd = (
            now.odd + 1 if now.step > 50 and loss - now.usual > _FAR * now.deviation + 0.1 else 0
        )
        if now.odd >= 5:
            self._go_back()
            return
        if not now.odd:
            now.usual += 0.02 * (loss - now.usual)
            now.deviation += 0.02 * (off - now.deviation)
        if now.step % now.stride == 0:
            for name, value in {**self.losses, RATE: rate, GRADIENT: self.gradient}.items():
                now.curves.setdefault(name, []).append(value)
            if len(now.curves[RATE]) > _MOST_POINTS:
                now.stride *= 2
                now.curves = {name: values[1::2] for name, values in now.curves.items()}

    def _go_back(self) -> None:
        """Return to the last good state, with half the rate; end after a few times."""
        at, halvings, used = self.progress.step, self.progress.halvings + 1, self.progress.used
        notes = self.progress.notes
        self.restore(*self.good)
        self.progress.halvings, self.progress.used = halvings, used
        if halvings > MOST_HALVINGS:
            self.progress.over = "diverged"
            note = sentence(
                "The loss diverged again at step {step}, so training ended with the best weights.",
                step=f"{at:,}",
            )
        else:
            note = sentence(
                "The loss diverged at step {step}: training continues from step {good} with half "
                "the learning rate.",
                step=f"{at:,}",
                good=f"{self.progress.step:,}",
            )
        self.progress.notes = notes
        self.progress.note(note)

    @torch.no_grad()
    def evaluate(self) -> None:
        """Evaluate on the validation rows: save the best state, stop without improvement."""
        now = self.progress
        if self.network.has_validation:
            score = self.score()
            now.scores.append((now.step, score))
            wanted = now.best - _BETTER * abs(now.best) if now.best_at else math.inf
            now.worse = 0 if score < wanted else now.worse + 1
            is_best = not now.best_at or score < now.best
        else:  # where nothing can be compared, the last is the best
            score, is_best = 0.0, True
        if is_best:
            now.best, now.best_at, self._best = score, now.step, _copied(self.average)
        if self.plan.stops_early and now.worse >= _PATIENCE:
            now.over = "early"
            now.note(
                sentence(
                    "Training ended at step {step}: the validation has not improved since step "
                    "{best}.",
                    step=f"{now.step:,}",
                    best=f"{now.best_at:,}",
                )
            )
        self.good = self.state()

    @torch.no_grad()
    def score(self) -> float:
        """Return the mean loss of the average on the validation: lower is better."""
        return float(self._held_out("validation", self.evaluated).mean())

    @torch.no_grad()
    def bound(self, part: str) -> Tensor:
        """Return the bound of the average on each row of a part held out."""
        return self._held_out(part)

    def _held_out(self, part: str, most: int = 0) -> Tensor:
        drawn = generator(self.device, self.seed, "held out", part)
        held_out = self.batches.held_out(part, most=most)
        return torch.cat([self.average.validation(batch, drawn) for batch in held_out])

    def take_best(self) -> None:
        """Put the best weights into the average; the last ones, where none were compared."""
        if self.progress.best_at:
            self.average.load_state_dict(self._best)

    # --- what a checkpoint keeps --------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all there is, as tensors of its own and plain data."""
        tensors = {f"network.{n}": v for n, v in _copied(self.network).items()}
        tensors |= {f"average.{n}": v for n, v in _copied(self.average).items()}
        tensors |= {f"best.{n}": v.clone() for n, v in self._best.items()}
        for phase, optimiser in self.optimisers.items():
            for number, moments in optimiser.state_dict()["state"].items():
                for name, value in moments.items():
                    tensors[f"optimiser.{phase}.{number}.{name}"] = value.detach().clone()
        return tensors, asdict(self.progress)

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Be what ``state`` was; its tensors stay untouched."""
        self.progress = Progress(**copy.deepcopy(facts))
        self.progress.scores = [(int(step), float(score)) for step, score in self.progress.scores]
        self.network.load_state_dict(_part(tensors, "network."))
        self.average.load_state_dict(_part(tensors, "average."))
        self._best = {n: v.to(self.device).clone() for n, v in _part(tensors, "best.").items()}
        for phase, optimiser in self.optimisers.items():
            states: dict[int, dict[str, Tensor]] = {}
            for name, value in _part(tensors, f"optimiser.{phase}.").items():
                number, _, key = name.partition(".")
                states.setdefault(int(number), {})[key] = value.clone()
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": states, "param_groups": groups})


def _copied(network: Network) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    size = len(prefix)
    return {name[size:]: value for name, value in tensors.items() if name.startswith(prefix)}
