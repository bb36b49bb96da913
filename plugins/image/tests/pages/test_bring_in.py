"""Pictures are brought in from files, drags, pastes and the Gallery, with their recipes."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QColor, QImage

from plugins.image.tests.pages.page_desk import Desk, png
from studio.testing.scripted import Artifact
from studio_image.pages.picture_files import MAX_PIXELS
from studio_image.plugin import studio_exporters, studio_open_file


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("cut.png", png()[:60]),
        ("words.png", b"this is no picture"),
        ("empty.jpg", b""),
        ("cut.jpg", jpeg()[:300]),
    ],
)
def test_what_is_no_picture_is_told(desk: Desk, tmp_path: Path, name: str, payload: bytes) -> None:
    (tmp_path / name).write_bytes(payload)
    desk.pick(tmp_path / name)
    desk.until(lambda: name in desk.trouble())
    assert len(desk.results()) == 0


def test_far_too_many_pixels_are_refused_unread(desk: Desk, tmp_path: Path) -> None:
    whole = bytearray(png())  # a few bytes that say 100,000 pixels on a side
    whole[16:24] = struct.pack(">II", 100_000, 100_000)
    whole[29:33] = struct.pack(">I", zlib.crc32(bytes(whole[12:29])))
    (tmp_path / "huge.png").write_bytes(whole)
    desk.pick(tmp_path / "huge.png")
    desk.until(lambda: f"{MAX_PIXELS // 1_000_000} million" in desk.trouble())
    assert len(desk.results()) == 0


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("CMYK", ".jpg"),
        ("CMYK", ".tif"),
        ("I;16", ".png"),
        ("I;16", ".tif"),
        ("P", ".gif"),
        ("LA", ".png"),
    ],
)
def test_unusual_pictures_are_taken(desk: Desk, tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"odd{suffix}"
    Image.new(mode, (20, 10)).save(path)
    desk.bring(path)
    assert desk.page.viewer.canvas.image.width() == 20


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to read")
def test_a_file_that_cannot_be_read_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bad sector.png").symlink_to("/proc/self/mem")
    desk.pick(tmp_path / "bad sector.png")
    desk.until(lambda: "bad sector.png cannot be read: Input/output error." in desk.trouble())
    desk.pick(tmp_path / "gone.png")
    desk.until(lambda: "gone.png cannot be found." in desk.trouble())


def test_a_camera_held_sideways_is_turned(desk: Desk, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 10), "teal").save(tmp_path / "upright.jpg", exif=exif)
    desk.bring(tmp_path / "upright.jpg")
    assert (desk.page.viewer.canvas.image.width(), desk.page.viewer.canvas.image.height()) == (
        10,
        20,
    )


def test_an_animation_is_its_first_picture_and_that_is_said(desk: Desk, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "dance.gif", save_all=True, append_images=frames[1:])
    said = desk.listen()
    desk.bring(tmp_path / "dance.gif")
    assert desk.page.viewer.canvas.image.pixelColor(5, 5) == QColor("red")
    desk.until(lambda: any("dance: The file contains several pictures" in words for words in said))


def test_a_picture_that_tells_a_bomb_is_taken_and_the_bomb_is_not(
    desk: Desk, tmp_path: Path
) -> None:
    bomb = b"parameters\0\0" + zlib.compress(bytes(50_000_000))
    chunk = struct.pack(">I", len(bomb)) + b"zTXt" + bomb
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + bomb))
    (tmp_path / "bomb.png").write_bytes(png()[:33] + chunk + png()[33:])
    said = desk.listen()
    desk.bring(tmp_path / "bomb.png")
    desk.until(lambda: any("unpacks to more than 4 MiB" in words for words in said))
    assert desk.page.composer.prompt.field.text == ""


def test_a_dropped_png_of_the_studio_restores_its_recipe(desk: Desk, tmp_path: Path) -> None:
    params = {"prompt": "an old boat", "style": "noto", "seed": 99}
    (tmp_path / "boat.png").write_bytes(png(recipe={"task": "image.generate", "params": params}))
    offers = desk.offers()
    desk.write("mine")
    desk.bring(tmp_path / "boat.png")
    desk.until(lambda: bool(offers))
    assert desk.page.composer.params()["prompt"] == "mine"  # until it is asked for
    offers[-1]()
    assert desk.page.composer.params() | params == desk.page.composer.params()


def test_a_png_of_another_program_restores_what_is_known_here(desk: Desk, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "parameters",
        "a lighthouse, dusk <lora:inky:1>\nNegative prompt: people\n"
        "Steps: 28, Sampler: Euler a, CFG scale: 7.5, "
        "Seed: 1234, Size: 512x768, Model: dream_8, Model hash: 12ab, Eta: 0.2",
    )
    Image.new("RGB", (8, 8)).save(tmp_path / "theirs.png", pnginfo=info)
    said, offers = desk.listen(), desk.offers()
    desk.bring(tmp_path / "theirs.png")
    desk.until(lambda: bool(offers))
    offers[-1]()
    wanted = {
        "prompt": "a lighthouse, dusk",
        "negative": "people",
        "steps": 28,
        "guidance": 7.5,
        "seed": 1234,
        "width": 512,
        "height": 768,
        "scheduler": "euler-a",
    }
    desk.until(lambda: desk.page.composer.params() | wanted == desk.page.composer.params())
    told = next(words for words in said if "Settings restored" in words)
    assert "Not available here: the model dream_8 (hash 12ab), the LoRA inky, Eta 0.2." in told
    assert any("includes its AUTOMATIC1111 settings." in words for words in said)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".png"])
def test_what_is_saved_restores_its_recipe_when_it_is_dropped(
    desk: Desk, tmp_path: Path, suffix: str
) -> None:
    params = {"prompt": "Füchse, two", "style": "noto", "seed": 99, "negative": "snow"}
    meta = {"task": "image.generate", "params": params}
    desk.draw(Artifact("image", png(recipe=meta), ".png", title="fox", meta=meta))
    desk.target = tmp_path / f"fox{suffix}"
    desk.page.result_actions.save_as()
    desk.until(lambda: desk.target is not None and desk.target.exists())
    desk.write("mine")
    offers = desk.offers()
    desk.bring(desk.target)
    desk.until(lambda: bool(offers))
    offers[-1]()
    desk.until(lambda: desk.page.composer.params() | params == desk.page.composer.params())


def test_a_recipe_in_another_mode_is_offered(desk: Desk, tmp_path: Path) -> None:
    recipe = {"task": "image.restyle", "params": {"styles": ["ink", "gone.jpg"], "size": 512}}
    (tmp_path / "inked.png").write_bytes(png(recipe=recipe))
    offers = desk.offers()
    desk.set_mode("enlarge")
    desk.bring(tmp_path / "inked.png")
    assert desk.mode() == "enlarge"
    said = desk.listen()
    offers[0]()
    assert desk.mode() == "restyle"
    assert desk.page.composer.styles.chosen == ["ink"]
    assert desk.page.composer.modes.forms["restyle"].values()["size"] == 512
    assert desk.page.composer.input.artifact is None
    assert "Choose the picture it was made from. Not available here: gone.jpg." in said[-1]


def test_a_png_of_another_program_is_just_a_picture(desk: Desk, tmp_path: Path) -> None:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(0)
    image.setText("offline-studio", '{"params": [')
    image.save(str(tmp_path / "odd.png"))
    desk.write("mine")
    desk.bring(tmp_path / "odd.png")
    assert desk.page.composer.prompt.field.text == "mine"


def test_a_picture_dragged_from_elsewhere_is_brought(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(10))
    urls, pixels, words = QMimeData(), QMimeData(), QMimeData()
    urls.setUrls([QUrl.fromLocalFile(str(tmp_path / "photo.png"))])
    pixels.setImageData(QImage(12, 8, QImage.Format.Format_RGB32))
    words.setText("words")
    for data, taken in ((urls, 1), (pixels, 2), (words, 2)):
        desk.drop(data)
        desk.until(lambda taken=taken: len(desk.results()) == taken)
    assert [result.artifact.title for result in desk.results()] == [
        "Pasted picture",
        "photo",
    ]
    assert desk.results()[1].artifact.path.read_bytes() == png(10)
    for result in desk.results():  # what the cards of the gallery show
        assert desk.studio.library.preview_path(result.artifact.id) is not None


def test_a_pasted_picture_is_kept(desk: Desk) -> None:
    image = QImage(12, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    desk.paste(image)
    desk.until(lambda: desk.shown() != "")
    assert desk.page.viewer.canvas.image.size() == image.size()
    desk.paste("words")
    assert "No picture on the clipboard" in desk.trouble()


def test_the_strip_hands_out_files(desk: Desk) -> None:
    desk.draw()
    strip = desk.page.results.widget
    urls = strip.mimeData([strip.item(0)]).urls()
    [file] = [Path(url.toLocalFile()) for url in urls]
    assert file.suffix == ".png"
    with Image.open(file) as out, Image.open(desk.results()[0].artifact.path) as kept:
        assert out.tobytes() == kept.tobytes()


def test_a_file_dropped_on_the_window_comes_to_the_page(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    run = studio_open_file(desk.ctx, tmp_path / "photo.png")
    assert studio_open_file(desk.ctx, tmp_path / "notes.txt") is None
    run()
    desk.until(lambda: bool(desk.sent))
    desk.whole.accept(desk.sent[0])
    desk.until(lambda: desk.shown() == desk.sent[0].id)


def test_a_result_from_the_gallery_comes_with_recipe_and_source(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(png(10))
    desk.set_mode("enlarge")
    desk.bring(tmp_path / "small.png")
    small = desk.page.composer.input.artifact
    meta = {"task": "image.enlarge", "params": {"image": str(small.path), "factor": "2"}}
    desk.runtime.enqueue(Artifact("image", png(250, 64), ".png", title="Large", meta=meta))
    desk.run()
    desk.until(lambda: desk.page.viewer.canvas.comparing)
    large = desk.ctx.library.artifact(desk.shown())
    for place in (1, 0):
        desk.page.results.remove(desk.results()[place].id)
    desk.page.view.current = ""
    desk.page.composer.input.show_nothing()
    desk.set_mode("draw")
    desk.whole.accept(large)
    desk.until(lambda: desk.page.composer.input.artifact is not None)
    assert desk.mode() == "enlarge"
    assert desk.page.composer.input.artifact.id == small.id
    assert desk.page.composer.params()["factor"] == "2"
    desk.until(desk.in_view)
    desk.page.view.toggle_compare()
    desk.until(lambda: desk.page.viewer.canvas.comparing)


def test_exporters_write_their_formats(desk: Desk, tmp_path: Path) -> None:
    desk.draw()
    for name, write in studio_exporters(desk.ctx).items():
        path = tmp_path / f"out{name.partition(':')[2]}"
        write(desk.results()[0].artifact, path)
        assert QImage(str(path)).width() == 32
