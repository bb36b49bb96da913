"""Train small networks on parts of the data, and say what more of anything would bring."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from studio.api import (
    BadInput,
    Cancelled,
    EnergyUse,
    ErrorCode,
    Event,
    Kind,
    StudioError,
    TaskContext,
    sentence,
)
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import digest, load
from studio_lab.datasets.table_file import Reading
from studio_lab.measures.estimates import Estimate
from studio_lab.networks.architecture import Architecture, Network, parameters
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.scaling import advice, power_law, report
from studio_lab.scaling.advice import Conclusion
from studio_lab.scaling.grid import (
    AXES,
    EXAMPLES,
    PARAMETERS,
    SEEN,
    Grid,
    Measured,
    Point,
    batch_size,
    planned,
    widths,
)  # fmt: skip
from studio_lab.scaling.points_file import PointsFile
from studio_lab.scaling.power_law import Fit
from studio_lab.schema import Scale
from studio_lab.tasks.steps import followed
from studio_lab.training.batches import Batches
from studio_lab.training.memory import estimate
from studio_lab.training.randomness import generator
from studio_lab.training.run import Run
from studio_lab.training.trainer import Plan, Trainer

FEWEST = 2 * len(AXES) + 2
"""Trainings without which no law is fitted: one more than it has parameters."""
_WARM_STEPS, _TIMED_STEPS = 2, 5
_SAVED_SECONDS = 60.0
_SLOW = 1.5
"""So many times the time that was allowed, it begins no more of the grid."""


def scale(ctx: TaskContext, params: Scale) -> Iterator[Event]:
    """Measure a grid, fit the law, predict a larger training, run it, and report the outcome."""
    architecture = ARCHITECTURES[params.architecture]
    data, notes = load(
        params.data, params.example, architecture.takes, params.side, ctx.rng.seed,
        reading=Reading(params.first_row, params.extremes),
    )  # fmt: skip
    _check(architecture, data)
    batch = batch_size(len(data.split.training), params.batch)
    recipe = json.dumps([digest(data), params.to_dict()], sort_keys=True)
    saved = PointsFile(ctx.checkpoint, hashlib.sha256(recipe.encode()).hexdigest())
    if saved.points:
        notes.append(
            sentence(
                "{count} trainings had been measured before it was interrupted.",
                count=len(saved.points),
            )
        )
    trainings = _Trainings(ctx, params, architecture, data, batch, saved)
    yield from trainings.time_steps()
    grid = planned(saved.step_seconds, len(data.split.training), batch, params.minutes * 60)
    course = _Course(
        ctx, f"Scaling: {architecture.title}: {data.title}", grid, saved, notes, params.price
    )
    try:
        yield from course.run(trainings)
    except Cancelled:
        yield from course.results()
        raise
    yield from course.results()


def _check(architecture: Architecture, data: Dataset) -> None:
    if not architecture.make.has_validation:  # type: ignore[attr-defined]
        raise BadInput(
            f"A {architecture.title} has no loss on held-out data that could follow a law.",
            "Choose another architecture.",
        )
    if data.shape.kind == "table":
        raise BadInput(
            "The loss of a table is a density, which has no lowest value for a law to fall to.",
            "Choose pictures or text.",
        )


class _Trainings:
    """Trains one network after the other."""

    def __init__(
        self,
        ctx: TaskContext,
        params: Scale,
        architecture: Architecture,
        data: Dataset,
        batch: int,
        saved: PointsFile,
    ) -> None:
        self._ctx, self._params, self._architecture = ctx, params, architecture
        self._data, self._batch, self._saved = data, batch, saved
        self._arguments = widths(architecture.sizes[params.size])
        order = np.random.default_rng(ctx.rng.seed).permutation(data.split.training)
        self._order = order
        """Parts are the beginnings of one order, so that each has all of the smaller ones."""

    def time_steps(self) -> Generator[Event, None, None]:
        """Measure how long a step of each width takes, unless that is known."""
        if self._saved.step_seconds:
            return
        seconds, sizes = [], []
        for at in range(len(self._arguments)):
            yield self._ctx.progress(0, 0, "Measuring how long a step takes")
            trainer = self._trainer(Point(at, len(self._order), 10_000))
            times = []
            with self._ctx.reserve(estimate(trainer.network, trainer.batches.at(0))):
                for _ in range(_WARM_STEPS + _TIMED_STEPS):
                    begun = time.perf_counter()
                    trainer.advance()
                    times.append(time.perf_counter() - begun)
                    yield None
            seconds.append(float(np.median(times[_WARM_STEPS:])))
            sizes.append(parameters(trainer.network))
        self._keep(lambda: self._saved.keep_times(seconds, sizes))

    def _trainer(self, point: Point) -> Trainer:
        ctx, data = self._ctx, self._data
        split = replace(data.split, training=np.sort(self._order[: point.examples]))
        with ctx.alone():  # first weights are drawn from the global generator
            network: Network = self._architecture.make(data.shape, **self._arguments[point.width])
        network.to(ctx.device)
        batches = Batches(replace(data, split=split), ctx.device, ctx.rng.seed, self._batch)
        plan = Plan(self._params.rate or self._architecture.rate, stops_early=False)
        trainer = Trainer(network, batches, plan, ctx.rng.seed)
        trainer.progress.steps = point.steps
        trainer.good = trainer.state()
        return trainer

    def measured(self, point: Point) -> Generator[float, None, Measured]:
        """Yield the seconds computed so far; return the measurement of a training."""
        trainer, begun = self._trainer(point), self._ctx.energy()
        folder = self._ctx.checkpoint / "training"
        with self._ctx.reserve(estimate(trainer.network, trainer.batches.at(0))):
            run = Run(trainer, folder, point.key, seconds=0.0, every=_SAVED_SECONDS)
            run.resume()
            while not trainer.is_over:
                run.compute()
                yield trainer.progress.used
            trainer.take_best()
            loss = self._loss(trainer)
        measured = Measured(
            point.width,
            parameters(trainer.network),
            point.examples,
            point.steps,
            point.steps * trainer.batches.size,
            loss,
            round(trainer.progress.used, 3),
            *_between(begun, self._ctx.energy()),
        )
        self._keep(lambda: self._saved.keep(point, measured))
        return measured

    def _loss(self, trainer: Trainer) -> float:
        random, losses = generator(trainer.device, trainer.seed, "test"), []
        for batch in trainer.batches.held_out("test"):
            with torch.no_grad():
                losses.append(trainer.average.validation(batch, random))
        return float(torch.cat(losses).mean())

    def _keep(self, write: Any) -> None:
        try:
            write()
        except OSError as error:
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"What was measured could not be written: {error.strerror or error}.",
                "Free up disk space and run it again: it continues where it was.",
            ) from error


def _between(
    begun: EnergyUse | None, ended: EnergyUse | None
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return joules, their lower and upper end, and grams of CO₂ between two moments."""
    if begun is None or ended is None:
        return None, None, None, None
    is_known = begun.grams is not None and ended.grams is not None
    grams = (ended.grams or 0.0) - (begun.grams or 0.0) if is_known else None
    return (
        ended.joules - begun.joules, ended.low - begun.low, ended.high - begun.high, grams
    )  # fmt: skip


@dataclass
class _Course:
    """The grid, then the law, then the training that was held out: what there is so far."""

    ctx: TaskContext
    title: str
    grid: Grid
    saved: PointsFile
    notes: list[str]
    price: float
    fit: Fit | None = None
    end: Conclusion | None = None

    @property
    def points(self) -> list[Measured]:
        """The measured ones of the grid, in its order."""
        points = (self.saved.points.get(point.key) for point in self.grid.points)
        return [measured for measured in points if measured]

    @property
    def larger(self) -> Measured | None:
        """The training that was held out, once it was run."""
        return self.saved.points.get(self.grid.held_out.key)

    def run(self, trainings: _Trainings) -> Generator[Event, None, None]:
        """Measure the grid, predict the larger training, then measure it."""
        whole, spent = sum(self.grid.seconds.values()), 0.0
        count = len(self.grid.points) + 1
        for number, point in enumerate(self.grid.points, 1):
            if spent > _SLOW * whole and len(self.points) >= FEWEST:
                self.notes.append(
                    sentence(
                        "The machine was busy: {some} of {all} trainings were left out.",
                        some=count - number, all=count,
                    )
                )  # fmt: skip
                return
            spent += yield from self._one(trainings, point, f"Training {number} of {count}")
        predicted = yield from self._fitted()
        if predicted:
            at = f"Training {count} of {count}, predicted loss {predicted}"
            yield from self._one(trainings, self.grid.held_out, at)
            self._conclude()

    def _one(
        self, trainings: _Trainings, point: Point, message: str
    ) -> Generator[Event, None, float]:
        """Measure a training, unless it was; return how long it computed."""
        if (saved := self.saved.points.get(point.key)) is not None:
            return saved.seconds
        order = (*self.grid.points, self.grid.held_out)
        before = sum(self.grid.seconds[earlier.key] for earlier in order[: order.index(point)])
        whole, own = sum(self.grid.seconds.values()), self.grid.seconds[point.key]
        text = f"{message}: {point.examples:,} examples, {point.steps:,} steps"
        measured = yield from followed(
            trainings.measured(point),
            lambda used: self.ctx.progress(before + min(used, own), whole, text),
        )
        plots = list(report.plots(self.points, self.larger, None, None))
        yield self.ctx.progress(before + own, whole, text, plots=plots)
        return measured.seconds

    def _fitted(self) -> Generator[Event, None, Estimate | None]:
        """Fit the law to the grid; return the loss that it predicts for the larger training."""
        points = self.points
        if len(points) < FEWEST or min(point.loss for point in points) <= 0:
            self.notes.append(sentence("Too few trainings were measured to tell what would help."))
            return None
        amounts = {name: [point.amounts[name] for point in points] for name in AXES}
        work = power_law.fit(amounts, [point.loss for point in points], self.ctx.rng.seed)
        for fit in work:
            self.fit = fit
            yield self.ctx.progress(0, 0, "Fitting the law")
        self._conclude()
        return self.end.predicted if self.end else None

    def _conclude(self) -> None:
        """Predict the larger training, and judge the law by it once it was run."""
        assert self.fit is not None, "it is fitted by now"
        larger, seed = self.grid.held_out, self.ctx.rng.seed
        ahead = {
            PARAMETERS: self.saved.parameters[larger.width],
            EXAMPLES: larger.examples,
            SEEN: larger.steps * self.grid.batch,
        }
        self.end = advice.concluded(self.fit, self.points, ahead, seed, self.larger)

    def results(self) -> Generator[Event, None, None]:
        """Hand over what there is: a table, plots, a card."""
        points, larger, ctx = self.points, self.larger, self.ctx
        if not points:
            return
        end, fit = self.end, self.fit
        table = report.as_csv(points, larger, fit, self.price)
        text = report.card(self.title, points, larger, fit, end, self.notes, self.price)
        yield ctx.artifact(Kind.TABLE, table, suffix=".csv", title=self.title, text=text)
        for plot in report.plots(points, larger, fit, end):
            yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=plot.SUFFIX, title=plot.title)
        result = report.as_result(points, larger, fit, end, self.price)
        meta = {"report": report.as_report(result, self.notes)}
        yield ctx.artifact(
            Kind.TEXT, text.encode(), suffix=".md", title=self.title, text=text, meta=meta
        )
        yield ctx.result(**result, notes=[str(note) for note in self.notes])
