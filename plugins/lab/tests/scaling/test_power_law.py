"""The law is found again in losses that it made, and what it advises follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio_lab.scaling import report
from studio_lab.scaling.advice import Advice, Conclusion, concluded
from studio_lab.scaling.grid import AXES, Measured, planned
from studio_lab.scaling.power_law import Fit, PowerLaw, fit

LAW = PowerLaw(AXES, 0.5, (0.3, 0.2, 0.4), (0.5, 0.4, 0.7), (2e4, 400, 20000))
SIZES = (5_000, 20_000, 80_000, 160_000)


def measured(law: PowerLaw, noise: float, seed: int = 0) -> tuple[list[Measured], Measured]:
    """What a grid would measure under a law, and its larger training."""
    grid, rng = planned([1.0] * 4, 1600, 32, 1e4), np.random.default_rng(seed)
    found = []
    for point in (*grid.points, grid.held_out):
        size, seen = SIZES[point.width], 32 * point.steps
        loss = law(dict(zip(AXES, (size, point.examples, seen)))) * np.exp(rng.normal(0, noise))
        found.append(
            Measured(point.width, size, point.examples, point.steps, seen, float(loss), 1.0)
        )
    return found[:-1], found[-1]


def fitted(points: list[Measured], draws: int = 12) -> Fit:
    amounts = {name: [each.amounts[name] for each in points] for name in AXES}
    *_, found = fit(amounts, [each.loss for each in points], 0, draws)
    assert found is not None
    return found


def told(law: PowerLaw, noise: float = 0.002, off: float = 1.0) -> tuple[Conclusion, Fit]:
    """What is concluded from a law; ``off`` is what the larger training comes out other."""
    points, larger = measured(law, noise)
    found = fitted(points)
    moved = Measured(
        larger.width, larger.parameters, larger.examples, larger.steps, larger.seen,
        larger.loss * off, 1.0,
    )  # fmt: skip
    return concluded(found, points, larger.amounts, 0, moved), found


def test_a_law_is_found_again_and_predicts_a_larger_training() -> None:
    points, larger = measured(LAW, 0.0)
    found = fitted(points)
    assert found.law.exponents == pytest.approx(LAW.exponents, rel=0.01)
    assert found.law.floor == pytest.approx(0.5, rel=0.01)
    points, larger = measured(LAW, 0.003)
    predicted = fitted(points).predicted(larger.amounts)
    assert predicted.low < larger.loss < predicted.high
    assert larger.loss < min(each.loss for each in points), "it is no repetition of the grid"


def test_a_slow_law_in_a_long_valley_is_found_to_its_end() -> None:
    slow = PowerLaw(AXES, 0.37, (0.3, 0.2, 0.4), (0.06, 0.4, 0.7), LAW.units)
    found = fitted(measured(slow, 0.0)[0])
    assert found.law.floor == pytest.approx(0.37, abs=0.001)
    assert found.law.exponents[0] == pytest.approx(0.06, abs=0.0003)


def only(axis: str) -> PowerLaw:
    """A law in which nearly all of the loss is for want of one axis."""
    scales = [0.5 if name == axis else 0.01 for name in AXES]
    return PowerLaw(AXES, 0.5, tuple(scales), (0.5,) * 3, LAW.units)


@pytest.mark.parametrize(
    ("axis", "advice"),
    [("parameters", Advice.NETWORK), ("examples", Advice.DATA), ("seen", Advice.TIME)],
)
def test_what_the_loss_is_for_want_of_is_advised(axis: str, advice: Advice) -> None:
    end, found = told(only(axis))
    assert end.advice is advice
    assert end.enough[axis] > end.at[axis]
    gain = found.law.gain(axis, {**end.at, axis: end.enough[axis]})
    assert gain == pytest.approx(0.01 * found.law(end.at), rel=0.01)


def test_no_advice_where_nothing_would_help_or_nothing_stands_out() -> None:
    flat = PowerLaw(AXES, 1.0, (1e-3, 1e-3, 1e-3), (0.5,) * 3, LAW.units)
    assert told(flat, 1e-4)[0].advice is Advice.ENOUGH
    even = PowerLaw(AXES, 0.5, (0.15, 0.15, 0.15), (0.5,) * 3, (8e4, 800, 3e4))
    assert told(even, 0.01)[0].advice in (Advice.EVEN, Advice.WIDE)


def test_a_law_that_says_too_little_or_did_not_hold_advises_nothing() -> None:
    wide, _ = told(LAW, noise=0.4)
    assert wide.advice is Advice.WIDE
    missed, found = told(LAW, off=1.3)
    assert missed.advice is Advice.MISSED
    for end in (wide, missed):
        text = report.card("T", measured(LAW, 0)[0], None, found, end, ["A note."])
        assert end.advice.sentence in text
        assert "would lower the loss" not in text, "no gain is told where none is known"


def test_plots_show_the_grid_the_law_and_the_larger_training() -> None:
    points, larger = measured(LAW, 0.002)
    found = fitted(points)
    end = concluded(found, points, larger.amounts, 0, larger)
    for plot in report.plots(points, larger, found, end):
        plot.encode()
        names = [each.name for each in plot.series]
        assert names[-3:] == ["law", "95% confidence interval", "larger training"]
        assert sum(len(each.y) for each in plot.series[:-3]) == 9
        *_, low, high = plot.series[-2].y
        assert (low, high) == (end.predicted.low, end.predicted.high)
    rows = report.as_csv(points, larger, found).decode().splitlines()
    assert [row.split(",")[0] for row in rows] == ["training", *["grid"] * 15, "held out"]


def test_a_price_is_told_for_each_training_and_only_where_it_is_known() -> None:
    points, larger = measured(LAW, 0.002)
    metered = [replace(each, joules=7.2e6, low=3.6e6, high=1.44e7) for each in (*points, larger)]
    *points, larger = metered
    head, *rows = report.as_csv(points, larger, None, 0.25).decode().splitlines()
    assert head.endswith(",cost of electricity")
    assert {row.rpartition(",")[2] for row in rows} == {"0.5"}, "2 kWh each"
    text = report.card("T", points, larger, None, None, [], 0.25)
    assert "At 0.25 per kWh their electricity cost about 8 (4 to 16)" in text
    assert "The larger training alone cost 0.5; with it the lowest loss is" in text
    assert report.as_result(points, larger, None, None, 0.25)["electricity_cost"] == 8.0
    untold = report.card("T", points, larger, None, None, [])
    assert "per kWh" not in untold
    assert "cost of electricity" not in report.as_csv(points, larger, None).decode()
    assert "electricity_cost" not in report.as_result(points, larger, None, None)
    bare = [replace(each, joules=None) for each in points]
    assert "cost of electricity is not known" in report.card("T", bare, None, None, None, [], 0.25)
