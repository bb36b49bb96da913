"""Restyling with a small random network: what comes out, what is refused, what stays the same."""

from __future__ import annotations

import io
import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter
from safetensors.torch import save_file

from studio.api import BadInput, StudioError, finished
from studio.testing import short_memory
from studio.testing.plugins import Made, run_task
from studio_image import picture_arrays
from studio_image.recipes import recipe as recipes
from studio_image.repair import faces
from studio_image.restyle import detail
from studio_image.restyle.features import LAYERS, Features
from studio_image.restyle.preview import network as preview
from studio_image.restyle.preview import weights as preview_weights
from studio_image.restyle.styles import STYLES
from studio_image.restyle.transfer import Wish, resized, scales, transfer
from studio_image.restyle.weights import loader
from studio_image.schema import Restyle
from studio_image.tasks import style_transfer
from studio_image.tasks.style_transfer import restyle

WEIGHTS = Path(__file__).parents[4] / "resources/weights"
REAL, FIRST = (
    WEIGHTS / "starter/vgg16-features.safetensors",
    WEIGHTS / "restyle-preview.safetensors",
)


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
    given: np.ndarray | None = None,
    seed: int = 3,
    lent: Features | None = None,
    network: preview.TransformNetwork | None = None,
    **changes: Any,
) -> Made:
    values: dict[str, Any] = {"styles": ["waves"], "size": 64, "steps": 10, "weights": "vgg"}
    params = Restyle.parse(values | changes)
    inputs = {"image": png(picture() if given is None else given)}
    models: dict[str, Any] = {"vgg": lent or features()}
    if network is not None:
        models[style_transfer.PREVIEW] = network
    return run_task(restyle, params, seed=seed, models=models, inputs=inputs)


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
    assert len(reduced) > 6
    assert all(each == ["a picture of 72 pixels"] for each in reduced.values())
    assert "even with a picture of 72 pixels" in short_memory.run_out(restyled)


# --- large pictures ---------------------------------------------------------------------------


@pytest.fixture
def in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than 64 pixels is drawn in tiles, as otherwise what is larger than 1,024."""
    monkeypatch.setattr(style_transfer, "LARGEST", 64)
    monkeypatch.setattr(style_transfer, "TILE", 96)
    monkeypatch.setattr(detail, "FADE", 16)
    monkeypatch.setattr(detail, "STEPS", 2)


@pytest.mark.usefixtures("in_tiles")
def test_a_large_picture_keeps_its_size_and_is_drawn_finer() -> None:
    made = run(size=160)
    assert pixels(made).shape == (120, 160, 3)
    assert made.progress[-1].message == "Detail 4 of 4"
    assert made.progress[-1].done == made.progress[-1].total
    assert not made.result["ended_early"]
    first = pixels(run(size=64))
    assert not np.array_equal(pixels(made), picture_arrays.resized(first, 160, 120))
    small = picture_arrays.resized(pixels(made), 64, 48).astype(int)
    assert np.abs(small - first).mean() < 12, "it is the same picture"


@pytest.mark.usefixtures("in_tiles")
def test_stop_among_the_tiles_keeps_the_whole_picture() -> None:
    made = run(size=160, seconds=1e-6)
    assert pixels(made).shape == (120, 160, 3)
    assert made.result["ended_early"]
    assert "3 tiles were enlarged" in made.result["note"]


def test_tiles_cover_a_picture_and_lie_over_each_other() -> None:
    for length in (96, 97, 300, 1111):
        found = [tile for tile in detail.tiles(length, 96, 96 + detail.FADE) if not tile.left]
        assert found[0].top == 0
        assert found[-1].top + found[-1].height == length
        for above, below in itertools.pairwise(found):
            assert above.top + above.height - below.top >= detail.FADE


def test_no_seam_shows_where_tiles_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail, "FADE", 24)
    lighter = itertools.cycle((0.0, 0.3))

    def unlike(_: Features, tile: torch.Tensor, example: torch.Tensor) -> Any:
        return tile + next(lighter)
        yield

    monkeypatch.setattr(detail, "_finer", unlike)
    small = tensor(picture(48, 96))
    smooth = resized(small, (96, 192)).contiguous()

    def step_at_edges() -> float:
        """Return by how much neighbours differ more than before where a tile begins or ends."""
        canvas = smooth.clone()
        list(detail.detailed(features(), canvas, small, 80))
        change = (canvas - smooth)[0].diff(dim=-1).abs().mean(dim=(0, 1))
        row = [tile for tile in detail.tiles(96, 192, 80) if not tile.top]
        begin, end = [t.left - 1 for t in row[1:]], [t.left + t.width - 1 for t in row[:-1]]
        return float(change[begin + end].sum())

    faded = step_at_edges()
    side_by_side = lambda tile: torch.ones(tile.height, tile.width)  # noqa: E731
    monkeypatch.setattr(detail, "_window", side_by_side)
    assert faded < 0.1 * step_at_edges(), "than of tiles that are set side by side"


def test_a_small_sketch_is_shown_before_a_large_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run(steps=20)
    monkeypatch.setattr(style_transfer, "_SKETCH_FROM", 48)
    monkeypatch.setattr(style_transfer, "_SKETCH", 32)
    made = run(steps=20)
    sketches = [each.preview for each in made.progress if each.message == "A first sketch"]
    assert len(sketches) == 4, "from its first step on"
    assert all(sketch is not None and sketch.shape == (48, 64, 3) for sketch in sketches)
    assert next(event.done for event in made.progress if event.preview is not None) == 0
    assert np.array_equal(pixels(made), pixels(plain)), "it changes nothing of the result"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> preview.TransformNetwork:
    monkeypatch.setattr(preview, "SIDE", 64)
    torch.manual_seed(0)
    made = preview.TransformNetwork().eval().requires_grad_(False)
    made.last.weight.normal_(0, 0.05)
    return made


def test_included_styles_begin_with_a_first_picture_and_go_on_from_it(
    network: preview.TransformNetwork, tmp_path: Path
) -> None:
    made, plain = run(network=network), run()
    first = next(event for event in made.progress if event.preview is not None)
    assert (first.done, first.message) == (0, "A first picture")
    assert first.preview is not None
    assert first.preview.shape == (48, 64, 3)
    assert not np.array_equal(pixels(made), pixels(plain)), "the steps begin with it"
    assert made.result["steps"] == plain.result["steps"]
    own = tmp_path / "own.png"
    own.write_bytes(png(picture()))
    for styles in ([str(own)], ["waves", str(own)], ["waves", "ink"]):
        others = run(network=network, styles=styles, mix=[1] * len(styles))
        assert all(event.message != "A first picture" for event in others.progress)
        assert np.array_equal(pixels(others), pixels(run(styles=styles, mix=[1] * len(styles))))


def test_a_first_picture_is_mixed_as_strong_and_as_coloured_as_asked(
    network: preview.TransformNetwork,
) -> None:
    content = torch.rand(1, 3, 40, 64)
    wish = Wish(content, [(torch.rand(1, 3, 32, 32), 1.0)])

    def first(wish: Wish, **shares: float) -> torch.Tensor:
        row = torch.tensor([shares.get(name, 0.0) for name in preview.STYLES])
        return finished(preview.first_picture(network, wish, row, torch.manual_seed(1)))

    with torch.no_grad():
        network.layers[0].shift[1] += 1.0  # of mosaic alone
    waves, mosaic, both = (
        first(wish, waves=1),
        first(wish, mosaic=1),
        first(wish, waves=0.5, mosaic=0.5),
    )
    assert waves.shape == (1, 3, 40, 64)
    assert min((waves - mosaic).abs().max(), (both - waves).abs().max()) > 1e-3
    faint = first(replace(wish, strength=0.1), waves=1)
    torch.testing.assert_close(faint, torch.lerp(content, waves, 0.1))
    kept = first(replace(wish, keep_colours=True), waves=1)
    assert (kept - content).std(1).max() < (waves - content).std(1).max()
    strip = first(replace(wish, content=torch.rand(1, 3, 2, 900)), waves=1)
    assert strip.shape == (1, 3, 32, 64)


def test_the_file_of_first_pictures_keeps_what_was_trained(
    network: preview.TransformNetwork, tmp_path: Path
) -> None:
    file = tmp_path / "preview.safetensors"
    preview_weights.save(file, network)
    assert preview_weights.loader().recognise(file) is not None
    again = finished(preview_weights.loader().load(file, "cpu"))
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=1e-3, atol=1e-3)


# --- faces ------------------------------------------------------------------------------------


def portrait() -> np.ndarray:
    """A drawn face that looks at the camera, 320 × 320."""
    image = Image.new("RGB", (320, 320), (90, 120, 150))
    pen = ImageDraw.Draw(image)
    pen.ellipse((80, 40, 240, 120), fill=(70, 45, 30))
    pen.ellipse((85, 75, 235, 275), fill=(225, 185, 155))
    for x in (125, 195):
        pen.rectangle((x - 24, 112, x + 24, 120), fill=(80, 55, 40))
        pen.ellipse((x - 20, 126, x + 20, 146), fill=(245, 245, 245))
        pen.ellipse((x - 9, 126, x + 9, 146), fill=(40, 30, 25))
    pen.polygon((160, 135, 148, 190, 172, 190), fill=(200, 155, 125))
    pen.ellipse((130, 212, 190, 232), fill=(160, 70, 70))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(3)))


def test_faces_stay_as_they_are_unless_that_is_not_wanted() -> None:
    pytest.importorskip("cv2", reason="faces are found with OpenCV, an extra")
    face = portrait()
    middle, corner = (slice(130, 200), slice(130, 190)), (slice(0, 20), slice(0, 40))
    made = run(face, styles=["ink"], size=320)
    assert "One face was left unchanged." in made.result["note"]
    assert np.array_equal(pixels(made)[middle], face[middle])
    assert not np.array_equal(pixels(made)[corner], face[corner])
    all_of_it = run(face, styles=["ink"], size=320, keep_faces=False)
    assert not np.array_equal(pixels(all_of_it)[middle], face[middle])
    assert "face" not in all_of_it.result["note"]
    assert "face" not in run(styles=["ink"]).result["note"], "control: there is none"


def test_without_the_detector_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "find_spec", lambda _name: None)
    assert "Faces were not looked for" in run(styles=["ink"]).result["note"]
    assert run(styles=["ink"], keep_faces=False).result["note"] == ""


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


def test_a_picture_gets_no_frame() -> None:
    """At its edges the features of an even picture are those of its middle."""
    plain = torch.full((1, 3, 64, 64), 0.4)
    apart = [
        max(float((each - each[..., :1, :1]).abs().max()) for each in found.values())
        for found in (finished(features().steps(plain)), features()(plain))
    ]
    assert apart[0] < 1e-3 < 1 < apart[1], "the control: with nothing beyond the edges"


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
    models = {
        "vgg": loaded(REAL),
        style_transfer.PREVIEW: finished(preview_weights.loader().load(FIRST, "cpu")),
    }
    made = run_task(restyle, params, models=models, inputs={"image": png(grey)})
    first = next(event.preview for event in made.progress if event.preview is not None)
    for found in (first, pixels(made)):
        red, _, blue = found.reshape(-1, 3).mean(0)
        assert blue > red + 15
