"""Pictures leave as files: 16 bits, TIFF, quality, and several at once with names by a pattern."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from plugins.image.tests.pages.page_desk import Desk, picture, png
from studio.api import BadInput
from studio.testing.scripted import Artifact, Result
from studio_image import picture_arrays
from studio_image.pages.batch_export import export_settings
from studio_image.pages.picture_files import export
from studio_image.recipes import file_names
from studio_image.recipes.recipe_files import recipe_in
from studio_image.schema.export import Export
from studio_image.sixteen_bits import written_tiff

RECIPE = {"task": "image.generate", "params": {"prompt": "Füchse", "seed": 7, "steps": 12}}


def deep(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 1 << 16, (9, 14, channels)).astype(np.uint16)


def pixels_of(path: Path) -> np.ndarray:
    """Return what another reader, Qt's, finds: (H, W, 4) uint16."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGBA64)
    found = np.frombuffer(image.constBits(), np.uint16)
    return found.reshape(image.height(), image.bytesPerLine() // 8, 4)[:, : image.width()].copy()


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bits_are_read_as_they_were_written(tmp_path: Path, channels: int) -> None:
    values = deep(channels)
    if channels == 4:
        values[..., 3] = 65_535  # Qt multiplies colours with what is not opaque
    (tmp_path / "deep.png").write_bytes(picture_arrays.png(values, RECIPE, dpi=300))
    (tmp_path / "deep.tif").write_bytes(written_tiff(values, "a text"))
    for name in ("deep.png", "deep.tif"):
        assert np.array_equal(pixels_of(tmp_path / name)[..., :channels], values), name
    data = (tmp_path / "deep.png").read_bytes()
    assert recipe_in(data).params["prompt"] == "Füchse"
    with Image.open(io.BytesIO(data)) as image:
        assert round(image.info["dpi"][0]) == 300
        image.load()  # with checksums
    with Image.open(tmp_path / "deep.tif") as image:
        assert image.tag_v2[270] == "a text"
        assert image.size == (14, 9)
    assert picture_arrays.read(data).shape == (9, 14, channels)


class Kept:
    """An artifact of the library, as far as it is written."""

    title = "fox"

    def __init__(self, path: Path) -> None:
        self.path = path


@pytest.mark.parametrize("is_deep", [False, True])
def test_a_tiff_keeps_every_pixel_and_the_recipe(tmp_path: Path, is_deep: bool) -> None:
    values = deep() if is_deep else (deep() >> 8).astype(np.uint8)
    (tmp_path / "in.png").write_bytes(picture_arrays.png(values, RECIPE))
    export(Kept(tmp_path / "in.png"), tmp_path / "out.tif")  # type: ignore[arg-type]
    seen = pixels_of(tmp_path / "out.tif")[..., :3]
    assert np.array_equal(seen if is_deep else (seen >> 8).astype(np.uint8), values)
    assert recipe_in((tmp_path / "out.tif").read_bytes()).params["prompt"] == "Füchse"


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_less_quality_takes_less_space(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    (tmp_path / "in.png").write_bytes(picture_arrays.png(noise, RECIPE))
    sizes = []
    for quality in (30, 95):
        export(Kept(tmp_path / "in.png"), tmp_path / f"o{suffix}", quality=quality)  # type: ignore[arg-type]
        sizes.append((tmp_path / f"o{suffix}").stat().st_size)
    assert sizes[0] < sizes[1] / 1.5


def test_names_by_a_pattern() -> None:
    rows: list[dict[str, Any]] = [
        {"title": "a/b: fox?", "seed": 7},
        {"title": "a/b: fox?", "seed": 7},
        {"title": "..", "seed": "x"},
    ]
    assert file_names.names("{number:3} {title}-{seed}", rows) == [
        "001 a b fox -7", "002 a b fox -7", "003.-x",
    ]  # fmt: skip
    assert file_names.names("{title}", rows, taken=["A B FOX"]) == [
        "a b fox (2)", "a b fox (3)", "picture",
    ]  # fmt: skip
    assert file_names.names("../../{title}", rows[:1]) == ["a b fox"]
    assert len(file_names.names("{title}" * 40, [{"title": "x" * 60}])[0]) <= file_names.LONGEST
    for pattern, why in (("{path}", "“{path}”"), ("{title", "a brace"), (" ", "empty")):
        with pytest.raises(BadInput, match=why):
            file_names.check(pattern)


def test_several_are_exported_at_once(desk: Desk, tmp_path: Path) -> None:
    for red in (10, 200):
        made = picture(red)
        desk.draw(Artifact("image", made.payload, ".png", title="fox", meta=RECIPE))
    out = tmp_path / "out"
    out.mkdir()
    (out / "fox-1.webp").write_bytes(b"mine")
    said = desk.listen()
    dialog = desk.page.exports.ask()
    dialog.go.click()
    assert dialog.isVisible(), "without a folder it stays open"
    values = {"which": "all", "folder": str(out), "pattern": "fox-{number}", "format": "webp"}
    dialog.form.set_values(values)
    dialog.go.click()
    desk.until(lambda: any("exported to out: 2" in words for words in said))
    assert {file.name for file in out.iterdir()} == {"fox-1.webp", "fox-1 (2).webp", "fox-2.webp"}
    assert (out / "fox-1.webp").read_bytes() == b"mine"
    with Image.open(out / "fox-2.webp") as image:
        assert image.convert("RGB").getpixel((20, 20))[0] > 150
    desk.page.exports.export(Export(which="starred", folder=str(out)))
    assert "no such pictures" in desk.trouble()


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    for folder, why in (("", "no folder"), (str(tmp_path / "gone"), "cannot be found")):
        with pytest.raises(BadInput, match=why):
            export_settings({"folder": folder})


def test_the_size_of_an_enlargement_is_shown_before_it_begins(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(png(10))
    desk.set_mode("enlarge")
    desk.bring(tmp_path / "small.png")
    slot = desk.page.composer.input
    desk.until(lambda: "32 × 32 px → 128 × 128 px" in slot.hint)
    form = desk.page.composer.modes.forms["enlarge"]
    form.set_values({"asked": "print", "print_width": 2.54, "unit": "cm", "dpi": 300})
    desk.page.composer.show_size()
    assert slot.hint.endswith("→ 300 × 300 px")
    form.set_values({"asked": "scale"})
    desk.runtime.enqueue(Artifact("image", png(10), ".png"), Result(pixels_per_second=30))
    desk.run()
    desk.until(lambda: slot.hint.endswith("128 × 128 px · about 35 s"))
    form.set_values({"tile": 64})
    desk.page.composer.show_size()
    assert slot.hint.endswith("128 × 128 px"), "that was not measured"


def test_a_saved_picture_has_the_quality_that_is_set(desk: Desk, tmp_path: Path) -> None:
    from studio_image.plugin import studio_exporters

    (tmp_path / "in.png").write_bytes(picture_arrays.png(np.uint8(deep() >> 8).repeat(9, 0)))
    sizes = []
    for quality in (5, 92, "none"):
        desk.ctx.settings.set("quality", quality)
        write = studio_exporters(desk.ctx)["image:.jpg"]
        write(Kept(tmp_path / "in.png"), tmp_path / "out.jpg")  # type: ignore[arg-type]
        sizes.append((tmp_path / "out.jpg").stat().st_size)
    assert sizes[0] < sizes[1] == sizes[2], "what is no quality is the usual one"
