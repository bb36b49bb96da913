"""Samples of networks, measured, and what comes of it as results."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.api import BadInput, Event, Kind, TaskContext, sentence
from studio_lab.datasets import presentation
from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.tokens import written
from studio_lab.measures import comparison
from studio_lab.measures.assessment import BITS, Assessment, Finding, Role
from studio_lab.measures.data_measures import (
    BOUND,
    SampleSet,
    as_measured,
    measured,
    training_rows,
)
from studio_lab.measures.pair_measures import PERPLEXITY, measured_pairs
from studio_lab.measures.text_measures import measured_texts
from studio_lab.networks.architecture import Network
from studio_lab.networks.encoder_decoder import EncoderDecoder
from studio_lab.training.batches import Batches
from studio_lab.training.randomness import generator
from studio_lab.training.samples import drawn, without_gradients
from studio_lab.training.trainer import Trainer

MOST_TEXTS: Final = 60
"""Pieces of text that a network writes for a measure: every character is a step."""
MEASURED_KINDS: Final = ("pictures", "table", "text", "pairs")
_SHOWN_TEXTS: Final = 3
_SHOWN_PAIRS: Final = 40
_LEAST_SECONDS: Final = 10.0
_SHARE: Final = 0.2
"""Of the time of a training: as long may it take to draw what is measured at its end."""

Tell = Callable[[float], Event]
"""From the share done to the event that says so."""


def made_by(
    network: Network,
    data: Dataset,
    name: str,
    count: int,
    seed: int,
    tell: Tell,
    seconds: float = np.inf,
) -> Generator[Event, None, SampleSet | None]:
    """Return samples, the same for the same seed, and the bound of each test row.

    Of pairs, these are the targets that it writes for the sources of the test.

    Args:
        seconds: After so many seconds it gives up and returns None.
    """
    count = min(count, MOST_TEXTS) if data.shape.kind == "text" else count
    begun = time.monotonic()
    if isinstance(network, EncoderDecoder):
        making = without_gradients(network.answer(_sources(network, data, count)))
    else:
        making = drawn(network, count, seed)
    while True:
        try:
            share = next(making)
        except StopIteration as end:
            rows = end.value
            break
        if time.monotonic() - begun > seconds:
            return None
        yield tell(0.8 * share)
    bound = (yield from _bound(network, data, seed, tell)) if network.has_bound else None
    return SampleSet(name, rows, bound)


def _sources(network: Network, data: Dataset, count: int) -> Tensor:
    """Return the sources of the first test pairs, (n, L)."""
    rows = torch.from_numpy(data.rows[data.split.test[:count], 0])
    return rows.to(next(network.parameters()).device)


def _bound(
    network: Network, data: Dataset, seed: int, tell: Tell
) -> Generator[Event, None, NDArray[np.float64]]:
    device = str(next(network.parameters()).device)
    random, bounds = generator(device, seed, "test"), []  # as at the end of a training: one figure
    for batch in Batches(data, device, seed, 64).held_out("test"):
        with torch.no_grad():
            bounds.append(network.bound(batch, random).double().cpu().numpy())
        yield tell(0.9)
    return np.concatenate(bounds)


class Evaluation:
    """All measures of samples, computed on a separate thread."""

    def __init__(
        self,
        data: Dataset,
        samples: Sequence[SampleSet],
        seed: int,
        vgg: Mapping[str, Tensor] | None = None,
    ) -> None:
        self._data, self._made, self._seed, self._vgg = data, samples, seed, vgg

    def __call__(self) -> tuple[str, list[Assessment]]:
        """Return the measure that decides, and all that was measured, the best first."""
        if self._data.shape.kind == "text":
            return measured_texts(self._data, self._made, self._seed)
        if self._data.shape.kind == "pairs":
            return measured_pairs(self._data, self._made, self._seed)
        return measured(self._data, self._made, self._seed, self._vgg)


def measured_training(
    ctx: TaskContext, trainer: Trainer, data: Dataset, title: str, count: int
) -> Generator[Event, None, dict[str, Any]]:
    """Measure samples of a trained network; yield table, plots and sheet, return plain data.

    Skips networks that sample too slowly, and data with too few held-out rows: a note says why.
    """
    network, now = trainer.average, trainer.progress

    def tell(share: float) -> Event:
        return ctx.progress(now.step, now.steps, f"Drawing samples to measure: {share:.0%}")

    limit = max(_LEAST_SECONDS, _SHARE * now.used)
    samples = yield from made_by(network, data, title, count, trainer.seed, tell, limit)
    if samples is None:
        now.note(
            sentence(
                "Samples were not measured: they are drawn too slowly. Compare models measures "
                "them."
            )
        )
        return {}
    yield ctx.progress(now.step, now.steps, "Measuring the samples")
    try:
        measure, assessments = yield from ctx.in_thread(Evaluation(data, [samples], trainer.seed))
    except BadInput as error:
        now.note(sentence("Samples were not measured. {reason}", reason=error.message))
        return {}
    yield from results(ctx, data, [samples], measure, assessments)
    own = next(assessment for assessment in assessments if assessment.role is Role.WEIGHTS)
    return {"measure": measure, "sentence": verdict(own, measure), **comparison.as_data(own)}


def verdict(best: Assessment, measure: str) -> str:
    """Return how good the best is, and whether it is any good."""
    value = best.values.get(measure)
    text = f"{best.name}: {measure} {value}." if value else f"{best.name}."
    if best.is_good:
        return f"{text} It is better than the plain baselines, and nothing else is wrong with it."
    if best.findings == (Finding.UNSURE,):
        return f"{text} {Finding.UNSURE.sentence} More samples or more data would."
    return " ".join([text, "It is not good.", *(finding.sentence for finding in best.findings)])


def results(
    ctx: TaskContext,
    data: Dataset,
    samples: Sequence[SampleSet],
    measure: str,
    assessments: Sequence[Assessment],
    notes: Sequence[str] = (),
) -> Iterator[Event]:
    """Yield a table of all measures, plots of those that decide, and the samples themselves.

    Pictures stand above the training examples that are nearest to them.

    Args:
        notes: What a person should know of the data.
    """
    title = f"Comparison: {data.title}"
    text = comparison.as_markdown(assessments)
    meta = {"report": comparison.as_report(assessments, measure, notes)}
    yield ctx.artifact(
        Kind.TABLE, comparison.as_csv(assessments), suffix=".csv", title=title, text=text, meta=meta
    )
    second = {"text": BITS, "pairs": PERPLEXITY}.get(data.shape.kind, BOUND)
    for name in dict.fromkeys((measure, second)):
        if any(name in item.values for item in assessments):
            plot = comparison.as_plot(assessments, name)
            yield ctx.artifact(Kind.PLOT, plot.encode(), suffix=plot.SUFFIX, title=plot.title)
    title = f"Samples: {data.title}"
    if data.shape.kind == "pictures":
        by_name = {item.name: item for item in assessments}
        with_copies = [(item, by_name[item.name].copies) for item in samples]
        real = training_rows(data)
        picture = comparison.sheet(
            [as_measured(data, item.rows) for item, _ in with_copies],
            [real[copies.nearest[: comparison.SHOWN]] for _, copies in with_copies if copies],
        )
        file = presentation.png(picture, 512)
        yield ctx.artifact(Kind.IMAGE, file, suffix=".png", title=title, text=", ".join(
            item.name for item in samples))  # fmt: skip
    elif data.shape.kind == "pairs":
        answers = _answers(data, samples)
        yield ctx.artifact(Kind.TABLE, answers.encode(), suffix=".csv", title=title, text=answers)
    elif data.shape.kind == "text" and data.meta.get("content", "words") == "words":
        parts = [f"# {item.name}\n\n{_shown(item, data)}" for item in samples]
        whole = "\n\n".join(parts)
        yield ctx.artifact(Kind.TEXT, whole.encode(), suffix=".md", title=title, text=whole)


def _answers(data: Dataset, samples: Sequence[SampleSet]) -> str:
    """Return held-out pairs as CSV, each with what every network writes."""
    out, words, some = (
        io.StringIO(newline=""),
        data.meta["vocabulary"],
        data.split.test[:_SHOWN_PAIRS],
    )
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["source", "target", *(answers.name for answers in samples)])
    columns = [written(data.rows[some, side], words) for side in (0, 1)]
    columns += [written(answers.rows[: len(some)], words) for answers in samples]
    writer.writerows(zip(*columns))
    return out.getvalue()


def _shown(samples: SampleSet, data: Dataset) -> str:
    texts = written(samples.rows[:_SHOWN_TEXTS], data.meta["vocabulary"])
    return "\n\n---\n\n".join(texts)
