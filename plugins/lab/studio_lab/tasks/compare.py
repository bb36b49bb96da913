"""Set trained networks side by side: the same data, the same measures, the same seeds."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from studio.api import BadInput, Event, Kind, TaskContext, WeightsId
from studio_lab.datasets import presentation
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import load
from studio_lab.datasets.tokens import written
from studio_lab.measures import comparison
from studio_lab.measures.assessment import BITS, Assessment, Role
from studio_lab.measures.data_measures import (
    BOUND,
    Made,
    as_measured,
    measured,
    training_rows,
)
from studio_lab.measures.text_measures import measured_texts
from studio_lab.networks.architecture import Network
from studio_lab.schema import Compare
from studio_lab.training.batches import Batches
from studio_lab.training.randomness import generator
from studio_lab.training.sampling import drawn
from studio_lab.weights import Trained

_TEXTS = 60
"""Pieces of text that each writes: every character is a step."""
_SHOWN_TEXTS = 3


def compare(ctx: TaskContext, params: Compare) -> Iterator[Event]:
    """Draw samples of each network, measure all, and say which is best and what is wrong."""
    if not params.weights:
        raise BadInput("No model was chosen.", "Choose two or more that were trained in the lab.")
    made: list[Made] = []
    data: Dataset | None = None
    notes: list[str] = []
    for number, id in enumerate(params.weights):
        with ctx.lease(WeightsId(id)) as trained:
            if data is None:
                side = trained.shape.height or 32
                data, notes = load(params.data, params.example, [trained.shape.kind], side, 0)
            _check(id, trained, data)
            made.append((yield from _made(ctx, params, id, trained, data, number)))
    assert data is not None
    yield ctx.progress(len(made), len(made), "Measuring")
    work = _Work(data, made, params.seed, _tensors(ctx, params))
    measure, found = yield from ctx.in_thread(work)
    yield from _results(ctx, data, made, measure, found)
    models = [each for each in found if each.role is Role.WEIGHTS]
    yield ctx.result(
        best=models[0].name,
        sentence=sentence(models[0], measure),
        measure=measure,
        models={each.name: comparison.as_data(each) for each in models},
        beside={each.name: comparison.as_data(each) for each in found if each not in models},
        notes=notes,
    )


def sentence(best: Assessment, measure: str) -> str:
    """Return which is best, and whether it is any good."""
    said = f"{best.name} is best by {measure}: {best.values[measure]}."
    if best.is_good:
        return said
    return " ".join([said, "Yet it is not good.", *(each.sentence for each in best.findings)])


class _Work:
    """All measures: what is done on a thread of its own."""

    def __init__(
        self,
        data: Dataset,
        made: Sequence[Made],
        seed: int,
        vgg: Mapping[str, Tensor] | None,
    ) -> None:
        self._data, self._made, self._seed, self._vgg = data, made, seed, vgg

    def __call__(self) -> tuple[str, list[Assessment]]:
        if self._data.shape.kind == "text":
            return measured_texts(self._data, self._made, self._seed)
        return measured(self._data, self._made, self._seed, self._vgg)


def _check(id: str, trained: Trained, data: Dataset) -> None:
    if not trained.network.generates:
        raise BadInput(f"“{id}” makes nothing: it tells classes.", "Compare models that generate.")
    if _told(trained.shape) != _told(data.shape):
        raise BadInput(
            f"“{id}” learned from {_told(trained.shape)}, but “{data.title}” has "
            f"{_told(data.shape)}.",
            "Choose the data that all of the models were trained on.",
        )


def _told(shape: Any) -> str:
    if shape.kind == "pictures":
        return f"pictures of {shape.width} × {shape.height} pixels, {shape.channels} channels"
    if shape.kind == "text":
        return f"texts of {shape.vocabulary} tokens in pieces of {shape.length}"
    return f"a table of {shape.columns} numbers a row"


def _made(
    ctx: TaskContext, params: Compare, id: str, trained: Trained, data: Dataset, number: int
) -> Generator[Event, None, Made]:
    """Return samples from the same seed for all, and the bound of each test row."""
    count = min(params.samples, _TEXTS) if data.shape.kind == "text" else params.samples
    making, rows = drawn(trained.network, count, params.seed), None
    while rows is None:
        try:
            share = next(making)
        except StopIteration as end:
            rows = end.value
            break
        yield ctx.progress(number + 0.8 * share, len(params.weights), f"Drawing from {id}")
    bound = None
    if trained.network.has_bound:
        bound = yield from _bound(ctx, trained.network, data, params, number)
    return Made(id, rows, bound)


def _bound(
    ctx: TaskContext, network: Network, data: Dataset, params: Compare, number: int
) -> Generator[Event, None, NDArray[np.float64]]:
    device = str(next(network.parameters()).device)
    random = generator(device, params.seed, "bound")
    found = []
    for batch in Batches(data, device, params.seed, 64).held_out("test", 64):
        with torch.no_grad():
            found.append(network.bound(batch, random).double().cpu().numpy())
        yield ctx.progress(number + 0.9, len(params.weights), "Measuring the bound")
    return np.concatenate(found)


def _tensors(ctx: TaskContext, params: Compare) -> Mapping[str, Tensor] | None:
    if not params.features:
        return None
    return load_file(ctx.weights_path(params.features))


def _results(
    ctx: TaskContext,
    data: Dataset,
    made: Sequence[Made],
    measure: str,
    found: Sequence[Assessment],
) -> Iterator[Event]:
    title = f"Comparison: {data.title}"
    text = comparison.as_markdown(found)
    yield ctx.artifact(Kind.TABLE, comparison.as_csv(found), suffix=".csv", title=title, text=text)
    for name in dict.fromkeys((measure, BITS if data.shape.kind == "text" else BOUND)):
        if any(name in each.values for each in found):
            plot = comparison.as_plot(found, name)
            yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=plot.SUFFIX, title=plot.title)
    title = f"Samples: {data.title}"
    if data.shape.kind == "pictures":
        by_name = {each.name: each for each in found}
        kept = [(each, by_name[each.name].copies) for each in made]
        real = training_rows(data)
        picture = comparison.sheet(
            [as_measured(data, each.rows) for each, _ in kept],
            [real[copies.nearest[: comparison.SHOWN]] for _, copies in kept if copies],
        )
        file = presentation.png(picture, 512)
        yield ctx.artifact(Kind.IMAGE, file, suffix=".png", title=title, text=", ".join(
            each.name for each in made))  # fmt: skip
    elif data.shape.kind == "text":
        parts = [f"# {each.name}\n\n{_shown(each, data)}" for each in made]
        written = "\n\n".join(parts)
        yield ctx.artifact(Kind.TEXT, written.encode(), suffix=".md", title=title, text=written)


def _shown(made: Made, data: Dataset) -> str:
    texts = written(made.rows[:_SHOWN_TEXTS], data.meta["vocabulary"])
    return "\n\n---\n\n".join(texts)
