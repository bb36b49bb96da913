"""All measures of one set of samples, and the defects they show.

The same for every architecture: it sees samples and examples only, not the generator. A generator
is called good only without defects; failing to beat a plain baseline counts as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_lab.measures.copies import Copies, copies
from studio_lab.measures.distances import Vectors, flat
from studio_lab.measures.diversity import COLLAPSE, diversity, modes
from studio_lab.measures.estimates import Estimate
from studio_lab.measures.features import Features
from studio_lab.measures.text import TextExamples
from studio_lab.measures.text_baseline import NGrams
from studio_lab.measures.two_samples import kid, precision_recall
from studio_lab.measures.vector_baselines import GaussianComponents, MeanExample


class Finding(StrEnum):
    """Defects of samples."""

    COPIES = "copies"
    COLLAPSE = "collapse"
    BASELINE = "baseline"
    UNSURE = "unsure"

    @property
    def sentence(self) -> str:
        """The defect as a sentence for the user."""
        return _SENTENCES[self]


_SENTENCES = {
    Finding.COPIES: "It copies training examples.",
    Finding.COLLAPSE: (
        "Its samples vary less than half as much as real ones, or miss most of the classes."
    ),
    Finding.BASELINE: "A plain baseline is better.",
    Finding.UNSURE: "These figures do not tell whether it is better than a plain baseline.",
}


class Role(StrEnum):
    """What samples are of."""

    HELD_OUT = "held-out"
    BASELINE = "baseline"
    WEIGHTS = "weights"


@dataclass(frozen=True)
class Assessment:
    """Measures and defects of samples.

    Attributes:
        values: Measures by name, in the order to show them.
        findings: Defects and open questions; empty for good samples.
        copies: The nearest training example of each sample, of arrays.
    """

    name: str
    role: Role
    values: Mapping[str, Estimate]
    findings: tuple[Finding, ...] = ()
    copies: Copies | None = field(default=None, repr=False)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.findings


@dataclass(frozen=True)
class Examples:
    """Real examples that samples are measured against: (n, …) arrays in one scale.

    Attributes:
        features: A function of the training examples, the same for all that is compared.
        seed: Of every draw of a measure.
    """

    training: NDArray[Any]
    held_out: NDArray[Any]
    features: Features
    seed: int = 0

    @property
    def distance(self) -> str:
        """The name of the measure by which samples are ranked: the lower, the better."""
        return f"KID ({self.features.name})"

    @cached_property
    def training_features(self) -> Vectors:
        """Features of the training examples: (n, d)."""
        return self.features(self.training)

    @cached_property
    def held_out_features(self) -> Vectors:
        """Features of the held-out examples: (n, d)."""
        return self.features(self.held_out)


def assess(name: str, samples: NDArray[Any], examples: Examples, role: Role) -> Assessment:
    """Return all measures of ``samples`` (m, …); baselines are not compared yet: see ``judged``.

    Args:
        samples: At least four, in the scale of the examples.
    """
    rng = np.random.default_rng(examples.seed)
    features, real = examples.features(samples), examples.held_out_features
    precision, recall = precision_recall(real, features, rng)
    varied = diversity(features, real, rng)
    pixels = copies(flat(samples), flat(examples.training), flat(examples.held_out))
    felt = copies(features, examples.training_features, real)
    values = {
        examples.distance: kid(real, features, rng),
        "precision": precision,
        "recall": recall,
        "diversity": Estimate.exact(varied.effective / varied.yardstick),
        "pair distance": Estimate.exact(varied.pair_distance),
        "copies": pixels.share,
        "copies by features": felt.share,
        "nearest training example": Estimate.exact(pixels.typical / max(pixels.yardstick, 1e-12)),
    }
    if examples.features.classify:
        seen = modes(
            examples.features.classify(samples), examples.features.classify(examples.training)
        )
        values["classes covered"] = Estimate.exact(seen.covered / seen.classes)
    findings = []
    if pixels.is_excess or felt.is_excess:
        findings.append(Finding.COPIES)
    if varied.collapsed or values.get("classes covered", Estimate.exact(1)).value < 0.5:
        findings.append(Finding.COLLAPSE)
    return Assessment(name, role, values, tuple(findings), pixels)


def assess_references(examples: Examples, count: int) -> list[Assessment]:
    """Return the rows that samples are set beside: training examples, and plain baselines.

    Training examples against the held-out ones say what the best possible figures are; that they
    are copies of themselves is not counted.
    """
    rng = np.random.default_rng(examples.seed)
    some = examples.training[rng.permutation(len(examples.training))[:count]]
    real = assess("training examples", some, examples, Role.HELD_OUT)
    values = {key: value for key, value in real.values.items() if not key.startswith(_OF_COPIES)}
    baselines = (GaussianComponents(examples.training), MeanExample(examples.training))
    return [
        replace(real, values=values, findings=(), copies=None),
        *(
            assess(baseline.name, baseline.sample(count, rng), examples, Role.BASELINE)
            for baseline in baselines
        ),
    ]


_OF_COPIES = ("copies", "nearest")


def judged(assessments: Sequence[Assessment], measure: str, *more: str) -> list[Assessment]:
    """Return assessments with findings from plain baselines, the best first.

    The first measure decides that separates: the whole interval lies on one side of the best
    baseline. Where none does, it is not known which is better.

    Args:
        measure: Decides and ranks, the lower the better.
        more: Measures that decide where ``measure`` does not separate.
    """
    bars = {
        name: min(values)
        for name in (measure, *more)
        if (values := [e.values[name].value for e in assessments
                       if e.role is Role.BASELINE and name in e.values])
    }  # fmt: skip
    worst = Estimate.exact(np.inf)

    def with_baseline(assessment: Assessment) -> Assessment:
        if assessment.role is not Role.WEIGHTS:
            return assessment
        for name, bar in bars.items():
            value = assessment.values.get(name)
            if value and value.high < bar:
                return assessment
            if value and value.low > bar:
                return replace(assessment, findings=(*assessment.findings, Finding.BASELINE))
        return replace(assessment, findings=(*assessment.findings, Finding.UNSURE))

    def rank(assessment: Assessment) -> tuple[bool, float]:
        return bool(assessment.findings), assessment.values.get(measure, worst).value

    return sorted(map(with_baseline, assessments), key=rank)


BITS = "bits per character"


def assess_texts(
    name: str,
    texts: Sequence[str],
    examples: TextExamples,
    bits: Estimate | None = None,
    role: Role = Role.WEIGHTS,
) -> Assessment:
    """Return all measures of written texts.

    Args:
        bits: Of the held-out texts under the model, a character; None where it tells no likelihood.
            ``perplexity`` of a token cannot be compared between models that cut texts differently.
    """
    copied = examples.copied(texts)
    variety, usual = examples.variety(texts)
    values = {
        **({BITS: bits} if bits else {}),
        "distinct pairs of words": Estimate.exact(variety),
        "copies": copied.share,
        "longest copied span": Estimate.exact(copied.typical / max(copied.yardstick, 1e-12)),
    }
    findings = [Finding.COPIES] if copied.is_excess else []
    if variety < COLLAPSE * usual:
        findings.append(Finding.COLLAPSE)
    return Assessment(name, role, values, tuple(findings))


def text_baseline(
    examples: TextExamples, count: int, seed: int = 0
) -> tuple[Assessment, list[str]]:
    """Return the measures of an n-gram model, and the ``count`` texts that it wrote."""
    model = NGrams(examples.training, ends=examples.ends)
    rng = np.random.default_rng(seed)
    texts = [model.sample(rng, examples.length) or " " for _ in range(count)]
    bits = Estimate.exact(model.bits_per_character(examples.held_out))
    name = f"{model.order}-gram of characters"
    return assess_texts(name, texts, examples, bits, Role.BASELINE), texts
