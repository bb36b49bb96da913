"""Joules and grams as figures, and in plain English for the terminal. Pure functions."""

from __future__ import annotations

from typing import NamedTuple

from studio.base.energy.amount import Amount

_UNITS = ((1e6, "MJ"), (1e3, "kJ"), (1.0, "J"), (1e-3, "mJ"))


class Figures(NamedTuple):
    """An amount in one unit: ``40``, ``20`` and ``80`` of ``J``."""

    typical: str
    low: str
    high: str
    unit: str

    @property
    def is_range(self) -> bool:
        """Whether the uncertainty shows in the figures."""
        return self.low != self.high


def figures(amount: Amount) -> Figures:
    """Return an amount in the unit that its best guess is read in."""
    scale, unit = next(
        (item for item in _UNITS if amount.joules >= item[0]),
        _UNITS[-1] if amount.joules else (1.0, "J"),
    )
    values = (amount.joules, amount.low, amount.high)
    typical, low, high = (_two_digits(item / scale) for item in values)
    return Figures(typical, low, high, unit)


def said(amount: Amount) -> str:
    """Return an amount in words: ``about 40 J (20–80), estimated``, or ``42 J``."""
    shown = figures(amount)
    size = f"{shown.typical} {shown.unit}"
    if shown.is_range:
        size = f"about {size} ({shown.low}–{shown.high})"
    return f"{size}, estimated" if amount.is_estimated else size


def carbon(grams: float) -> str:
    """Return grams of CO₂ as ``1.2 kg CO₂``, ``3.4 g CO₂``, ``56 mg CO₂``."""
    scale, unit = next(
        (step for step in ((1e3, "kg"), (1.0, "g")) if grams >= step[0]), (1e-3, "mg")
    )
    return f"{_two_digits(grams / scale)} {unit} CO₂"


def _two_digits(value: float) -> str:
    """Return a number with as many digits as can be known: ``0.42``, ``4.2``, ``42``, ``420``."""
    if value >= 99.5:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "0"
