"""The bench of repairs: its plain ways are what they say, and its marks too."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.image import repair


@pytest.mark.parametrize("way", [repair.bicubic, repair.biharmonic])
def test_a_plain_way_continues_a_slope_and_leaves_the_rest_alone(way) -> None:
    rows, columns = np.mgrid[: repair.SIDE, : repair.SIDE]
    slope = np.dstack([rows // 4 + columns // 2, rows // 2, columns // 2]).astype(np.uint8)
    hole = repair.holes()["blots"]
    spoilt = np.where(hole[..., None], np.uint8(255), slope)
    made = way(spoilt, hole)
    assert np.array_equal(made[~hole], slope[~hole])
    assert np.abs(made[hole].astype(int) - slope[hole]).mean() < 2
    assert np.abs(spoilt[hole].astype(int) - slope[hole]).mean() > 50, "control"


def test_marks_are_best_for_the_picture_itself() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (64, 64, 3), np.uint8)
    hole = np.zeros((64, 64), bool)
    hole[20:40, 20:40] = True
    same, other = (repair._marks(picture, made, hole) for made in (picture, 255 - picture))
    assert same[1] == pytest.approx(1)
    assert same[0] > 90 > 20 > other[0]
    assert other[1] < 0
