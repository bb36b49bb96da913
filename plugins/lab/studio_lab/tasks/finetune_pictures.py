"""Teach a picture model something more: matrices beside its layers, measured on held-out pictures.

A network of the Lab is handed over with them merged in; Stable Diffusion gets an adapter beside it.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio.api import (
    BadInput,
    Cancelled,
    ErrorCode,
    Event,
    Kind,
    StudioError,
    TaskContext,
    as_parts,
    sentence,
)
from studio.api.plot import Plot
from studio.api.worker.tensor_files import write_tensors
from studio_lab import weights
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import digest, load
from studio_lab.finetuning import picture_lora
from studio_lab.finetuning.captions import read_captioned
from studio_lab.finetuning.picture_lora import LabModel, PictureLora, Tuned
from studio_lab.handover import card_text, full_disk_told, weights_id
from studio_lab.networks.architecture import parameters
from studio_lab.schema.finetune_pictures import FineTunePictures
from studio_lab.training.batches import Batches
from studio_lab.training.charts import OF_THIS_MACHINE
from studio_lab.training.checkpoint import FORMAT
from studio_lab.training.memory import estimate
from studio_lab.training.randomness import generator
from studio_lab.training.run import Run
from studio_lab.training.trainer import Plan, Trainer
from studio_lab.weights import Trained

ADAPTER_FORMAT = "picture-lora/1"
"""What the loader of Pictures tells such files by."""


def finetune_pictures(ctx: TaskContext, params: FineTunePictures) -> Iterator[Event]:
    """Train matrices beside a picture model; measure both on pictures that neither has seen."""
    yield ctx.progress(0, 1, "Reading the pictures")
    if params.model == "lab":
        with ctx.lease(_named(params.own)) as lent:
            trained = copy.deepcopy(lent)  # others use the one that is lent
        data, notes = yield from ctx.in_thread(partial(_like, trained, params, ctx.rng.seed))
        tuned = _OfTheLab(trained, _named(params.own))
        yield from _trained(ctx, params, tuned, data, notes)
        return
    folder = ctx.weights_path(_named(params.weights))
    with ctx.reserve(picture_lora.bytes_of(folder)):
        pictures = yield from ctx.in_thread(
            lambda: read_captioned(Path(params.data), params.side, params.prompt)
        )
        yield ctx.progress(0, 1, "Loading the model")
        try:
            base, data = yield from ctx.in_thread(
                lambda: picture_lora.read_pipeline(folder, pictures, ctx.rng.seed, ctx.device)
            )
        except OSError as error:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                f"“{folder.name}” cannot be read as a diffusers folder.",
                "Get the model again, or choose another one.",
                str(error),
            ) from error
        yield from _trained(
            ctx, params, _StableDiffusion(_named(params.weights), base), data, list(pictures.notes)
        )


def _named(id: str | None) -> str:
    if not id:
        raise BadInput(
            "There is no model that could be fine-tuned.",
            "Train one in the Lab, or add a Stable Diffusion model as a diffusers folder.",
        )
    return id


def _like(trained: Trained, params: FineTunePictures, seed: int) -> tuple[Dataset, list[str]]:
    """Return pictures as the network takes them."""
    shape, network = trained.shape, trained.network
    if shape.kind != "pictures" or len(network.phases) > 1 or not network.has_validation:
        raise BadInput(
            "This model cannot be fine-tuned.",
            "Choose a diffusion model, an autoencoder or another one that is trained by one loss.",
        )
    if shape.height != shape.width:
        raise BadInput("Only models of square pictures can be fine-tuned.", "Choose another one.")
    data, notes = load(params.data, "auto", ("pictures",), shape.height, seed)
    rows = data.rows
    if rows.shape[1] != shape.channels:
        rows = rows.mean(1, keepdims=True) if shape.channels == 1 else rows.repeat(3, 1)
    levels = (rows * ((shape.levels - 1) / (data.shape.levels - 1))).round().astype(np.uint8)
    return Dataset(data.title, shape, levels, data.split), notes


def _trained(
    ctx: TaskContext, params: FineTunePictures, tuned: _Kind, data: Dataset, notes: list[str]
) -> Iterator[Event]:
    random = generator("cpu", ctx.rng.seed, "adapter")
    network = PictureLora(data.shape, tuned.model, params.rank, params.strength, random)
    network.to(ctx.device)
    batches = Batches(data, ctx.device, ctx.rng.seed, params.batch)
    with ctx.reserve(estimate(network, batches.at(0))):
        plan = Plan(params.rate, 0.0, params.early_stopping)
        trainer = Trainer(network, batches, plan, ctx.rng.seed)
        trainer.progress.steps = math.ceil(params.epochs * batches.epoch_steps)
        trainer.progress.notes = [as_parts(note) for note in notes]
        trainer.good = trainer.state()
        recipe = json.dumps([FORMAT, digest(data), params.to_dict()], sort_keys=True)
        run = Run(
            trainer,
            ctx.checkpoint,
            hashlib.sha256(recipe.encode()).hexdigest(),
            seconds=params.minutes * 60,
            every=params.checkpoint_seconds,
        )
        run.resume()
        try:
            while not trainer.is_over:
                run.compute()
                now = trainer.progress
                yield ctx.progress(now.step, now.steps, run.status(), None, run.plots())
        except Cancelled:
            run.save()
            if trainer.progress.step:
                trainer.take_best()
                yield from _kept(ctx, run, tuned, data, {})
            raise
        if trainer.progress.best_at != trainer.progress.step:
            trainer.evaluate()
        trainer.take_best()
        measures = yield from _measured(ctx, trainer)
        if measures["factor"] >= 1:
            trainer.progress.note(
                sentence(
                    "On held-out pictures the fine-tuned model is no better than the model itself: "
                    "more pictures, fewer epochs or a lower learning rate may help."
                )
            )
        yield from _kept(ctx, run, tuned, data, measures)


def _measured(ctx: TaskContext, trainer: Trainer) -> Generator[Event, None, dict[str, float]]:
    """Return the loss on the test pictures without and with the matrices, of the same noise."""
    network, measures = trainer.average, dict[str, float]()
    assert isinstance(network, PictureLora)
    for name, plain in (("held_out_before", True), ("held_out_after", False)):
        random, losses = generator(trainer.device, trainer.seed, "test"), []
        for batch in trainer.batches.held_out("test", size=4):
            with torch.no_grad():
                losses.append(network.validation(batch, random, plain=plain))
            yield ctx.progress(1, 1, "Measuring on held-out pictures")
        measures[name] = round(float(torch.cat(losses).mean()), 5)
    measures["factor"] = round(measures["held_out_after"] / measures["held_out_before"], 4)
    measures["pictures"] = sum(map(len, losses))
    return measures


def _kept(
    ctx: TaskContext, run: Run, tuned: _Kind, data: Dataset, measures: Mapping[str, float]
) -> Iterator[Event]:
    """Hand over the fine-tuned model or the adapter, and the curves."""
    trainer, now = run.trainer, run.trainer.progress
    network = trainer.average
    assert isinstance(network, PictureLora)
    title = f"{data.title} on {tuned.title}"
    card = {
        "title": title,
        "data": data.title,
        "base": tuned.base,
        "rank": len(network.matrices.down[0]),
        "steps": now.step,
        "best_step": now.taken,
        "seed": trainer.seed,
        "measures": dict(measures),
    }
    path = ctx.scratch / "fine-tuned.safetensors"
    with full_disk_told("The fine-tuned model"):
        tuned.save(path, network, card)
    id, text = weights_id(title, path), card_text(card, now.sentences)
    meta = {"weights": id, "card": card, "base": tuned.base}
    yield ctx.artifact(Kind.WEIGHTS, path, suffix=".safetensors", title=title, text=text, meta=meta)
    for plot in run.plots():
        if plot.title not in OF_THIS_MACHINE:
            name = f"{plot.title}: {title}"
            yield ctx.artifact(
                Kind.PLOT, plot.encode(), suffix=Plot.SUFFIX, title=name, meta={"notes": now.notes}
            )
    yield ctx.result(
        weights=id,
        base=tuned.base,
        parameters=parameters(network),
        steps=now.step,
        best_step=now.taken,
        ended=now.over or "done",
        measures=dict(measures),
        notes=now.sentences,
        seconds=round(now.used, 2),
    )


class _OfTheLab:
    """A network of the Lab: what comes of it is a network like it, with the changes merged in."""

    def __init__(self, trained: Trained, id: str) -> None:
        self._trained, self.base = trained, id
        self.title = str(trained.card.get("title") or id)
        self.model: Tuned = LabModel(trained.network)

    def save(self, path: Path, lora: PictureLora, card: Mapping[str, Any]) -> None:
        """Write it as weights of the Lab."""
        network = copy.deepcopy(self._trained.network)
        network.load_state_dict(lora.matrices.merged(network))
        weights.save(
            path,
            network,
            architecture=self._trained.architecture,
            arguments=self._trained.arguments,
            meta=self._trained.meta,
            card=card,
        )


class _StableDiffusion:
    """A model of the user's: what comes of it is an adapter, a file beside it."""

    def __init__(self, id: str, model: Tuned) -> None:
        self.base = self.title = id
        self.model = model

    def save(self, path: Path, lora: PictureLora, card: Mapping[str, Any]) -> None:
        """Write the adapter; programs that know peft's names read it, too."""
        matrices = lora.matrices.tensors(self.model.network, "unet.")
        tensors = {name: value.float() for name, value in matrices.items()}
        metadata = {"base": self.base, "card": json.dumps(dict(card))}
        write_tensors(path, ADAPTER_FORMAT, tensors, metadata, half=False)


_Kind = _OfTheLab | _StableDiffusion
