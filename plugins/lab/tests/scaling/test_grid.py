"""A grid keeps to its time; what does not fit is told with what would."""

from __future__ import annotations

import re

import pytest

from studio.api import BadInput
from studio_lab.scaling.grid import batch_size, planned, widths

TIMES = [0.01, 0.02, 0.04, 0.08]


def test_a_grid_keeps_to_its_time_and_leaves_the_largest_out() -> None:
    grid = planned(TIMES, 800, 32, 300)
    assert 0.7 * 300 < sum(grid.seconds.values()) <= 0.75 * 300
    assert len({point.key for point in grid.points}) == 15
    assert {point.examples for point in grid.points} == {100, 200, 400}
    assert grid.held_out.examples == 800
    assert grid.held_out.steps > max(point.steps for point in grid.points)


def test_too_short_a_time_says_which_would_do() -> None:
    with pytest.raises(BadInput) as caught:
        planned(TIMES, 800, 32, 30)
    enough = re.search(r"Allow ([\d.]+) min", caught.value.hint)
    assert enough is not None
    assert planned(TIMES, 800, 32, float(enough[1]) * 60).points
    with pytest.raises(BadInput):
        planned(TIMES, 800, 32, float(enough[1]) * 60 * 0.9)


def test_twenty_rows_have_no_parts_to_compare() -> None:
    with pytest.raises(BadInput, match=r"There are 16 examples .* at least 128"):
        batch_size(16, 32)
    assert batch_size(128, 32) == 16


def test_widths_can_be_shared_out_among_heads() -> None:
    found = widths({"width": 96, "depth": 3, "heads": 6})
    assert [each["width"] for each in found] == [24, 48, 96, 144]
    assert all(each["depth"] == 3 for each in found)
