"""Several drawings on one sheet, and drawings cut out of their paper."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from studio_image.starter.arrangement import arranged, rows_of
from studio_image.starter.cutout import cut_out


def disc(side: int = 64, radius: float = 20, hole: float = 0) -> np.ndarray:
    """A dark red disc, its edge one pixel soft, perhaps with a white middle."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    far = np.hypot(x, y)
    ink = (radius - far + 0.5).clip(0, 1) * (far - hole + 0.5).clip(0, 1)
    return (255 - ink[..., None] * (255 - np.array([120, 10, 20]))).round().astype(np.uint8)


@pytest.mark.parametrize("count", range(1, 28))
def test_each_drawing_has_a_place_of_its_own(count: int) -> None:
    assert sum(rows_of(count)) == count
    sheet = arranged([disc()] * count, 256)
    assert sheet.shape == (256, 256, 3)
    _, found = ndimage.label((sheet < 128).all(axis=2))
    assert found == count


def test_one_drawing_stays_as_it_is() -> None:
    assert np.array_equal(arranged([disc()], 64), disc())


def test_blank_paper_takes_a_place_and_breaks_nothing() -> None:
    blank = np.full((64, 64, 3), 255, np.uint8)
    sheet = arranged([disc(), blank], 128)
    assert (sheet[:, :64] < 128).any()
    assert (sheet[:, 64:] == 255).all()


def test_what_is_cut_out_looks_the_same_on_white() -> None:
    picture = disc(hole=6)
    cut = cut_out(picture)
    alpha = cut[..., 3:].astype(float) / 255
    again = cut[..., :3] * alpha + 255 * (1 - alpha)
    assert np.abs(again - picture).max() <= 2


def test_the_paper_around_is_transparent_and_white_within_is_not() -> None:
    cut = cut_out(disc(hole=6))
    assert cut[0, 0, 3] == 0
    assert tuple(cut[32, 32]) == (255, 255, 255, 255)
    on_black = cut[..., :3] * (cut[..., 3:] / 255)
    assert on_black[32, 10:14].max() <= 130, "no white rim is left along the edge"


def test_blank_paper_is_wholly_transparent() -> None:
    assert not cut_out(np.full((8, 8, 3), 250, np.uint8))[..., 3].any()
