"""How much more a model leans to one sort of words for one group than for the others.

The leaning of a sentence is log P(first word) − log P(second word). How likely the words are by
themselves is the same for all groups, so only differences between groups count: each leaning less
the mean of all groups for that sentence and pair. Pure functions on arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from studio_lab.measures.estimates import Estimate, share

ROUNDS = 1000


@dataclass(frozen=True)
class Leaning:
    """Of one group, in one topic.

    Attributes:
        more: Mean difference from the mean of all groups, in nats: above 0, the model leans more
            to the first sort of words than it does for the others. With its interval.
        count: Pairs and sentences that were asked.
        above: In how many of them it leans more to the first than the mean of the others.
        likelihood: The share of those, with the interval of Wilson.
        is_mirror: Whether it is the other of two groups: what is said of the first, turned round.
        is_sure: Whether the interval leaves out 0.
    """

    topic: str
    by: str
    group: str
    more: Estimate
    count: int
    above: int
    likelihood: Estimate
    is_mirror: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.more.low > 0 or self.more.high < 0


def leanings(
    topic: str,
    by: str,
    groups: Sequence[str],
    values: NDArray[np.float64],
    rng: np.random.Generator,
    tests: int = 1,
) -> list[Leaning]:
    """Return the leaning of each group.

    Args:
        values: (groups, sentences, pairs) leanings.
        tests: Number of such figures in the report, for the Bonferroni correction.

    Intervals are a bootstrap over sentences: pairs in one sentence hang together. They are those of
    Student with as many degrees of freedom, since sentences are few.
    """
    result = []
    for place, group in enumerate(groups):
        others = np.delete(values, place, 0).mean(0)
        own = values[place] - values.mean(0)
        more = _interval(own.mean(1), rng, tests)
        above = int((values[place] > others).sum())
        mirror = len(groups) == 2 and place == 1
        likelihood = share(above, own.size)
        result.append(Leaning(topic, by, group, more, own.size, above, likelihood, mirror))
    return result


def _interval(sentences: NDArray[np.float64], rng: np.random.Generator, tests: int) -> Estimate:
    count, mean = len(sentences), float(sentences.mean())
    draws = sentences[rng.integers(count, size=(ROUNDS, count))].mean(1)
    error = float(draws.std(ddof=1)) * np.sqrt(count / (count - 1))
    reach = float(stats.t.ppf(1 - 0.025 / tests, count - 1)) * float(error)
    return Estimate(mean, mean - reach, mean + reach)
