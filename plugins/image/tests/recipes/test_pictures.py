"""Pictures as files: what is read, what is refused, what is written."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from studio.api import BadInput, Params
from studio.testing.plugins import run_task
from studio_image import picture_arrays
from studio_image.recipes import png_text, recipe, recipe_files
from studio_image.schema import Enlarge, Restyle
from studio_image.tasks.enlargement import enlarge
from studio_image.tasks.style_transfer import restyle
from studio_image.upscale.model import Upscaler


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
    data = picture_arrays.png(picture, {"task": "image.generate", "params": params})
    assert np.array_equal(picture_arrays.read(data), picture)
    assert recipe.from_json(png_text.texts(data, [recipe.KEY])[recipe.KEY]).params == params
    assert png_text.texts(picture_arrays.png(picture), [recipe.KEY]) == {}


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 3), ("1", 3), ("P", 3), ("LA", 4), ("CMYK", 3), ("I;16", 3)]
)
def test_every_kind_of_pixel_becomes_colours(mode: str, channels: int) -> None:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    grey = Image.fromarray(noise(8, 8))
    source = Image.fromarray(noise(8, 8).astype(np.uint16) * 257) if mode == "I;16" else None
    picture = picture_arrays.read(file_of(source or grey.convert(mode), kind))
    assert picture.shape == (8, 8, channels)
    assert picture.std() > 10


def test_a_camera_held_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = file_of(Image.fromarray(noise(10, 20, 3)), "JPEG", exif=exif)
    assert picture_arrays.read(data).shape == (20, 10, 3)


def bomb() -> bytes:
    """Return a whole PNG of a few bytes that says it has 10^10 pixels."""
    whole = bytearray(picture_arrays.png(noise(8, 8, 3)))
    whole[16:24] = struct.pack(">II", 100_000, 100_000)
    whole[29:33] = struct.pack(">I", zlib.crc32(bytes(whole[12:29])))
    return bytes(whole)


BAD = {
    "letter.png": (b"Dear all", "is not a supported picture"),
    "cut.png": (picture_arrays.png(noise(64, 64, 3))[:2000], "is damaged"),
    "cut.jpg": (file_of(Image.fromarray(noise(64, 64, 3)), "JPEG")[:-900], "is damaged"),
    "empty.png": (b"", "is empty"),
    "bomb.png": (bomb(), "too many pixels"),
    "giant.png": (file_of(Image.new("1", (20_000, 10_000))), "limit is 100 million"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_refused_by_name_in_every_task(tmp_path: Path, name: str) -> None:
    data, why = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    for run in (restyled, enlarged, picture_arrays.read):
        with pytest.raises(BadInput, match=why) as refused:
            run(path)
        assert name in refused.value.message
        assert refused.value.hint


def restyled(path: Path) -> None:
    run_task(restyle, Restyle.parse({"image": str(path), "styles": ["waves"]}))


def enlarged(path: Path) -> None:
    params = Enlarge.parse({"image": str(path), "weights": "none"})
    unused = object.__new__(Upscaler)  # the picture is refused before it is asked anything
    run_task(enlarge, params, models={"none": unused})


def test_a_folder_a_missing_file_and_one_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for run in (restyled, enlarged):
        with pytest.raises(BadInput, match="is a folder"):
            run(tmp_path)
        with pytest.raises(BadInput, match=r"gone\.png cannot be read: No such file"):
            run(tmp_path / "gone.png")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to read")
def test_a_file_that_fails_while_it_is_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad sector.png").symlink_to("/proc/self/mem")
    for run in (restyled, enlarged):
        with pytest.raises(BadInput, match=r"bad sector\.png cannot be read: Input/output error"):
            run(tmp_path / "bad sector.png")


@pytest.mark.parametrize("task", recipe.TASKS.values())
def test_words_that_are_too_long_are_refused(task: type[Params]) -> None:
    for field in task.fields():
        if field.kind == "text":
            limit = f"100,000 characters; the limit is {field.text.max_chars:,}"
            assert field.text.max_chars <= 8000
            with pytest.raises(BadInput, match=limit):
                task.parse({"prompt": "x", field.name: "x" * 100_000})


def test_fitting_keeps_the_proportions() -> None:
    paper = picture_arrays.fitted(np.zeros((10, 20, 3), np.uint8), 40, 40)
    assert paper.shape == (40, 40, 3)
    assert (paper[:10] == 255).all()
    assert (paper[10:30] == 0).all()


def test_blank_and_unfinished_pictures_do_not_pass() -> None:
    assert picture_arrays.verdict(noise(8, 8, 3)).passed
    assert not picture_arrays.verdict(np.full((8, 8, 3), 90, np.uint8)).passed
    assert not picture_arrays.verdict(noise(8, 8, 3), finite=False).passed
    assert not picture_arrays.check_file(b"no picture").passed


# --- decoders that nobody asked for ---------------------------------------------------------------

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.fixture
def ghostscript(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program by the name of ``gs``; the file is there once it was started."""
    started, program = tmp_path / "started", tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch '{started}'\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # what it has found before
    return started


def test_a_picture_that_is_postscript_is_refused_and_starts_no_program(
    ghostscript: Path, tmp_path: Path
) -> None:
    file = tmp_path / "cat.png"
    for data in (
        EPS,
        EPS + bytes(9000),
        b"\xc5\xd0\xd3\xc6" + struct.pack("<7I", 32, 99, *[0] * 5) + EPS,
    ):
        file.write_bytes(data)
        for source in (data, file):
            with pytest.raises(BadInput, match="is not a supported picture file"):
                picture_arrays.read(source)
        assert not picture_arrays.has_many(file)
        assert recipe_files.spellings(data) == []
    assert not ghostscript.exists()


def test_pillow_left_to_itself_would_start_one(ghostscript: Path) -> None:
    """The control: the test above can fail."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):  # this one draws nothing
        Image.open(io.BytesIO(EPS)).load()
    assert ghostscript.exists()


def test_what_is_promised_is_read_and_nothing_else() -> None:
    Image.init()
    sample = Image.fromarray(noise(8, 8, 3))
    read = set()
    for kind in sorted(Image.SAVE.keys() & Image.OPEN.keys() - {"IM"}):  # IM: deprecated
        try:
            data = file_of(sample, kind)
        except (OSError, KeyError, ValueError):  # not of colours, or its library is missing
            continue
        try:
            picture_arrays.read(data, "x")
            read.add(kind)
        except BadInput as refused:
            assert refused.message == "x is not a supported picture file."  # noqa: PT017
    assert read == {*picture_arrays.FORMATS}
