"""A chain of adjustments: each does what it says, and none changes what it should not."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.api import BadInput
from studio.testing.plugins import Made, run_task
from studio_image import picture_arrays
from studio_image.repair.adjustment import adjusted
from studio_image.schema import Edit
from studio_image.tasks.edit import edit


def picture(height: int = 40, width: int = 60, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(20, 236, (height, width, channels), np.uint8)


def made(array: np.ndarray, **params: Any) -> np.ndarray:
    return adjusted(array, Edit.parse(params))


def run(array: np.ndarray, **params: Any) -> Made:
    return run_task(edit, Edit.parse(params), inputs={"image": picture_arrays.png(array)})


def test_nothing_asked_changes_nothing() -> None:
    result = run(picture(channels=4))
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(result.artifacts[0].payload))), picture(channels=4)
    )
    assert (result.result["width"], result.result["height"]) == (60, 40)


def test_turns_flips_and_crops() -> None:
    given = picture()
    assert np.array_equal(made(given, turn="90"), np.rot90(given, -1))
    assert np.array_equal(made(given, flip="across"), given[:, ::-1])
    assert np.array_equal(made(given, flip="upside down"), given[::-1])
    assert np.array_equal(made(given, left=10, top=50), given[20:, 6:])


def test_straightening_leaves_no_empty_corner_and_keeps_the_shape() -> None:
    white = np.full((200, 300, 3), 255, np.uint8)
    for degrees in (-45, -7.5, 12, 45):
        result = made(white, straighten=degrees)
        assert result.min() > 250, degrees
        assert abs(result.shape[1] / result.shape[0] - 1.5) < 0.05


def test_exposure_is_light_and_white_balance_keeps_brightness() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    brighter = made(grey, exposure=1)[0, 0, 0]
    assert brighter == 138  # twice the light of 100 in sRGB
    warm = made(grey, warmth=0.5)[0, 0].astype(int)
    assert warm[0] > 100 > warm[2]
    assert abs(warm @ (0.299, 0.587, 0.114) - 100) < 3
    green = made(grey, tint=-0.5)[0, 0].astype(int)
    assert green[1] > green[0]
    assert np.ptp(made(picture(), saturation=-1), axis=2).max() <= 1
    assert made(picture(), contrast=0.5).std() > picture().std()


def test_denoising_smooths_grain_and_keeps_an_edge() -> None:
    clean = np.full((60, 60, 3), 60, np.uint8)
    clean[:, 30:] = 190
    noisy = (clean + np.random.default_rng(1).normal(0, 12, clean.shape)).clip(0, 255)
    result = made(noisy.astype(np.uint8), denoise=0.6).astype(int)
    assert np.abs(result - clean).mean() < 0.5 * np.abs(noisy - clean).mean()
    assert result[:, 32].mean() - result[:, 27].mean() > 110


def test_a_width_is_in_proportion_and_what_is_too_much_is_told() -> None:
    assert made(picture(), width=30).shape == (20, 30, 3)
    with pytest.raises(BadInput, match="Nothing would be left"):
        made(picture(), left=60, right=60)
    with pytest.raises(BadInput, match="limit is 100 million"):
        made(picture(1000, 10), width=16_384)
    with pytest.raises(BadInput):
        Edit.parse({"width": 10**9})
    with pytest.raises(BadInput, match="no picture to edit"):
        run_task(edit, Edit.parse({}), inputs={})


def deep_picture(channels: int = 3) -> np.ndarray:
    """Four thousand levels from left to right."""
    levels = np.linspace(0, 65_535, 4_000).astype(np.uint16)
    return np.repeat(np.repeat(levels[None, :, None], 8, axis=0), channels, axis=2)


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bits_a_colour_stay(tmp_path: Path, channels: int) -> None:
    picture = deep_picture(channels)
    picture[..., channels - 1] ^= 0x00FF
    file = tmp_path / "deep.png"
    file.write_bytes(picture_arrays.png(picture))
    assert np.array_equal(picture_arrays.read(file, deep=True), picture)
    assert picture_arrays.read(file).dtype == np.uint8
    assert picture_arrays.remark(str(file), {}) == picture_arrays.SHALLOW
    assert picture_arrays.remark(str(file), {}, deep=True) == ""


@pytest.mark.parametrize(
    "values", [{"left": 10.0}, {"exposure": 0.5}, {"straighten": 1.0}, {"width": 3_000}]
)
def test_an_edit_keeps_sixteen_bits(tmp_path: Path, values: dict[str, float]) -> None:
    file = tmp_path / "deep.png"
    file.write_bytes(picture_arrays.png(np.repeat(deep_picture(), 20, axis=0)))
    made = run_task(edit, Edit.parse({"image": str(file), **values}))
    result = picture_arrays.read(made.artifacts[0].read(), deep=True)
    assert result.dtype == np.uint16
    assert len(np.unique(result[..., 0])) > 1_500
    assert made.result["note"] == ""
