"""Restyling with a small random network: what comes out, what is refused, what stays the same."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from studio.api import BadInput, StudioError, finished
from studio.testing import short_memory
from studio.testing.plugins import Made, run_task
from studio_image.recipes import recipe as recipes
from studio_image.restyle.features import LAYERS, Features
from studio_image.restyle.styles import STYLES
from studio_image.restyle.transfer import Wish, scales, transfer
from studio_image.restyle.weights import loader
from studio_image.schema import Restyle
from studio_image.tasks.style_transfer import restyle

REAL = Path(__file__).parents[4] / "resources/weights/starter/vgg16-features.safetensors"


def small_network(channels: int = 4) -> dict[str, torch.Tensor]:
    generator, inputs, tensors = torch.Generator().manual_seed(0), 3, {}
    for name in LAYERS:
        weight = torch.randn(channels, inputs, 3, 3, generator=generator)
        tensors[f"{name}.weight"] = weight * math.sqrt(2 / (9 * inputs))
        tensors[f"{name}.bias"] = torch.zeros(channels)
        inputs = channels
    return tensors


def features() -> Features:
    return Features(small_network(), "cpu", torch.float32)


def picture(height: int = 48, width: int = 64, channels: int = 3) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    values = [rows * 5 % 256, columns * 4 % 256, (rows + columns) * 2 % 256, rows * 5 % 256]
    return np.stack(values[:channels], -1).astype(np.uint8)


def png(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG")
    return stream.getvalue()


def run(
    given: np.ndarray | None = None, seed: int = 3, lent: Features | None = None, **changes: Any
) -> Made:
    values: dict[str, Any] = {"styles": ["waves"], "size": 64, "steps": 10, "weights": "vgg"}
    params = Restyle.parse(values | changes)
    inputs = {"image": png(picture() if given is None else given)}
    return run_task(restyle, params, seed=seed, models={"vgg": lent or features()}, inputs=inputs)


def pixels(made: Made) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(made.artifacts[0].payload)))


# --- the task ---------------------------------------------------------------------------------


def test_a_picture_comes_out_with_previews_on_the_way() -> None:
    made = run(steps=20)
    assert pixels(made).shape == (48, 64, 3)
    assert (made.result["width"], made.result["height"], made.result["steps"]) == (64, 48, 20)
    assert made.artifacts[0].verdict is not None
    assert made.artifacts[0].verdict.passed
    assert sum(event.preview is not None for event in made.progress) == 4
    assert made.progress[-1].done == made.progress[-1].total == 20
    assert not np.array_equal(pixels(made), picture())


def test_the_seed_decides() -> None:
    first, again, other = run(seed=3), run(seed=3), run(seed=4)
    assert np.array_equal(pixels(first), pixels(again))
    assert not np.array_equal(pixels(first), pixels(other))


def test_shares_mix_styles_and_a_share_of_nought_is_no_style() -> None:
    one = pixels(run(styles=["waves"]))
    none_of_the_other = pixels(run(styles=["waves", "glass"], mix=[2, 0]))
    both = pixels(run(styles=["waves", "glass"]))
    assert np.abs(one.astype(int) - none_of_the_other).max() <= 1
    assert np.abs(one.astype(int) - both).max() > 1


def test_what_was_transparent_still_is() -> None:
    given = picture(channels=4)
    assert np.array_equal(pixels(run(given))[..., 3], given[..., 3])


def test_the_time_is_up_and_the_picture_as_it_is_then_comes_out() -> None:
    made = run(steps=1000, seconds=1e-6)
    assert made.result["ended_early"]
    assert made.result["steps"] == 1
    assert len(made.artifacts) == 1


def stopped(after: int) -> Made:
    params = Restyle.parse({"styles": ["waves"], "size": 64, "weights": "vgg"})
    inputs = {"image": png(picture())}
    return run_task(
        restyle, params, models={"vgg": features()}, inputs=inputs, stop_after=after, seed=3
    )


def test_stop_keeps_the_picture_as_it_is_then() -> None:
    made = stopped(after=105)  # 22 steps of the scheduler before the first, 19 for each
    assert made.cancelled
    (kept,) = made.artifacts
    assert "stopped at step 4 of 120" in kept.title
    assert (kept.meta["steps"], kept.meta["ended_early"]) == (4, True)
    assert kept.verdict is not None
    assert kept.verdict.passed
    assert np.array_equal(pixels(made), pixels(stopped(after=105)))
    assert not np.array_equal(pixels(made), pixels(stopped(after=150)))


def test_stop_before_the_first_step_leaves_nothing() -> None:
    made = stopped(after=1)
    assert made.cancelled
    assert not made.artifacts


def test_the_recipe_says_all_that_makes_it_again() -> None:
    made = run(seed=3, strength=2.0, keep_colours=True)
    recipe = recipes.from_plain(made.artifacts[0].meta)
    assert recipe.task == "image.restyle"
    again = run(**recipe.params)
    assert np.array_equal(pixels(again), pixels(made))


def test_a_picture_of_one_pixel_and_a_long_strip_work() -> None:
    assert pixels(run(picture(1, 1))).shape == (64, 64, 3)
    assert pixels(run(picture(2, 400))).shape == (16, 64, 3)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"styles": []}, "no style"),
        ({"styles": ["no-such-file.png"]}, "no-such-file.png"),
        ({"styles": ["ink"] * 9}, "too many"),
        ({"mix": [1.0, 2.0]}, "2 weights for 1 styles"),
        ({"mix": [0.0]}, "not all 0"),
        ({"mix": [-1.0]}, "0 or more"),
    ],
)
def test_what_does_not_fit_is_said(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        run(**changes)


def test_no_picture_is_said() -> None:
    with pytest.raises(BadInput, match="no picture"):
        run_task(restyle, Restyle.parse({"styles": ["glass"]}))


def test_wherever_memory_runs_out_the_picture_becomes_smaller() -> None:
    lent = features()

    def restyled() -> Made:
        return run(lent=lent, size=96, seconds=1e-6)

    reduced = short_memory.run_short(restyled)
    assert len(reduced) > 10
    assert all(each == ["a picture of 72 pixels"] for each in reduced.values())
    assert "even with a picture of 72 pixels" in short_memory.run_out(restyled)


# --- the transfer -----------------------------------------------------------------------------


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.transpose(2, 0, 1).astype(np.float32) / 255)[None]


def test_more_strength_moves_further_from_the_picture() -> None:
    content, style = tensor(picture()), 1 - tensor(picture(64, 64))
    moved = []
    for strength in (0.05, 4.0):
        *_, last = transfer(features(), Wish(content, [(style, 1.0)], strength, steps=20))
        moved.append(float((last - content).abs().mean()))
    assert moved[0] < moved[1]


def test_kept_colours_differ_in_brightness_only() -> None:
    content = tensor(picture()) * 0.3 + 0.35  # away from black and white, where colours clip
    style = 1 - tensor(picture(64, 64))
    wish = Wish(content, [(style, 1.0)], strength=0.2, keep_colours=True, steps=5)
    *_, last = transfer(features(), wish, torch.Generator().manual_seed(0))
    change = last - content
    inside = ((last > 0.01) & (last < 0.99)).all(dim=1)[0]
    assert inside.float().mean() > 0.5
    spread = (change.amax(1) - change.amin(1))[0][inside]
    assert float(spread.max()) < 1e-4
    assert float(change.abs().mean()) > 1e-3


def test_large_pictures_go_from_coarse_to_fine() -> None:
    assert scales((48, 64), 10) == [((48, 64), 10)]
    (coarse, first), (fine, second) = scales((200, 256), 101)
    assert (coarse, fine, first + second) == ((100, 128), (200, 256), 101)


# --- the weights ------------------------------------------------------------------------------


def loaded(path: Path) -> Any:
    return finished(loader().load(path, "cpu"))


def test_weights_are_recognised_measured_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file(small_network(), path, {"family": "vgg-features"})
    facts = loader().recognise(path)
    assert facts is not None
    assert facts.capabilities == ("features",)
    assert loader().measure(path).weights_bytes >= path.stat().st_size
    assert loaded(path)(torch.rand(1, 3, 16, 16))["conv4_2"].shape == (1, 4, 2, 2)


def test_other_files_are_not_ours_and_broken_ones_are_told(tmp_path: Path) -> None:
    other, text, broken = (tmp_path / name for name in ("o.safetensors", "t.txt", "b.safetensors"))
    save_file(small_network(), other)
    text.write_text("no weights")
    tensors = small_network()
    del tensors["conv3_2.bias"]
    save_file(tensors, broken, {"family": "vgg-features"})
    assert loader().recognise(other) is None
    assert loader().recognise(text) is None
    for call in (loader().recognise, loaded):
        with pytest.raises(StudioError, match="conv3_2 is missing"):
            call(broken)
    broken.write_bytes(other.read_bytes()[:-100])
    with pytest.raises(StudioError, match="cannot be used"):
        loaded(broken)


def test_every_style_of_the_gallery_is_a_small_picture() -> None:
    for style in STYLES:
        assert style.path.stat().st_size <= 60_000, style.name
        with Image.open(style.path) as image:
            assert min(image.size) >= 256
            assert b"Apache-2.0" in image.info["comment"]


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the starter weights are not fetched")
def test_real_features_bring_the_colours_of_the_style() -> None:
    params = Restyle.parse({"styles": ["waves"], "size": 96, "steps": 40, "weights": "vgg"})
    grey = np.full((96, 96, 3), 128, np.uint8)
    grey[24:72, 24:72] = 200
    made = run_task(restyle, params, models={"vgg": loaded(REAL)}, inputs={"image": png(grey)})
    red, _, blue = pixels(made).reshape(-1, 3).mean(0)
    assert blue > red + 15
