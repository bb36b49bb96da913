"""Parts of a picture are made anew; all else stays as it was, to the bit."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.api import BadInput
from studio.testing.plugins import Made, run_task
from studio_image import picture_arrays
from studio_image.repair import mask as masks
from studio_image.repair import patches
from studio_image.schema import Repair
from studio_image.tasks.repair import repair


def stripes(height: int = 64, width: int = 96, channels: int = 3) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    wave = (128 + 100 * np.sin(columns * np.pi / 4)).astype(np.uint8)
    values = [wave, 255 - wave, (rows * 2).astype(np.uint8), np.full_like(wave, 255)]
    return np.stack(values[:channels], -1)


def square(height: int = 64, width: int = 96, at: int = 24, side: int = 16) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[at : at + side, at : at + side] = 255
    return mask


def png(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


def run(picture: np.ndarray | bytes, mask: np.ndarray | bytes | None = None, **params: Any) -> Made:
    given = {"image": picture, "mask": mask}
    inputs = {
        name: value if isinstance(value, bytes) else png(value)
        for name, value in given.items()
        if value is not None
    }
    return run_task(repair, Repair.parse(params), seed=3, inputs=inputs)


def pixels(made: Made) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(made.artifacts[0].payload)))


def refused(picture: np.ndarray | bytes, mask: Any = None, **params: Any) -> str:
    with pytest.raises(BadInput) as caught:
        run(picture, mask, **params)
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


def test_a_pattern_goes_on_under_the_mask_and_the_rest_is_untouched() -> None:
    whole, mask = stripes(), square()
    torn = whole.copy()
    torn[mask > 0] = (255, 0, 0)
    made = run(torn, mask)
    result, inside = pixels(made), mask > 0
    far = masks.distance(inside) > 4
    assert np.array_equal(result[far], whole[far])
    mean = whole.copy()
    mean[inside] = whole[~inside].mean(0)
    off = [np.abs(each[inside].astype(int) - whole[inside]).mean() for each in (result, mean)]
    assert off[0] < 0.3 * off[1]
    assert made.artifacts[0].verdict is not None
    assert made.artifacts[0].verdict.passed
    assert 0.04 < made.result["replaced"] < 0.05


def test_the_same_seed_fills_alike() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    assert np.array_equal(pixels(run(noise, square())), pixels(run(noise, square())))


def test_a_picture_is_extended_on_its_sides() -> None:
    made = run(stripes(), left=8, bottom=16, feather=0)
    assert pixels(made).shape == (80, 104, 3)
    assert np.array_equal(pixels(made)[:64, 8:], stripes())
    assert (made.result["width"], made.result["height"]) == (104, 80)


def test_what_is_clear_stays_clear_and_is_not_copied() -> None:
    picture = stripes(channels=4)
    picture[:20] = (255, 0, 0, 0)
    result = pixels(run(picture, square()))
    assert np.array_equal(result[..., 3], picture[..., 3])
    reddish = (result[..., 0] > 230) & (result[..., 1] < 20) & (result[..., 2] < 20)
    assert not reddish[24:40, 24:40].any()


def test_scratches_are_found_and_things_are_not() -> None:
    rng = np.random.default_rng(1)
    picture = (100 + rng.normal(0, 3, (120, 160, 3))).clip(0, 255).astype(np.uint8)
    picture[40:80, 100:140] = 220  # a thing
    scratched = picture.copy()
    for at in range(10, 100):
        scratched[at, 20 + at // 3 : 22 + at // 3] = 250
    found = masks.scratches(scratched, "bright")
    assert all(found[at, 21 + at // 3] for at in range(12, 98))
    assert not found[45:75, 105:135].any()
    assert not masks.scratches(scratched, "dark").any()
    result = pixels(run(scratched, scratches="bright"))
    assert np.abs(result[10:100].astype(int) - picture[10:100]).max() < 60
    assert np.abs(scratched[10:100].astype(int) - picture[10:100]).max() > 120  # as it was
    many = picture.copy()
    many[10::12] = 250
    with pytest.raises(BadInput, match=r"its details would be lost") as refused:
        run(many, scratches="bright")
    assert "Paint a mask" in refused.value.hint


def test_a_mask_may_be_painted_on_a_clear_ground() -> None:
    painted = np.zeros((64, 96, 4), np.uint8)
    painted[24:40, 24:40] = (0, 0, 0, 255)
    assert np.array_equal(masks.painted(painted, 96, 64), square() > 0)


def test_a_large_hole_is_filled_smaller_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "MOST_PIXELS", 1500)
    made = run(stripes(), square())
    assert made.result["scale"] < 1
    assert "of its size" in made.result["note"]
    assert pixels(made).shape == (64, 96, 3)


def test_deep_holes_are_filled_from_larger_patches_and_long_thin_ones_are_not() -> None:
    deep, side, thin = (np.zeros((400, 600), bool) for _ in range(3))
    deep[100:300, 200:400] = True
    side[:, :150] = True
    thin[190:210, :] = True
    found = [patches.radius(hole) for hole in (deep, side, thin)]
    assert found == [patches.LARGE_RADIUS, patches.LARGE_RADIUS, patches.RADIUS]


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "P", "L"])
def test_pictures_of_other_kinds_are_repaired(mode: str) -> None:
    stream = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(stripes()[..., 0].astype(np.uint16) * 257).save(stream, "PNG")
    else:
        Image.fromarray(stripes()).convert(mode).save(stream, "TIFF" if mode == "CMYK" else "PNG")
    assert pixels(run(stream.getvalue(), square())).shape == (64, 96, 3)


def test_a_mask_fits_a_picture_as_its_camera_was_held() -> None:
    stream, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(stripes(96, 64)).save(stream, "JPEG", exif=turned)
    assert pixels(run(stream.getvalue(), square())).shape == (64, 96, 3)


def test_what_cannot_be_repaired_is_told() -> None:
    picture = stripes()
    assert "64 × 64 pixels, but the picture has 96 × 64" in refused(picture, square(width=64))
    assert "mask is empty" in refused(picture, np.zeros((64, 96), np.uint8))
    assert "whole picture" in refused(picture, np.full((64, 96), 255, np.uint8))
    assert "Extend it less" in refused(picture, left=2048, right=2048, top=400)
    assert "Paint a mask" in refused(picture)
    assert "No scratches" in refused(
        picture_arrays.resized(picture[:1, :1], 96, 64), scratches="both"
    )
    assert "not a supported picture" in refused(picture, b"GIF no more")
    assert "limit is 100 million" in refused(np.zeros((24_000, 8), np.uint8), left=4096, right=4096)
    assert "no model" in refused(picture, square(), fill="model").lower()
