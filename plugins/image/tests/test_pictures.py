"""Pictures as files: what is read, what is refused, what is written."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.api import BadInput
from studio_image import pictures, png_text, recipes


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def file_of(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **more)
    return stream.getvalue()


@pytest.mark.parametrize("channels", [3, 4])
def test_a_png_keeps_every_pixel_and_its_recipe(channels: int) -> None:
    picture = noise(9, 7, channels)
    params = {"prompt": "Käfer 🐞", "seed": 3}
    data = pictures.png(picture, {"task": "image.generate", "params": params})
    assert np.array_equal(pictures.read(data), picture)
    assert recipes.from_json(png_text.texts(data, [recipes.KEY])[recipes.KEY]).params == params
    assert png_text.texts(pictures.png(picture), [recipes.KEY]) == {}


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 3), ("1", 3), ("P", 3), ("LA", 4), ("CMYK", 3), ("I;16", 3)]
)
def test_every_kind_of_pixel_becomes_colours(mode: str, channels: int) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    grey = Image.fromarray(noise(8, 8))
    source = Image.fromarray(noise(8, 8).astype(np.uint16) * 257) if mode == "I;16" else None
    picture = pictures.read(file_of(source or grey.convert(mode), kind))
    assert picture.shape == (8, 8, channels)
    assert picture.std() > 10


def test_a_camera_held_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = file_of(Image.fromarray(noise(10, 20, 3)), "JPEG", exif=exif)
    assert pictures.read(data).shape == (20, 10, 3)


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "letter.png"
    text.write_bytes(b"Dear all")
    cut = tmp_path / "cut.png"
    cut.write_bytes(pictures.png(noise(64, 64, 3))[:2000])
    for path in (text, cut, tmp_path / "gone.png", tmp_path):
        with pytest.raises(BadInput) as refused:
            pictures.read(path)
        assert path.name in refused.value.message


def test_a_small_file_of_a_giant_picture_is_refused() -> None:
    with pytest.raises(BadInput, match="pixels"):
        pictures.read(file_of(Image.new("1", (20_000, 10_000))), "giant.png")


def test_fitting_keeps_the_proportions() -> None:
    paper = pictures.fitted(np.zeros((10, 20, 3), np.uint8), 40, 40)
    assert paper.shape == (40, 40, 3)
    assert (paper[:10] == 255).all()
    assert (paper[10:30] == 0).all()


def test_blank_and_unfinished_pictures_do_not_pass() -> None:
    assert pictures.verdict(noise(8, 8, 3)).passed
    assert not pictures.verdict(np.full((8, 8, 3), 90, np.uint8)).passed
    assert not pictures.verdict(noise(8, 8, 3), finite=False).passed
    assert not pictures.check_file(b"no picture").passed
