"""How much energy something took, and how well that is known. Data and sums only."""

from __future__ import annotations

from collections.abc import Iterable

from studio.protocol.energy import Amount as Amount


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum. Uncertainties add up: the errors are of one kind."""
    known_amounts = list(amounts)
    sources = dict.fromkeys(amount.source for amount in known_amounts if amount.source)
    return Amount(
        sum(amount.joules for amount in known_amounts),
        sum(amount.low for amount in known_amounts),
        sum(amount.high for amount in known_amounts),
        sum(amount.estimated for amount in known_amounts),
        "; ".join(sources),
        sum(amount.busy for amount in known_amounts),
        sum(amount.processor for amount in known_amounts),
        sum(amount.accelerator for amount in known_amounts),
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
