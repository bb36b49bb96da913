"""Train a network, and evaluate it on held-out data."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import torch

from studio.api import (
    BadInput,
    Cancelled,
    EnergyUse,
    Event,
    Kind,
    TaskContext,
    as_parts,
)
from studio.api.plot import Plot
from studio_lab import weights
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.quality import quality
from studio_lab.datasets.source import digest, load
from studio_lab.datasets.table_file import Reading
from studio_lab.handover import card_text, full_disk_told, weights_id
from studio_lab.networks import language_model
from studio_lab.networks.architecture import Architecture, parameters
from studio_lab.networks.architectures import ARCHITECTURES
from studio_lab.networks.decoder_transformer import DecoderTransformer
from studio_lab.schema import Train
from studio_lab.tasks.evaluation import MEASURED_KINDS, measured_training
from studio_lab.tasks.samples import made_of, preview_of
from studio_lab.tasks.steps import followed
from studio_lab.training.batches import Batches
from studio_lab.training.charts import COVERAGE, ENERGY, OF_THIS_MACHINE
from studio_lab.training.checkpoint import FORMAT
from studio_lab.training.memory import estimate
from studio_lab.training.precision import is_faster
from studio_lab.training.randomness import generator
from studio_lab.training.run import Run
from studio_lab.training.samples import drawn
from studio_lab.training.trainer import AVERAGE, Plan, Trainer
from studio_lab.views.coverage import coverage, nearest_classes

_SAMPLES = 16
_JUDGED = 200
"""Samples that tell which classes are covered."""
_SHOWN_SECONDS = 3.0
"""Between two looks at samples, at least; they take a tenth of the time at most."""


def train(ctx: TaskContext, params: Train) -> Iterator[Event]:
    """Train, show samples of the same noise while it learns, and measure at the end."""
    architecture, seed = ARCHITECTURES[params.architecture], ctx.rng.seed
    yield ctx.progress(0, params.steps, "Reading the data")
    data, notes = yield from ctx.in_thread(partial(_data, params, seed))
    if not architecture.make.generates and not data.classes:  # type: ignore[attr-defined]
        raise BadInput(
            f"“{data.title}” has one class: there is nothing to tell apart.",
            "Put the pictures of each class into a folder of its own, side by side.",
        )
    arguments = _arguments(params, architecture)
    with ctx.alone():  # first weights are drawn from the global generator
        network = architecture.make(data.shape, **arguments)
    network.to(ctx.device)
    batch = params.batch or architecture.batch
    batches = Batches(data, ctx.device, seed, batch, params.augmentation)
    first = batches.at(0)
    with ctx.reserve(estimate(network, first)):
        rate = params.rate or architecture.rate
        average = AVERAGE if params.average else 0.0
        plan = Plan(rate, params.decay, params.early_stopping, average)
        trainer = Trainer(network, batches, plan, seed)
        trainer.progress.steps = params.steps
        trainer.progress.notes = [as_parts(note) for note in notes]
        trainer.progress.half = params.precision == "bfloat16" or (
            params.precision == "auto" and is_faster(network, first, ctx.device)
        )
        trainer.good = trainer.state()
        recipe = json.dumps([FORMAT, digest(data), params.to_dict()], sort_keys=True)
        run = Run(
            trainer,
            ctx.checkpoint,
            hashlib.sha256(recipe.encode()).hexdigest(),
            seconds=0.0 if params.steps else params.minutes * 60,
            every=params.checkpoint_seconds,
        )
        run.resume()
        finish = _Finish(ctx, run, data, architecture, arguments, params)
        try:
            yield from _steps(ctx, run, data)
        except Cancelled:
            run.save()
            yield from finish.save()
            raise
        yield from finish.whole()


def _data(params: Train, seed: int) -> tuple[Dataset, list[str]]:
    """Return the data, and notes on them for the user."""
    data, notes = load(
        params.data, params.example, ARCHITECTURES[params.architecture].takes, params.side, seed,
        tokens=params.tokens, cut=params.cut,
        reading=Reading(params.first_row, params.extremes),
    )  # fmt: skip
    return data, [*quality(data).sentences(), *notes]


def _arguments(params: Train, architecture: Architecture) -> dict[str, Any]:
    more: dict[str, Any] = {"dropout": params.dropout}
    if architecture.name == "recurrent":
        more["cell"] = params.cell
    return {**architecture.sizes[params.size], **more}


def _steps(ctx: TaskContext, run: Run, data: Dataset) -> Generator[Event, None, None]:
    """Compute, tell, and show what comes of the same noise."""
    shown, took, now = time.monotonic(), 0.0, run.trainer.progress
    used = run.last(ENERGY)  # before it was killed
    while not run.trainer.is_over:
        run.compute()
        now = run.trainer.progress
        picture, plots = None, list[Plot]()
        if time.monotonic() - shown > max(_SHOWN_SECONDS, 10 * took):
            shown = time.monotonic()
            picture = yield from preview_of(ctx, run.trainer.average, data, _SAMPLES)
            if data.classes and not run.trainer.network.has_validation:
                run.measure(COVERAGE, (yield from _coverage(ctx, run.trainer, data)))
            if energy := ctx.energy():
                run.measure(ENERGY, used + energy.joules)
            plots += run.plots()
            took = time.monotonic() - shown
        yield ctx.progress(now.step, now.steps, run.status(), picture, plots)


def _coverage(ctx: TaskContext, trainer: Trainer, data: Dataset) -> Generator[Event, None, float]:
    """Return the share of the classes that the network makes: what no loss of a GAN tells."""
    rows = yield from followed(drawn(trainer.average, _JUDGED, ctx.rng.seed))
    training = trainer.batches.rows(torch.from_numpy(data.split.training))
    real, labels = training["x"].cpu().numpy(), training["label"].cpu().numpy()
    return coverage(nearest_classes(rows, real, labels), labels)


class _Finish:
    """The last steps of a training."""

    def __init__(
        self,
        ctx: TaskContext,
        run: Run,
        data: Dataset,
        architecture: Architecture,
        arguments: Mapping[str, Any],
        params: Train,
    ) -> None:
        self._ctx, self._run, self._data = ctx, run, data
        self._architecture, self._arguments, self._params = architecture, arguments, params
        self._title = f"{architecture.title}: {data.title}"
        self._used_before = run.trainer.progress.used

    def whole(self) -> Generator[Event, None, None]:
        """Measure on the test rows, and hand over weights, samples and curve."""
        ctx, trainer = self._ctx, self._run.trainer
        trainer.take_best()
        sampled: dict[str, Any] = {}
        measures = yield from self._measures()
        now = trainer.progress
        yield ctx.progress(now.step, now.steps, "Drawing samples")
        try:
            if trainer.network.generates:
                sampled = yield from self._sampled()
        except Cancelled:  # what was learned is there
            yield from self._weights(measures, {})
            yield self._result(measures)
            raise
        yield from self._weights(measures, sampled)
        yield from self._language_model()
        if trainer.network.generates:
            rows = yield from followed(drawn(trainer.average, _SAMPLES, ctx.rng.seed))
            one = made_of(ctx, rows, self._data.shape, self._data.meta, self._title, single=False)
            yield from one
        yield from self._plots()
        yield self._result(measures, sampled)

    def _sampled(self) -> Generator[Event, None, dict[str, Any]]:
        """Measure samples, if requested and supported for the kind of data."""
        count, data = self._params.measured, self._data
        if not count or data.shape.kind not in MEASURED_KINDS:
            return {}
        trainer, title = self._run.trainer, self._architecture.title
        return (yield from measured_training(self._ctx, trainer, data, title, count))

    def save(self) -> Generator[Event, None, None]:
        """Hand over the best weights of a training that was stopped."""
        if self._run.trainer.progress.step:
            self._run.trainer.take_best()
            yield from self._weights({}, {})
            yield from self._plots()
            yield self._result({})

    def _measures(self) -> Generator[Event, None, dict[str, float]]:
        trainer = self._run.trainer
        network, losses, right = trainer.average, [], []
        random = generator(trainer.device, trainer.seed, "test")
        for batch in trainer.batches.held_out("test"):
            if network.has_validation:
                with torch.no_grad():
                    losses.append(network.validation(batch, random))
                    if not network.generates:
                        right.append(network.right(batch).float())
            yield None
        if not losses:
            return {}
        mean = float(torch.cat(losses).mean())
        if right:
            return {"cross_entropy": mean, "accuracy": float(torch.cat(right).mean())}
        if self._data.shape.kind == "text":
            return {"bound": mean, "perplexity": math.exp(mean)}
        return {"bound": mean}

    def _weights(
        self, measures: Mapping[str, float], sampled: Mapping[str, Any]
    ) -> Generator[Event, None, None]:
        trainer, ctx = self._run.trainer, self._ctx
        path = ctx.scratch / "trained.safetensors"
        card = {
            "title": self._title,
            "data": self._data.title,
            "licence": self._data.licence,
            "size": self._params.size,
            "steps": trainer.progress.step,
            "best_step": trainer.progress.taken,
            "seed": trainer.seed,
            "measures": dict(measures),
            **({"samples": dict(sampled)} if sampled else {}),
        }
        with full_disk_told("The trained model"):
            weights.save(
                path,
                trainer.average,
                architecture=self._architecture.name,
                arguments=self._arguments,
                meta=self._data.meta,
                card=card,
            )
        self.id = weights_id(f"{self._architecture.name} {self._data.title}", path)
        text = card_text(card, trainer.progress.sentences)
        meta = {"weights": self.id, "card": card}
        if energy := self._energy():  # beside the file, which the same training makes again
            text, meta["energy"] = f"{text}\nenergy: {_energy_words(energy)}", _energy_data(energy)
        yield ctx.artifact(
            Kind.WEIGHTS, path, suffix=".safetensors", title=self._title, text=text, meta=meta
        )

    def _language_model(self) -> Iterator[Event]:
        """Hand over a transformer of words as Chat and other programs read it, too."""
        network, meta = self._run.trainer.average, self._data.meta
        if not isinstance(network, DecoderTransformer) or meta.get("content", "words") != "words":
            return
        if not language_model.can_be_written(meta["vocabulary"]):
            return
        path, title = self._ctx.scratch / "trained.gguf", f"{self._title} (continues text)"
        with full_disk_told("The trained model"):
            language_model.write_gguf(
                path, network, meta["vocabulary"], self._title, self._data.licence
            )
        yield self._ctx.artifact(
            Kind.WEIGHTS, path, suffix=".gguf", title=title, text=language_model.NOTE,
            meta={
                "weights": f"{self.id}-chat", "card": {"note": language_model.NOTE},
                "recommended": language_model.SAMPLING,
            },
        )  # fmt: skip

    def _plots(self) -> Iterator[Event]:
        for plot in self._run.plots():
            if plot.title in OF_THIS_MACHINE:
                continue
            title = f"{plot.title}: {self._title}"
            meta = {"notes": self._run.trainer.progress.notes}
            yield self._ctx.artifact(
                Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=title, meta=meta
            )

    def _energy(self) -> EnergyUse | None:
        used = self._run.trainer.progress.used
        return _of_all_lives(self._ctx.energy(), used, self._used_before)

    def _result(
        self, measures: Mapping[str, float], sampled: Mapping[str, Any] | None = None
    ) -> Event:
        now = self._run.trainer.progress
        return self._ctx.result(
            weights=self.id,
            architecture=self._architecture.name,
            size=self._params.size,
            parameters=parameters(self._run.trainer.network),
            steps=now.step,
            best_step=now.taken,
            ended=now.over or "done",
            measures=dict(measures),
            samples=dict(sampled or {}),
            notes=now.sentences,
            seconds=round(now.used, 2),
            examples_per_second=round(self._run.speed, 1),
            energy=_energy_data(self._energy()),
        )


def _of_all_lives(energy: EnergyUse | None, used: float, before: float) -> EnergyUse | None:
    """Estimate the energy of a whole training from the rate of its last run.

    Args:
        energy: Of the last run; None if unknown.
        used: Compute time of all runs, in seconds.
        before: Compute time of the runs before the last one, in seconds.
    """
    if energy is None or used <= before:
        return None
    times = used / (used - before)
    return replace(
        energy,
        joules=energy.joules * times,
        low=energy.low * times,
        high=energy.high * times,
        processor_seconds=energy.processor_seconds * times,
        grams=None if energy.grams is None else energy.grams * times,
    )


def _energy_data(energy: EnergyUse | None) -> dict[str, float | str | None]:
    """Return energy as plain data; empty where nobody knows."""
    return asdict(energy) if energy else {}


def _energy_words(energy: EnergyUse) -> str:
    """Return energy as a person reads it: ``about 1.2 kJ (0.8 to 2.5), 0.13 g of CO₂``."""
    scale, unit = (1e3, "kJ") if energy.joules >= 1e3 else (1.0, "J")
    value, low, high = (
        f"{amount / scale:.2g}" for amount in (energy.joules, energy.low, energy.high)
    )
    text = f"about {value} {unit} ({low} to {high})" if low != high else f"{value} {unit}"
    return text if energy.grams is None else f"{text}, {energy.grams:.2g} g of CO₂"
