"""Fair times: what is compared takes turns, and what fills caches does not count."""

from __future__ import annotations

import time

from studio.api import median_figures, median_times


def test_calls_take_turns_and_the_first_turn_does_not_count() -> None:
    order: list[str] = []
    times = median_times(2, lambda: order.append("a"), lambda: order.append("b"))
    assert order == ["a", "b"] * 3
    assert all(part >= 0 for each in times for part in each)


def test_a_call_that_waits_takes_the_clock_and_not_the_processor() -> None:
    (waiting,) = median_times(1, lambda: time.sleep(0.05), warm_up=0)
    assert waiting.clock >= 0.05
    assert waiting.processor < waiting.clock


def test_the_median_of_figures_is_of_those_after_the_warm_up() -> None:
    first, second = iter([100.0, 1.0, 3.0, 2.0]), iter([-100.0, 5.0, 5.0, 4.0])
    figures = median_figures(3, lambda: next(first), lambda: next(second))
    assert figures == [2.0, 5.0]
