"""The measures of texts that networks wrote, on the text that they learned from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from studio_lab.datasets.dataset import Dataset
from studio_lab.datasets.tokens import as_characters, written
from studio_lab.measures.assessment import (
    BITS,
    Assessment,
    Role,
    assess_texts,
    judged,
    text_baseline,
)
from studio_lab.measures.contents import Contents
from studio_lab.measures.data_measures import SampleSet
from studio_lab.measures.estimates import Estimate
from studio_lab.measures.text import TextExamples


def measured_texts(
    data: Dataset, samples: Sequence[SampleSet], seed: int
) -> tuple[str, list[Assessment]]:
    """Return the name of the measure that decides, and all texts, the best first.

    An n-gram model is among them. Its bits, as those of a network, are of test pieces that begin
    anew; nothing is known of a network without a bound. Words are measured by
    the character whatever their tokens are; of molecules and tunes a token counts as one.
    """
    is_words = data.meta.get("content", "words") == "words"
    vocabulary = data.meta["vocabulary"]
    characters = vocabulary if is_words else as_characters(vocabulary)
    training, validation, test = (
        written(data.rows[rows], characters)
        for rows in (data.split.training, data.split.validation, data.split.test)
    )
    longest = max(map(len, test), default=0)
    examples, contents = TextExamples(training, test, longest, not is_words), Contents(data)
    tokens = np.array([len(text) + (not is_words) for text in test])

    def whole(assessments: Assessment, texts: Sequence[str]) -> Assessment:
        return replace(assessments, values={**assessments.values, **contents.values(texts)})

    assessments = []
    for sample in samples:
        texts = written(sample.rows, characters)
        bits = _bits(sample.bound, tokens, data.shape.length)
        assessments.append(whole(assess_texts(sample.name, texts, examples, bits), texts))
    count = min(len(sample.rows) for sample in samples)
    plain, texts = text_baseline(examples, count, seed)
    ranked = judged([*assessments, whole(plain, texts)], BITS)
    real = assess_texts("held-out texts", validation[:count], examples, role=Role.HELD_OUT)
    return BITS, [*ranked, whole(real, validation[:count])]


def _bits(
    bound: NDArray[np.float64] | None, characters: NDArray[np.int64], length: int
) -> Estimate | None:
    """Return bits a character.

    Args:
        bound: Nats a token of each row, of ``length`` tokens.
        characters: Of each row, its end among them where it has one.
    """
    if bound is None:
        return None
    bits, usual = bound * length / math.log(2), characters[: len(bound)].mean()
    mean = float(bits.mean() / usual)
    off = bits - mean * characters[: len(bound)]  # of a ratio of two sums
    reach = 1.96 * float(off.std() / usual) / len(bits) ** 0.5
    return Estimate(mean, mean - reach, mean + reach)
