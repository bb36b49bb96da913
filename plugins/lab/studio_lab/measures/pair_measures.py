"""The measures of targets that networks wrote for the sources of held-out pairs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.tokens import written
from studio_lab.measures.assessment import Assessment, Finding, Role, judged
from studio_lab.measures.data_measures import SampleSet
from studio_lab.measures.estimates import Estimate, bootstrapped, share

ERRORS = "character error rate"
"""Insertions, deletions and replacements for each character of the target: decides."""
PERPLEXITY = "perplexity"
COPY, FREQUENT = "copy of the source", "most frequent target"
_ORDERS, _BETA = 6, 2
"""Of chrF (Popović, 2015)."""


def measured_pairs(
    data: Dataset, samples: Sequence[SampleSet], seed: int
) -> tuple[str, list[Assessment]]:
    """Return the name of the measure that decides, and all sets of targets, the best first.

    Two plain baselines are among them: the source as it stands, and the target that is most
    frequent in training; beside the latter stands the perplexity of how frequent tokens are there.

    Args:
        samples: ``rows``: (n, L) tokens, a target for each of the first n test pairs.
    """
    count = min(len(answers.rows) for answers in samples)
    vocabulary = data.meta["vocabulary"]
    sources, targets = (
        written(data.rows[data.split.test[:count], side], vocabulary) for side in (0, 1)
    )
    training_answers = data.rows[data.split.training, 1]
    usual = Counter(written(training_answers, vocabulary)).most_common(1)[0][0]
    lengths = np.array([len(text) + 1 for text in targets])  # with the end

    def assessed(
        name: str, texts: Sequence[str], role: Role, nats: NDArray[np.float64] | None
    ) -> Assessment:
        values = _values(texts, targets, seed)
        if nats is not None:
            values = {PERPLEXITY: _perplexity(nats, lengths, seed), **values}
        is_same = len(set(texts)) * 2 < len(set(targets))
        return Assessment(name, role, values, (Finding.COLLAPSE,) if is_same else ())

    assessments = [
        assessed(
            answers.name,
            written(answers.rows[:count], vocabulary),
            Role.WEIGHTS,
            answers.bound[:count] * data.shape.length if answers.bound is not None else None,
        )
        for answers in samples
    ]
    plain = _nats_of_frequencies(training_answers, data.rows[data.split.test[:count], 1], lengths)
    assessments.append(assessed(COPY, sources, Role.BASELINE, None))
    assessments.append(assessed(FREQUENT, [usual] * count, Role.BASELINE, plain))
    return ERRORS, judged(assessments, ERRORS)


def _values(texts: Sequence[str], targets: Sequence[str], seed: int) -> dict[str, Estimate]:
    def over_pairs(figures: Sequence[float]) -> Estimate:
        return bootstrapped(np.array(figures), np.random.default_rng(seed))

    pairs = list(zip(texts, targets))
    return {
        ERRORS: over_pairs([edits(a, b) / max(1, len(b)) for a, b in pairs]),
        "exact matches": share(sum(a == b for a, b in pairs), len(pairs)),
        "token accuracy": over_pairs([_in_place(a, b) for a, b in pairs]),
        "chrF": over_pairs([chrf(a, b) for a, b in pairs]),
    }


def edits(text: str, target: str) -> int:
    """Return how many insertions, deletions and replacements lead from one to the other."""
    row = list(range(len(target) + 1))
    for at, letter in enumerate(text, 1):
        before, row[0] = row[0], at
        for place, wanted in enumerate(target, 1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (letter != wanted)),
            )
    return row[-1]


def chrf(text: str, target: str) -> float:
    """Return the F-score of n-grams of characters, from 0 to 1, without spaces."""
    text, target = text.replace(" ", ""), target.replace(" ", "")
    scores = []
    for order in range(1, _ORDERS + 1):
        mine, theirs = (
            Counter(side[at : at + order] for at in range(len(side) - order + 1))
            for side in (text, target)
        )
        if not theirs or not mine:
            continue
        same = (mine & theirs).total()
        precision, recall = same / mine.total(), same / theirs.total()
        weighed = _BETA**2 * precision + recall
        scores.append((1 + _BETA**2) * precision * recall / weighed if weighed else 0.0)
    return sum(scores) / len(scores) if scores else float(text == target)


def _in_place(text: str, target: str) -> float:
    """Return the share of the target's characters, its end among them, that stand in place."""
    ended, wanted = f"{text}\0", f"{target}\0"
    return sum(a == b for a, b in zip(ended, wanted)) / len(wanted)


def _perplexity(nats: NDArray[np.float64], lengths: NDArray[np.int64], seed: int) -> Estimate:
    """Return the perplexity of a token, from the nats of each target."""

    def of(rows: NDArray[np.float64]) -> float:
        return math.exp(float(rows[:, 0].sum() / rows[:, 1].sum()))

    return bootstrapped(np.stack([nats, lengths], 1), np.random.default_rng(seed), of)


def _nats_of_frequencies(
    training: NDArray[np.int64], rows: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the nats of each row under how frequent tokens are in known ones."""
    ends = np.array(
        [int(np.argmax(row == 0)) if (row == 0).any() else len(row) for row in training]
    )
    counts = np.ones(int(max(training.max(), rows.max())) + 1)
    for row, end in zip(training, ends):
        counts += np.bincount(row[: end + 1], minlength=len(counts))
    nats = -np.log(counts / counts.sum())
    return np.array([nats[row[:length]].sum() for row, length in zip(rows, lengths)])
