"""Energy in words: no more digits than are known, and the range where there is one."""

from __future__ import annotations

import pytest

from studio.base.energy import grid, phrases
from studio.base.energy.amount import Amount
from studio.base.energy.settings import EnergySettings


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (Amount(42.0, 42.0, 42.0), "42 J"),
        (Amount(42.0, 38.0, 46.0), "about 42 J (38–46)"),
        (Amount(40.0, 20.0, 80.0, 40.0), "about 40 J (20–80), estimated"),
        (Amount(4_000.0, 2_000.0, 9_000.0, 4_000.0), "about 4 kJ (2–9), estimated"),
        (Amount(2_345_678.0, 2_345_678.0, 2_345_678.0), "2.3 MJ"),
        (Amount(0.5, 0.25, 1.0, 0.5), "about 500 mJ (250–1,000), estimated"),
        (Amount(300.0, 290.0, 310.0, 10.0), "about 300 J (290–310)"),
        (Amount(), "0 J"),
    ],
)
def test_amounts(amount: Amount, said: str) -> None:
    assert phrases.said(amount) == said


@pytest.mark.parametrize(
    ("grams", "said"),
    [(0.004, "4 mg CO₂"), (3.44, "3.4 g CO₂"), (1234.0, "1.2 kg CO₂"), (0.0, "0 mg CO₂")],
)
def test_grams(grams: float, said: str) -> None:
    assert phrases.carbon(grams) == said


def test_the_setting_takes_each_preset() -> None:
    field = next(each for each in EnergySettings.fields() if each.name == "grid_factor")
    for preset in grid.PRESETS:
        field.check(preset.grams)
    assert field.range is not None
    assert field.range.maximum == grid.MOST
