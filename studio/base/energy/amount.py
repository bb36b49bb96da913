"""How much energy something took, and how well that is known. Data and sums only."""

from __future__ import annotations

from collections.abc import Iterable

from studio.protocol.energy import Amount as Amount


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum. Uncertainties add up: the errors are of one kind."""
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
