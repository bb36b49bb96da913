"""How much energy something took, and how well that is known. Data and sums only."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Amount(msgspec.Struct, frozen=True):
    """Energy above what the machine uses when nobody computes.

    Attributes:
        joules: The best guess.
        low, high: Joules between which it lies.
        estimated: Joules of it that no counter measured: they follow from computing time.
        source: What was measured, or what the estimate rests on, in words.
        busy: Seconds of the steps of jobs.
        processor: Seconds of processor time.
        accelerator: Seconds of steps with a model on a card.
    """

    joules: float = 0.0
    low: float = 0.0
    high: float = 0.0
    estimated: float = 0.0
    source: str = ""
    busy: float = 0.0
    processor: float = 0.0
    accelerator: float = 0.0

    @property
    def is_estimated(self) -> bool:
        """Whether a part of it that matters was not measured."""
        return self.estimated > self.joules / 20


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum. What is not known of each adds up: the errors are of one kind."""
    found = list(amounts)
    sources = dict.fromkeys(each.source for each in found if each.source)
    return Amount(
        sum(each.joules for each in found),
        sum(each.low for each in found),
        sum(each.high for each in found),
        sum(each.estimated for each in found),
        "; ".join(sources),
        sum(each.busy for each in found),
        sum(each.processor for each in found),
        sum(each.accelerator for each in found),
    )


def part(amount: Amount, share: float) -> Amount:
    """Return a share (0 to 1) of an amount: of a run that made several results, one's."""
    return Amount(
        amount.joules * share,
        amount.low * share,
        amount.high * share,
        amount.estimated * share,
        amount.source,
        amount.busy * share,
        amount.processor * share,
        amount.accelerator * share,
    )
