"""Ink, points and watercolour: painted stroke by stroke, and each is what its name says."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.testing.plugins import Made, run_task
from studio_image import picture_arrays
from studio_image.restyle.strokes import LUMA, PAINTED, painted
from studio_image.schema import Restyle
from studio_image.tasks import style_transfer
from studio_image.tasks.style_transfer import restyle


def ball(side: int = 160) -> np.ndarray:
    """A shaded blue ball before a bright wall."""
    rows, columns = (np.mgrid[:side, :side] - side / 2) / (side / 2)
    inside = np.hypot(rows, columns) < 0.6
    shade = np.clip(0.7 - 0.5 * (rows + columns), 0.1, 1)
    picture = np.full((side, side, 3), 235.0)
    picture[inside] = (shade[..., None] * (40, 80, 220))[inside]
    return picture.astype(np.uint8)


def run(picture: np.ndarray, style: str, **params: Any) -> Made:
    values = {"styles": [style], "size": 160, **params}
    return run_task(
        restyle, Restyle.parse(values), seed=3, inputs={"image": picture_arrays.png(picture)}
    )


def pixels(made: Made) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(made.artifacts[0].payload)))


def coarse(picture: np.ndarray, by: int = 16) -> np.ndarray:
    """Brightness of blocks: what one sees from afar."""
    light = picture.astype(np.float32) @ LUMA
    side = len(light) // by
    return light.reshape(side, by, side, by).mean((1, 3)).ravel()


@pytest.mark.parametrize("style", PAINTED)
def test_a_painting_shows_the_picture_from_afar_and_strokes_close_by(style: str) -> None:
    before, after = ball(), painted(ball(), style, np.random.default_rng(1))
    assert np.corrcoef(coarse(before), coarse(after))[0, 1] > 0.85
    rough = [np.abs(np.diff(each.astype(int) @ LUMA, axis=1)).mean() for each in (before, after)]
    assert rough[1] > 1.5 * rough[0]


def test_ink_is_ink_and_paper_alone() -> None:
    after = painted(ball(), "ink", np.random.default_rng(1)).astype(int)
    assert (after.max(-1) - after.min(-1)).max() < 40
    assert np.percentile(after.mean(-1), 2) < 90
    assert np.percentile(after.mean(-1), 60) > 200


def test_points_are_of_purer_colours_than_what_they_show() -> None:
    picture = np.full((96, 96, 3), (120, 140, 170), np.uint8)
    after = painted(picture, "points", np.random.default_rng(1)).astype(int)
    assert (after.max(-1) - after.min(-1)).mean() > 60  # 50 in the picture
    assert np.abs(after.mean((0, 1)) - (120, 140, 170)).max() < 20


def test_watercolour_leaves_paper_around_and_wavers() -> None:
    after = painted(np.full((128, 128, 3), 60, np.uint8), "watercolour", np.random.default_rng(1))
    assert after[:2].mean() > 180
    assert after[40:90, 40:90].mean() < 150


@pytest.mark.parametrize("style", PAINTED)
def test_a_style_alone_is_painted_without_weights_and_the_seed_decides(style: str) -> None:
    made = run(ball(), style, weights="not there")
    assert pixels(made).shape == (160, 160, 3)
    assert made.artifacts[0].verdict is not None
    assert made.artifacts[0].verdict.passed
    assert not made.result["ended_early"]
    assert np.array_equal(pixels(made), pixels(run(ball(), style)))


def test_a_large_painting_is_shown_small_first(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run(ball(), "points")
    monkeypatch.setattr(style_transfer, "_SKETCH_FROM", 100)
    monkeypatch.setattr(style_transfer, "_FIRST", 64)
    made = run(ball(), "points")
    (first,) = (event for event in made.progress if event.preview is not None)
    assert (first.done, first.message) == (0, "A first picture")
    assert first.preview is not None
    assert first.preview.shape == (160, 160, 3)
    assert np.array_equal(pixels(made), pixels(plain)), "it changes nothing of the result"


def test_strength_colours_and_what_is_clear_are_as_asked() -> None:
    clear = np.dstack((ball(), np.full((160, 160), 255, np.uint8)))
    clear[:40, :, 3] = 0
    assert np.array_equal(pixels(run(clear, "ink"))[..., 3], clear[..., 3])
    weak, strong = (pixels(run(ball(), "ink", strength=s)).astype(int) for s in (0.2, 1.0))
    assert np.abs(weak - ball()).mean() < 0.4 * np.abs(strong - ball()).mean()
    kept = pixels(run(ball(), "ink", keep_colours=True)).astype(int)[70:90, 70:90].mean((0, 1))
    assert kept[2] > kept[0] + 40
