"""Set trained networks side by side: the same data, the same measures, the same seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from studio.api import BadInput, Event, TaskContext, WeightsId
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.source import load
from studio_lab.datasets.table_file import Reading
from studio_lab.measures import comparison
from studio_lab.measures.assessment import Role
from studio_lab.measures.data_measures import SampleSet
from studio_lab.schema import Compare
from studio_lab.tasks.evaluation import Evaluation, made_by, results, verdict
from studio_lab.weights import Trained


def compare(ctx: TaskContext, params: Compare) -> Iterator[Event]:
    """Draw samples of each network, measure all, and report the best and the defects."""
    samples: list[SampleSet] = []
    data: Dataset | None = None
    notes: list[str] = []
    for number, id in enumerate(map(str, params.weights)):
        with ctx.lease(WeightsId(id)) as trained:
            if data is None:
                data, notes = yield from ctx.in_thread(partial(_data, params, trained))
            _check(id, trained, data)
            tell = _Telling(ctx, id, number, len(params.weights))
            one = yield from made_by(trained.network, data, id, params.samples, params.seed, tell)
            samples += [one] if one else []
    assert data is not None
    yield ctx.progress(len(samples), len(samples), "Measuring")
    work = Evaluation(data, samples, params.seed, _tensors(ctx, params))
    measure, assessments = yield from ctx.in_thread(work)
    yield from results(ctx, data, samples, measure, assessments, notes)
    models = [assessment for assessment in assessments if assessment.role is Role.WEIGHTS]
    yield ctx.result(
        best=models[0].name,
        sentence=verdict(models[0], measure),
        measure=measure,
        models={assessment.name: comparison.as_data(assessment) for assessment in models},
        beside={
            assessment.name: comparison.as_data(assessment)
            for assessment in assessments
            if assessment not in models
        },
        notes=[str(note) for note in notes],
    )


class _Telling:
    """Says how far the drawing of one model of several is."""

    def __init__(self, ctx: TaskContext, id: str, number: int, count: int) -> None:
        self._ctx, self._id, self._number, self._count = ctx, id, number, count

    def __call__(self, share: float) -> Event:
        """Return the event for a share of this model."""
        return self._ctx.progress(self._number + share, self._count, f"Drawing from {self._id}")


def _data(params: Compare, trained: Trained) -> tuple[Dataset, list[str]]:
    """Return the data prepared as they were for a network."""
    shape = trained.shape
    return load(
        params.data, params.example, [shape.kind], min(shape.height, shape.width) or 32, 0,
        tokens=trained.meta.get("tokens", "characters"), cut=shape.height == shape.width,
        reading=Reading(params.first_row, params.extremes),
    )  # fmt: skip


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
    if shape.kind == "pairs":
        return f"pairs of texts of {shape.vocabulary} tokens, {shape.length} at most"
    return f"a table of {shape.columns} numbers a row"


def _tensors(ctx: TaskContext, params: Compare) -> Mapping[str, Tensor] | None:
    if not params.features:
        return None
    return load_file(ctx.weights_path(params.features))
