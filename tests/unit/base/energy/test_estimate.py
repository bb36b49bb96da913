"""Joules from computing time, with how far they may be off; grams for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.base.energy import grid
from studio.base.energy.amount import Amount, part, total
from studio.base.energy.estimate import WATTS_A_CORE, Estimator, watts_a_core
from studio.base.settings import Settings
from studio.protocol.energy import Watts, amount
from studio.protocol.trace import Energy, Use

CORE = Watts(5.0, 2.5, 10.0)
METER = Energy(100.0, "the graphics card (NVML)")


def test_processor_time_is_an_estimate_with_a_range() -> None:
    found = amount(Use(busy=4.0, processor=8.0, unmeasured=8.0), CORE)
    assert (found.joules, found.low, found.high) == (40.0, 20.0, 80.0)
    assert found.is_estimated
    assert "estimated from processor time at 5 W" in found.source


def test_what_was_measured_is_told_as_that() -> None:
    found = amount(Use(busy=4.0, joules=30.0, processor=8.0), CORE, "cuda", METER)
    assert (found.joules, found.low, found.high, found.estimated) == (30.0, 30.0, 30.0, 0.0)
    assert found.source == METER.source
    assert not found.is_estimated


def test_a_rest_that_nobody_saw_makes_a_measure_less_sure() -> None:
    found = amount(Use(busy=4.0, joules=30.0, spread=8.0), CORE, "cpu", METER)
    assert (found.low, found.high) == (22.0, 38.0)


def test_a_card_without_a_counter_is_estimated_by_its_seconds() -> None:
    use = Use(busy=2.0, accelerator=2.0, unmeasured_accelerator=2.0)
    assert amount(use, CORE, "rocm").joules > amount(use, CORE, "mps").joules > 0


@pytest.mark.parametrize(
    "name",
    [
        "Intel(R) Xeon(R) Processor @ 2.10GHz",
        "AMD Ryzen Threadripper 3970X 32-Core Processor",
        "AMD Ryzen 7 7700X",
        "",
        "Zilog",
    ],
)
def test_every_processor_has_watts_in_order(name: str) -> None:
    typical, low, high = watts_a_core(name)
    assert 0 < low < typical < high < 25


def test_a_laptop_an_apple_and_an_arm_are_known_by_what_their_system_says() -> None:
    desktop = watts_a_core("Intel(R) Core(TM) i7-8700K CPU @ 3.70GHz").typical
    laptops = (
        "Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz",
        "Intel(R) Core(TM) Ultra 7 155H",
        "AMD Ryzen 7 5800HS with Radeon Graphics",
        "AMD Ryzen AI 9 HX 370 w/ Radeon 890M",
    )
    assert all(watts_a_core(name).typical < desktop for name in laptops)
    assert watts_a_core("Apple M3") == watts_a_core("arm") != watts_a_core("aarch64")
    assert watts_a_core("Intel(R) Core(TM) Ultra 9 285K").typical == desktop


def test_what_the_user_says_goes_before_the_table(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    by_table = Estimator(settings).core
    settings.set(WATTS_A_CORE, 42.0)
    assert Estimator(settings).core.typical == 42.0 != by_table.typical
    settings.set(WATTS_A_CORE, "a lot")
    assert Estimator(settings).core == by_table


def test_sums_and_shares_keep_what_is_not_known() -> None:
    one, other = Amount(10.0, 5.0, 20.0, 10.0, "a"), Amount(4.0, 4.0, 4.0, 0.0, "b")
    assert total([one, other, one]) == Amount(24.0, 14.0, 44.0, 20.0, "a; b")
    assert part(one, 0.25) == Amount(2.5, 1.25, 5.0, 2.5, "a")
    assert total([]) == Amount()


def test_grams_follow_the_grid_that_was_chosen(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    assert grid.grid_factor(settings) == 0.0
    settings.set(grid.GRID_FACTOR, 400)
    assert grid.grams(3.6e6, grid.grid_factor(settings)) == 400.0
    settings.set(grid.GRID_FACTOR, -7.0)
    assert grid.grid_factor(settings) == 0.0
    factors = [preset.grams for preset in grid.PRESETS]
    assert factors == sorted(factors)
    assert factors[-1] < grid.MOST
