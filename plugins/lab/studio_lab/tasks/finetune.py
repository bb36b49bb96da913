"""Fine-tune a language model on the user's own examples: an adapter beside it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Generator, Iterator, Mapping

from studio.api import BadInput, Cancelled, Event, Kind, TaskContext, as_parts, sentence
from studio.api.plot import Plot
from studio.api.worker.tuning import TextNetwork, TunableEngine
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import digest
from studio_lab.finetuning.adapters import AdapterNames, adapter_artifact, merged_artifact
from studio_lab.finetuning.lessons import Lesson, lesson
from studio_lab.finetuning.lora import Base, Lora
from studio_lab.networks.architecture import parameters
from studio_lab.schema.finetune import FineTune
from studio_lab.tasks.steps import followed
from studio_lab.training.batches import Batches
from studio_lab.training.charts import OF_THIS_MACHINE
from studio_lab.training.checkpoint import FORMAT
from studio_lab.training.randomness import generator
from studio_lab.training.run import Run
from studio_lab.training.trainer import Plan, Trainer


def finetune(ctx: TaskContext, params: FineTune) -> Iterator[Event]:
    """Train an adapter; measure model and adapter on examples that neither has seen."""
    taught = lesson(ctx, params)
    yield ctx.progress(0, 1, "Reading the examples")
    with ctx.lease(params.weights) as engine:
        if not isinstance(engine, TunableEngine):
            raise BadInput("This model cannot be fine-tuned.", "Choose another one.")
        if params.merge:
            engine.check_mergeable()
        size = engine.network_bytes
    with ctx.reserve(size):
        model, data, notes = yield from _prepared(ctx, params, taught)
        random = generator("cpu", ctx.rng.seed, "adapter")
        base = Base(model, ctx.check_cancelled)
        network = taught.network(data.shape, base, params.rank, params.strength, random)
        batches = Batches(data, ctx.device, ctx.rng.seed, params.batch)
        size += network.to(ctx.device).working_bytes(batches.at(0))
    with ctx.reserve(size):
        trainer = Trainer(
            network, batches, Plan(params.rate, 0.0, params.early_stopping), ctx.rng.seed
        )
        trainer.progress.steps = math.ceil(params.epochs * batches.epoch_steps)
        trainer.progress.notes = [as_parts(note) for note in notes]
        trainer.good = trainer.state()
        yield from _trained(ctx, params, trainer, data, taught)


def _prepared(
    ctx: TaskContext, params: FineTune, taught: Lesson
) -> Generator[Event, None, tuple[TextNetwork, Dataset, list[str]]]:
    """Return the model as floats, and the examples as its tokens."""
    with ctx.lease(params.weights) as engine:
        loading = engine.network()
        model: TextNetwork = yield from followed(
            loading, lambda share: ctx.progress(share, 1, "Loading the model as floats")
        )
        reading = taught.rows(engine, model.ends, params.length, ctx.rng.seed)
        data, notes = yield from followed(
            reading, lambda share: ctx.progress(share, 1, "Reading the examples")
        )
    return model, data, notes


def _trained(
    ctx: TaskContext, params: FineTune, trainer: Trainer, data: Dataset, taught: Lesson
) -> Iterator[Event]:
    network = trainer.network
    assert isinstance(network, Lora)
    model = network.base.model
    recipe = json.dumps([FORMAT, digest(data), params.to_dict(), model.digest], sort_keys=True)
    run = Run(
        trainer,
        ctx.checkpoint,
        hashlib.sha256(recipe.encode()).hexdigest(),
        seconds=params.minutes * 60,
        every=params.checkpoint_seconds,
    )
    run.resume()
    finish = _Finish(ctx, params, run, data)
    try:
        while not trainer.is_over:
            run.compute()
            now = trainer.progress
            yield ctx.progress(now.step, now.steps, run.status(), None, run.plots())
        if trainer.progress.best_at != trainer.progress.step:
            trainer.evaluate()
        trainer.take_best()
        yield from finish.whole(taught)
    except Cancelled:
        run.save()
        if trainer.progress.step:
            trainer.take_best()
            yield from finish.save({})
        raise


class _Finish:
    """The last steps of a training."""

    def __init__(self, ctx: TaskContext, params: FineTune, run: Run, data: Dataset) -> None:
        self._ctx, self._params, self._run, self._data = ctx, params, run, data
        network = run.trainer.average
        assert isinstance(network, Lora)
        self._network = network
        title = f"{data.title} on {params.weights}"
        self._names = AdapterNames(params.weights, network.base.model.digest, title)

    def whole(self, taught: Lesson) -> Iterator[Event]:
        """Measure on the test rows, and hand over adapter, table and curves."""
        ctx, now = self._ctx, self._run.trainer.progress
        reporting = taught.report(self._network, self._run.trainer.batches, self._data)
        report = yield from followed(
            reporting,
            lambda _: ctx.progress(now.step, now.steps, "Measuring on held-out examples"),
        )
        if report.measures["factor"] >= 1:
            now.note(
                sentence(
                    "On held-out examples the adapter is no better than the model itself: more "
                    "examples, fewer epochs or a lower learning rate may help."
                )
            )
        if report.table:
            title, table = f"Held-out examples: {self._names.title}", report.table
            yield ctx.artifact(Kind.TABLE, table.encode(), suffix=".csv", title=title, text=table)
        yield from self.save(report.measures, merge=self._params.merge)

    def save(self, measures: Mapping[str, float], merge: bool = False) -> Iterator[Event]:
        """Hand over the adapter, and the curves of its training."""
        ctx, now = self._ctx, self._run.trainer.progress
        card = {
            "title": self._names.title,
            "data": self._data.title,
            "method": self._params.method,
            "rank": self._params.rank,
            "steps": now.step,
            "best_step": now.taken,
            "seed": self._run.trainer.seed,
            "measures": dict(measures),
        }
        yield adapter_artifact(ctx, self._network, self._names, card)
        if merge:
            yield from merged_artifact(ctx, self._network, self._names, card)
        for plot in self._run.plots():
            if plot.title in OF_THIS_MACHINE:
                continue
            title = f"{plot.title}: {self._names.title}"
            yield ctx.artifact(
                Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=title, meta={"notes": now.notes}
            )
        yield ctx.result(
            weights=self._names.id,
            merged=self._names.merged,
            base=self._params.weights,
            parameters=parameters(self._network),
            steps=now.step,
            best_step=now.taken,
            ended=now.over or "done",
            measures=dict(measures),
            notes=now.sentences,
            seconds=round(now.used, 2),
            examples_per_second=round(self._run.speed, 2),
        )
