"""Enlarging: tiles show no seams, alpha and size are kept, bad pictures are refused in words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from studio.api import BadInput, StudioError, finished
from studio.testing.plugins import Made, run_task
from studio_image.recipes import recipe as recipes
from studio_image.schema import Enlarge
from studio_image.tasks.enlargement import enlarge
from studio_image.upscale import enlargement, tiles
from studio_image.upscale.model import Upscaler
from studio_image.upscale.networks import Compact, Layout, RRDBNet, layout_of
from studio_image.upscale.weights import loader

STARTER = Path(__file__).parents[4] / "resources" / "weights" / "starter"


def small(network: torch.nn.Module, seed: int = 0) -> Upscaler:
    """A random network whose result is still a picture: near the middle, with visible detail."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        spread = 0.5 / max(1, parameter[0].numel()) ** 0.5
        parameter.data = torch.randn(parameter.shape, generator=generator) * spread
    for layer in reversed(list(network.modules())):
        if isinstance(layer, torch.nn.Conv2d):
            layer.bias.data += 0.5 if isinstance(network, RRDBNet) else 0
            break
    return Upscaler(network.requires_grad_(False), "cpu", torch.float32)


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, channels), np.uint8)


def run(upscaler: Upscaler, picture: np.ndarray, factor: int, side: int = 0) -> np.ndarray:
    return finished(enlargement.enlarged(upscaler, picture, factor, side))


def png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def task(upscaler: Upscaler, params: dict, **options) -> Made:
    values = {"weights": "tiny", **params}
    return run_task(enlarge, Enlarge.parse(values), models={"tiny": upscaler}, **options)


# --- networks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layout",
    [Layout("rrdb", 4, 8, 2, 4), Layout("rrdb", 2, 8, 1, 4), Layout("compact", 3, 8, 5)],
)
def test_a_layout_is_told_from_the_shapes(layout: Layout) -> None:
    network = layout.build()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert layout_of(shapes) == layout
    assert layout_of({**shapes, "more.weight": (1,)}) is None
    made = network(torch.rand(1, 3, 6, 8))
    assert made.shape == (1, 3, 6 * layout.scale, 8 * layout.scale)


# --- tiles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(70, 45), (33, 32), (5, 90)])
def test_tiles_give_the_untiled_picture_if_the_network_sees_no_farther_than_the_margin(
    size,
) -> None:
    upscaler = small(Compact(2, 8, 4))
    picture = noise(*size)
    whole, tiled = (run(upscaler, picture, 2, side) for side in (512, 32))
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert whole.std() > 3  # a flat picture would show no seam either


def test_the_margin_is_what_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "MARGIN", 0)
    monkeypatch.setattr(tiles, "FADE", 0)
    upscaler = small(Compact(2, 8, 4))
    picture = noise(70, 45)
    whole, tiled = (run(upscaler, picture, 2, side) for side in (512, 32))
    assert np.abs(whole.astype(int) - tiled).max() > 1


def test_neighbours_fade_into_each_other_and_leave_nothing_unpainted() -> None:
    """Four tiles of one level each: no gap, and no step wider than the fade allows."""
    canvas = tiles.Canvas(np.zeros((200, 200, 1), np.uint8), 2)
    for number, tile in enumerate(tiles.plan(100, 100, 64, reach=500)):
        (top, bottom), (left, right) = tile.rows.read, tile.columns.read
        size = (2 * (bottom - top), 2 * (right - left), 1)
        canvas.paint(tile, np.full(size, 100 + 32 * number, np.float32))
    levels = canvas.picture[..., 0].astype(int)
    assert levels[0, 0] == 100
    assert levels[-1, -1] == 196
    assert max(np.abs(np.diff(levels, axis=axis)).max() for axis in (0, 1)) <= 4


def test_the_side_follows_the_free_memory() -> None:
    sides = [tiles.side_for(free, 10_000) for free in (10**6, 10**9, 10**12)]
    assert sides == sorted(sides)
    assert sides[0] == tiles.SMALLEST
    assert sides[-1] == tiles.LARGEST


# --- one picture ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "factor"), [(4, 1), (4, 2), (4, 4), (2, 4), (3, 4), (3, 1), (1, 1)]
)
def test_any_weights_give_any_factor(scale: int, factor: int) -> None:
    made = run(small(Compact(scale, 4, 1)), noise(9, 7), factor)
    assert made.shape == (9 * factor, 7 * factor, 3)


def test_restoring_weights_do_not_enlarge() -> None:
    with pytest.raises(BadInput, match="does not enlarge them"):
        run(small(Compact(1, 4, 1)), noise(9, 7), 2)


def test_transparency_is_enlarged_with_the_picture_and_hidden_colours_leave_no_fringe() -> None:
    network = Compact(2, 4, 1)
    for parameter in network.parameters():
        parameter.data.zero_()  # what is left is the picture itself, its pixels doubled
    upscaler = Upscaler(network.requires_grad_(False), "cpu", torch.float32)
    picture = np.zeros((12, 12, 4), np.uint8)
    picture[..., 1] = 255  # hidden green
    picture[3:9, 3:9] = (200, 100, 50, 255)
    made = run(upscaler, picture, 2)
    assert np.array_equal(made[..., 3], picture[..., 3].repeat(2, 0).repeat(2, 1))
    assert np.abs(made[2:22, 2:22, :3].astype(int) - (200, 100, 50)).max() <= 1
    opaque = np.dstack((picture[..., :3], np.full((12, 12), 255, np.uint8)))
    assert (run(upscaler, opaque, 2)[..., 3] == 255).all()


def test_giants_are_refused_before_any_work() -> None:
    giant = np.broadcast_to(np.uint8(0), (20_000, 10_000, 3))
    with pytest.raises(BadInput, match="limit is 200 million"):
        run(small(Compact(4, 4, 1)), giant, 4)


def test_not_a_number_is_computed_again_in_single_precision_or_said() -> None:
    upscaler = small(Compact(2, 4, 1))
    upscaler.network.body[0].bias.data[:] = float("nan")
    with pytest.raises(StudioError, match="invalid numbers"):
        run(upscaler, noise(8, 8), 2)

    class Overflowing(Compact):
        """Gives no numbers in half precision only."""

        def steps(self, pictures):
            made = yield from super().steps(pictures)
            return made if made.dtype == torch.float32 else made / 0 * 0

    exact = small(Overflowing(2, 4, 1))
    half = Upscaler(Overflowing(2, 4, 1).bfloat16().requires_grad_(False), "cpu", torch.bfloat16)
    half.network.load_state_dict(exact.network.state_dict())
    made, right = run(half, noise(8, 8), 2), run(exact, noise(8, 8), 2)
    assert np.abs(made.astype(int) - right).max() <= 2


# --- the task ---------------------------------------------------------------------------------


def test_a_picture_from_the_page() -> None:
    made = task(small(Compact(4, 4, 12)), {"tile": 32}, inputs={"image": png(noise(40, 40))})
    assert (made.result["width"], made.result["height"], made.result["count"]) == (160, 160, 1)
    assert Image.open(io.BytesIO(made.artifacts[0].payload)).size == (160, 160)
    assert made.progress[-1].done == made.progress[-1].total == 1
    assert sum(event.preview is not None for event in made.progress) == 4
    assert len(made.progress) > 8  # steps within a tile, where it can be stopped


def test_progress_within_a_tile_is_real_and_never_goes_back() -> None:
    made = task(small(Compact(4, 4, 12)), {}, inputs={"image": png(noise(20, 20))})
    shares = [event.done / event.total for event in made.progress]
    assert shares == sorted(shares)
    assert len({round(share, 3) for share in shares}) > 3, "one tile alone has several"
    assert shares[-1] == 1


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"asked": "pixels", "width": 100}, (100, 50)),
        ({"asked": "pixels", "width": 100, "height": 20}, (40, 20)),
        ({"asked": "percent", "percent": 150}, (60, 30)),
        ({"asked": "percent", "percent": 50}, (20, 10)),
        ({"asked": "percent", "percent": 600}, (240, 120)),
        ({"asked": "print", "print_width": 2.54, "unit": "cm", "dpi": 100}, (100, 50)),
        ({"asked": "print", "print_height": 1, "unit": "inch", "dpi": 72}, (144, 72)),
    ],
)
def test_the_size_is_the_one_that_was_asked_for(
    asked: dict[str, object], size: tuple[int, int]
) -> None:
    made = task(small(Compact(4, 4, 1)), asked, inputs={"image": png(noise(20, 40))})
    with Image.open(io.BytesIO(made.artifacts[0].payload)) as image:
        assert image.size == size
        if asked["asked"] == "print":
            assert round(image.info["dpi"][0]) == asked["dpi"]
    assert (made.result["width"], made.result["height"]) == size


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"asked": "pixels"}, "no result size"),
        ({"asked": "print"}, "no result size"),
        ({"asked": "print", "print_width": 2000, "unit": "inch", "dpi": 2400}, "200 million"),
        ({"asked": "pixels", "width": 10**9}, "between 0 and"),
    ],
)
def test_sizes_that_are_none_are_refused(asked: dict[str, object], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        task(small(Compact(4, 4, 1)), asked, inputs={"image": png(noise(20, 40))})


def test_the_recipe_says_all_that_makes_it_again() -> None:
    inputs, upscaler = {"image": png(noise(20, 20))}, small(Compact(4, 4, 2))
    made = task(upscaler, {"factor": "2", "tile": 32}, inputs=inputs)
    recipe = recipes.from_plain(made.artifacts[0].meta)
    assert recipe.task == "image.enlarge"
    again = task(upscaler, recipe.params, inputs=inputs)
    assert again.artifacts[0].payload == made.artifacts[0].payload


def test_an_animation_is_its_first_picture_and_says_so(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for suffix in (".gif", ".png", ".webp", ".tif"):
        path = tmp_path / f"two{suffix}"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        made = task(small(Compact(2, 4, 1)), {"image": str(path), "factor": "2"})
        assert "first one is used" in made.result["note"], suffix
        inputs = {"image": path.read_bytes()}
        assert (
            "first one is used" in task(small(Compact(2, 4, 1)), {}, inputs=inputs).result["note"]
        )


def test_it_stops_within_a_tile() -> None:
    inputs = {"image": png(noise(20, 20))}
    made = task(small(Compact(4, 4, 12)), {}, inputs=inputs, stop_after=2)
    assert made.cancelled
    assert not made.artifacts
    assert all(event.done < 1 for event in made.progress)


def test_a_folder_goes_on_after_a_bad_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(noise(8, 8)))
    (tmp_path / "b.png").write_bytes(png(noise(300, 300))[:900])
    (tmp_path / "c.PNG").write_bytes(png(noise(8, 8, 4)))
    (tmp_path / "notes.txt").write_text("no picture")
    made = task(small(Compact(2, 4, 1)), {"folder": str(tmp_path), "factor": "2"})
    assert made.result["count"] == len(made.artifacts) == 2
    assert len(made.result["skipped"]) == 1
    assert "b.png" in made.result["skipped"][0]
    assert made.result["note"].startswith("Skipped: b.png")
    assert made.progress[-1].done == 3


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 10^10 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk


@pytest.mark.parametrize("data", [b"", b"no picture", bomb(), png(noise(99, 99))[:2000]])
def test_hostile_pictures_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        task(small(Compact(2, 4, 1)), {}, inputs={"image": data})
    assert caught.value.hint


def test_nothing_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    for params in ({}, {"folder": str(tmp_path)}, {"folder": str(tmp_path / "none")}):
        with pytest.raises(BadInput):
            task(small(Compact(2, 4, 1)), params)


# --- weights ----------------------------------------------------------------------------------


def load(path: Path) -> Upscaler:
    return finished(loader().load(path, "cpu"))


def test_weights_are_recognised_measured_and_loaded(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    network = small(Compact(2, 4, 1)).network
    save_file(network.state_dict(), file)
    facts = loader().recognise(file)
    assert facts.capabilities == ("upscale",)
    assert facts.facts["scale"] == 2
    needs = loader().measure(file)
    assert needs.weights_bytes == 4 * facts.facts["parameters"]
    upscaler = load(file)
    right = run(Upscaler(network, "cpu", torch.float32), noise(16, 16), 2)
    assert np.abs(run(upscaler, noise(16, 16), 2).astype(int) - right).max() <= 4
    loader().unload(upscaler)
    assert upscaler.network is None


def test_other_weights_are_left_alone_and_pickles_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"some.weight": torch.zeros(2, 2)}, other)
    assert loader().recognise(other) is None
    assert loader().recognise(tmp_path) is None
    for name, words in (("x.pth", "pickle"), ("x.safetensors", "not a complete safetensors")):
        (tmp_path / name).write_bytes(b"\x80\x04broken")
        with pytest.raises(StudioError, match=words):
            loader().recognise(tmp_path / name)


@pytest.mark.slow
def test_the_real_weights_sharpen_and_tiles_agree() -> None:
    """Stated difference of tiles: less than 1 of 255 on average for a network that sees far."""
    file = STARTER / "real-esrgan-x4plus-anime.safetensors"
    if not file.exists():
        pytest.skip("the starter weights are not here: make weights")
    upscaler = load(file)
    across, down = np.meshgrid(np.arange(56), np.arange(56))
    rings = 127 + 120 * np.sign(np.sin(np.hypot(across - 20, down - 36) / 3))
    sharp = Image.fromarray(rings.astype(np.uint8)).convert("RGB")
    blurred = np.asarray(sharp.resize((28, 28), Image.Resampling.BOX).resize((56, 56)))
    whole, tiled = (run(upscaler, blurred, 1, side) for side in (512, 32))
    assert np.abs(whole.astype(int) - tiled).mean() < 1
    assert (
        np.abs(np.diff(whole.astype(int), axis=1)).max()
        > np.abs(np.diff(blurred.astype(int), axis=1)).max()
    )


# --- memory -----------------------------------------------------------------------------------


def test_when_memory_runs_out_tiles_become_smaller_and_the_picture_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upscaler = small(Compact(2, 8, 4))
    whole = task(upscaler, {"factor": "2"}, inputs={"image": png(noise(150, 100))})
    plain = Compact.steps

    def narrow(self, pictures):
        if pictures.shape[-1] * pictures.shape[-2] > 60 * 60:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (yield from plain(self, pictures))

    monkeypatch.setattr(Compact, "steps", narrow)
    tiled = task(upscaler, {"factor": "2"}, inputs={"image": png(noise(150, 100))})
    assert tiled.artifacts[0].meta["reduced"] == ["tiles of 76 pixels", "tiles of 38 pixels"]
    pictures = [
        np.asarray(Image.open(io.BytesIO(made.artifacts[0].payload))).astype(int)
        for made in (whole, tiled)
    ]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_without_memory_for_the_smallest_tile_a_sentence_says_what_was_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(self, pictures):
        raise torch.OutOfMemoryError("CUDA out of memory")
        yield

    monkeypatch.setattr(Compact, "steps", full)
    with pytest.raises(StudioError, match="even with tiles of 76 pixels and tiles of 38 pixels"):
        task(small(Compact(2, 8, 4)), {"factor": "2"}, inputs={"image": png(noise(150, 100))})


def test_a_network_that_left_its_card_draws_the_same_when_it_is_back() -> None:
    """The card that keeps no numbers stands for any other: what is there cannot be computed."""
    upscaler, picture = small(Compact(2, 8, 4)), noise(20, 30)
    before = run(upscaler, picture, 2)
    loader().park(upscaler)
    loader().unpark(upscaler, "cpu")
    assert np.array_equal(run(upscaler, picture, 2), before)
    loader().unpark(upscaler, "meta")
    assert upscaler.device == "meta"
    assert all(each.is_meta for each in upscaler.network.parameters())
