"""Joules used: by a counter where present, else from computing time. Sums only."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from studio.protocol.trace import Energy, Use


class Watts(NamedTuple):
    """Power of a busy core or card: typical, minimum, maximum."""

    typical: float
    low: float
    high: float


_CARD = Watts(250.0, 75.0, 300.0)
"""A graphics card without a counter: the 18 cards in the list of Green Algorithms."""
_UNIT = Watts(15.0, 10.0, 21.0)
"""The graphics part of a processor: Apple M1 10 W, M1 Pro 15 W to 20.6 W (Notebookcheck)."""


class Rates(msgspec.Struct, frozen=True):
    """What turns computing time into joules, and joules into grams, as the user's settings say.

    Attributes:
        core: Of one busy core.
        grid_factor: Grams of CO₂ a kilowatt-hour; 0 where nobody said.
    """

    core: Watts
    grid_factor: float = 0.0


class Amount(msgspec.Struct, frozen=True):
    """Energy above the machine's idle consumption.

    Attributes:
        joules: The best guess.
        low, high: Joules between which it lies.
        estimated: Joules of it that no counter measured: they follow from computing time.
        source: The counter, or the basis of the estimate, in words.
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


def amount(use: Use, core: Watts, device: str = "cpu", energy: Energy | None = None) -> Amount:
    """Return what work took that used ``use``.

    Args:
        core: Of one busy core.
        device: Kind of the device that computes: ``cpu``, ``cuda``, …
        energy: What the runtime measures with.
    """
    card = _UNIT if device in ("mps", "xpu") else _CARD
    low, guess, high = (
        use.unmeasured * value + use.unmeasured_accelerator * other
        for value, other in ((core.low, card.low), core[:1] + card[:1], (core.high, card.high))
    )
    sources = []
    if use.joules and energy:
        sources.append(energy.source)
    if guess:
        sources.append(f"estimated from processor time at {core.typical:.2g} W per thread")
    return Amount(
        use.joules + guess,
        max(0.0, use.joules - use.spread) + low,
        use.joules + use.spread + high,
        guess,
        ", ".join(filter(None, sources)),
        use.busy,
        use.processor,
        use.accelerator,
    )


_JOULES_A_KILOWATT_HOUR = 3.6e6


def grams(joules: float, factor: float) -> float:
    """Return the grams of CO₂ of ``joules``; ``factor`` in grams a kilowatt-hour."""
    return joules / _JOULES_A_KILOWATT_HOUR * factor
