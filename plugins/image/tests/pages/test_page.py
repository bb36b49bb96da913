"""The page of pictures under the hands of its user, in a real studio with a scripted runtime."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel

sys.path.insert(0, str(Path(__file__).parents[2]))

from studio.api import BadInput, ErrorCode, Page, StudioError
from studio.desktop.appearance.appearance import Appearance
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import Artifact, Fail, Result, Stall, Step
from studio_image import picture_arrays
from studio_image.pages import picture_files
from studio_image.pages.page import build
from studio_image.pages.picture_files import MAX_PIXELS
from studio_image.pages.prompt_box import MAX_CHARS
from studio_image.pages.viewer.canvas import Canvas
from studio_image.pages.viewer.contact_sheet import columns_for
from studio_image.plugin import studio_exporters, studio_open_file
from studio_image.recipes.recipe_files import recipe_in


def png(red: int = 200, side: int = 32, recipe: dict[str, Any] | None = None) -> bytes:
    """Return a picture of one colour with a dark corner."""
    array = np.full((side, side, 3), (red, 60, 90), np.uint8)
    array[: side // 4, : side // 4] = 10
    return picture_arrays.png(array, recipe)


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)).save(stream, "JPEG")
    return stream.getvalue()


def picture(red: int = 200, seed: int = 7, side: int = 32) -> Artifact:
    params = {"prompt": "a red fox", "style": "flat", "seed": seed, "steps": 12}
    meta = {"task": "image.generate", "params": params}
    return Artifact("image", png(red, side), ".png", title="a red fox", meta=meta)


class Desk(PageDesk):
    plugin = "image"
    capabilities = {"image-starter": "text-to-image", "enlarger": "upscale", "vgg": "features"}

    def build(self) -> Page:
        return build(self.ctx)

    def draw(self, *made: Any, prompt: str = "a red fox") -> None:
        """Draw, and wait until the result is in view."""
        self.runtime.enqueue(*(made or (picture(),)))
        self.write(prompt)
        self.run()
        self.until_over()
        self.until(lambda: self.page.viewer.on_sheet or self.in_view())

    def in_view(self) -> bool:
        """Whether the picture that is to be seen has been read."""
        return self.shown() != "" and self.shown() == self.page.view.current

    def ids(self) -> list[str]:
        """The pictures of the strip, from the left."""
        return [result.id for result in self.results()]

    def shown(self) -> str:
        return self.page.viewer.shown

    def view_first(self) -> None:
        """Show the newest picture large."""
        self.page.view.show(self.results()[0].id)
        self.until(self.in_view)

    def bring(self, path: Path) -> None:
        self.pick(path)
        self.until(lambda: self.page.composer.input.artifact is not None and self.in_view())


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


# --- drawing --------------------------------------------------------------------------------------


def test_return_draws_and_the_picture_is_shown(desk: Desk) -> None:
    desk.runtime.enqueue(picture())
    desk.qtbot.keyClicks(desk.page.composer.prompt.field.widget, "a red fox")
    desk.qtbot.keyClick(desk.page.composer.prompt.field.widget, Qt.Key.Key_Return)
    desk.until(lambda: desk.shown() != "")
    sent = desk.runtime.submitted[-1]
    assert (sent.task, sent.params["prompt"], sent.params["style"]) == (
        "image.generate",
        "a red fox",
        "3d",
    )
    assert desk.page.viewer.canvas.image.pixelColor(20, 20) == QColor(200, 60, 90)
    assert desk.ids() == [desk.shown()]


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({}, ""),
        ({"drawn": "frog", "known": "frog", "unknown": []}, ""),
        (
            {"drawn": "three", "known": "", "unknown": ["apples"]},
            "This model doesn't know, and left out: apples. Drawn from “three”.",
        ),
        (
            {"drawn": "red car", "known": "", "unknown": []},
            (
                "The model has not learned “red car” as a whole: "
                "parts may be missing from the picture."
            ),
        ),
    ],
)
def test_what_a_picture_may_not_show_stays_below_it_and_nothing_claims_more(
    desk: Desk, meta: dict[str, Any], said: str
) -> None:
    checks = {"checks": [{"name": "not blank", "passed": True, "evidence": "it is not"}]}
    made = picture()
    drawn = Artifact(
        "image", made.payload, ".png", title="x", meta={**made.meta, **meta}, verdict=checks
    )
    desk.draw(drawn)
    viewer = desk.page.viewer
    assert viewer._understood.text() == said
    assert viewer._understood.isVisible() is bool(said)
    desk.draw(drawn, drawn)
    assert viewer.on_sheet
    assert viewer._understood.text() == said
    desk.view_first()
    assert viewer._caption.widget.accessibleName() == "32 × 32 px · seed 7 · “a red fox”"


def test_a_chip_sets_the_style(desk: Desk) -> None:
    chip = next(c for c in desk.page.composer.prompt.chips() if c.text() == "Flat")
    desk.qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    desk.draw()
    assert desk.runtime.submitted[-1].params["style"] == "flat"


def test_other_weights_get_words_instead_of_styles(desk: Desk) -> None:
    desk.write("a fox")
    desk.page.composer.prompt.show_weights("sd15")
    chip = next(c for c in desk.page.composer.prompt.chips() if c.text() == "Pencil")
    desk.qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert desk.page.composer.prompt.field.text == "a fox, pencil drawing"
    desk.qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert desk.page.composer.prompt.field.text == "a fox"


def test_a_batch_is_a_sheet_and_a_click_opens_one(desk: Desk) -> None:
    desk.draw(*(picture(red) for red in (10, 90, 170, 250)))
    assert desk.page.viewer.on_sheet
    desk.page.viewer.sheet.setFocus()
    desk.qtbot.keyClick(desk.page.viewer.sheet, Qt.Key.Key_Right)
    desk.qtbot.keyClick(desk.page.viewer.sheet, Qt.Key.Key_Return)
    desk.until(lambda: desk.shown() != "")
    assert desk.page.viewer.canvas.image.pixelColor(20, 20).red() == 90
    desk.page.view.show_sheet()
    desk.until(lambda: desk.page.viewer.on_sheet)


def test_previews_progress_and_stop(desk: Desk) -> None:
    preview = np.full((16, 64, 3), 77, np.uint8)
    desk.runtime.enqueue(Step(3, 8, "Drawing a red fox", preview), Stall())
    desk.write("a red fox")
    desk.run()
    desk.until(lambda: desk.page.viewer.on_sheet)
    assert desk.page.viewer.sheet.count == 4
    desk.page.viewer.sheet.opened.emit(1)  # nothing to open yet
    desk.until(lambda: desk.progress() == "Drawing a red fox")
    assert desk.share() == 0.375
    assert desk.verb() == "Stop"
    desk.stop()
    assert desk.progress() == ""
    assert desk.verb() == "Draw"
    assert desk.page.stage.currentWidget() is not desk.page.viewer  # back to the examples


def test_what_was_made_before_a_stop_is_kept(desk: Desk) -> None:
    desk.runtime.enqueue(picture(), Stall())
    desk.write("a red fox")
    desk.run()
    desk.until(lambda: len(desk.results()) == 1)
    desk.stop()
    desk.until(lambda: desk.shown() != "")


def test_looking_at_another_picture_meanwhile_is_not_disturbed(desk: Desk) -> None:
    desk.draw()
    older = desk.shown()
    step = Step(1, 8, "", np.zeros((8, 8, 3), np.uint8))
    desk.runtime.enqueue(step, Stall(), step, picture(90))
    desk.run()
    desk.until(lambda: desk.shown() == "")
    desk.pick_result(0)
    desk.until(lambda: desk.shown() == older)
    desk.runtime.release()
    desk.until_over()
    assert desk.shown() == older
    assert len(desk.results()) == 2


def test_a_failure_says_why_and_can_be_tried_again(desk: Desk) -> None:
    error = StudioError(ErrorCode.OUT_OF_MEMORY, "There is not enough memory.", "Draw fewer.")
    desk.runtime.enqueue(Fail(error))
    desk.write("a red fox")
    desk.run()
    desk.until(lambda: "not enough memory" in desk.trouble())
    desk.runtime.enqueue(picture())
    desk.try_again()
    desk.until(lambda: desk.shown() != "")
    assert desk.trouble() == ""


def test_nothing_to_draw_is_said_and_not_sent(desk: Desk) -> None:
    desk.run()
    assert "Describe the pictures first." in desk.trouble()
    assert desk.runtime.submitted == []


def test_a_prompt_that_is_too_long_is_refused_whole(desk: Desk) -> None:
    desk.write("my words")
    data = QMimeData()
    data.setText("x" * 100_000)
    desk.page.composer.prompt.field.widget.insertFromMimeData(data)
    assert desk.page.composer.prompt.field.text == "my words"
    assert f"{MAX_CHARS:,}" in desk.trouble()


# --- results --------------------------------------------------------------------------------------


def test_recall_brings_back_everything(desk: Desk) -> None:
    desk.draw(picture(seed=4711))
    desk.write("something else")
    desk.set_mode("enlarge")
    desk.page.picture_actions.recall()
    assert desk.mode() == "draw"
    assert (
        desk.page.composer.params() | {"seed": 4711, "steps": 12, "style": "flat"}
        == desk.page.composer.params()
    )
    assert desk.page.composer.prompt.field.text == "a red fox"


@pytest.mark.parametrize(("suffix", "start"), [(".jpg", b"\xff\xd8"), (".webp", b"RIFF")])
def test_save_as_writes_the_format_that_is_named(
    desk: Desk, tmp_path: Path, suffix: str, start: bytes
) -> None:
    desk.draw()
    desk.target = tmp_path / f"fox{suffix}"
    desk.page.result_actions.save_as()
    desk.until(lambda: desk.target is not None and desk.target.exists())
    assert desk.target.read_bytes().startswith(start)


def test_a_saved_png_is_the_file_itself_with_its_recipe(desk: Desk, tmp_path: Path) -> None:
    desk.draw(Artifact("image", png(recipe={"task": "image.generate", "params": {}}), ".png"))
    desk.target = tmp_path / "fox.png"
    desk.page.result_actions.save_as()
    desk.until(lambda: desk.target is not None and desk.target.exists())
    assert recipe_in(desk.target.read_bytes()).task == "image.generate"


def test_a_place_that_takes_nothing_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.draw()
    desk.target = tmp_path / "not there" / "fox.jpg"
    desk.page.result_actions.save_as()
    desk.until(lambda: "could not be saved" in desk.trouble())


def test_copy_puts_the_picture_on_the_clipboard(desk: Desk) -> None:
    desk.draw()
    QGuiApplication.clipboard().clear()
    desk.page.result_actions.copy()
    desk.until(lambda: not QGuiApplication.clipboard().image().isNull())
    assert QImage(QGuiApplication.clipboard().image()).size().width() == 32


def test_stars_and_strip_outlive_a_crash(desk: Desk) -> None:
    desk.draw()
    desk.draw(picture(90))
    desk.page.result_actions.star()
    starred = desk.shown()
    desk.until(lambda: desk.page.results.settled)
    desk.close()  # no state is saved: only what was written down all along is there
    desk.open()
    desk.until(lambda: desk.shown() == starred)
    assert [item.star for item in desk.results()] == [True, False]
    assert len(desk.results()) == 2


def test_a_restart_finds_prompt_mode_and_settings(desk: Desk) -> None:
    desk.draw()
    desk.write("a lighthouse")
    desk.page.composer.modes.forms["draw"].set_values({"count": 9})
    desk.set_mode("restyle")
    desk.page.composer.styles.choose(["mosaic"])
    desk.until(lambda: desk.page.composer.input.artifact is not None)
    desk.again()
    assert desk.mode() == "restyle"
    assert desk.page.composer.prompt.field.text == "a lighthouse"
    assert desk.page.composer.modes.forms["draw"].values()["count"] == 9
    assert desk.page.composer.styles.chosen == ["mosaic"]
    desk.until(lambda: desk.page.composer.input.artifact is not None)


def test_foreign_state_is_borne(desk: Desk) -> None:
    desk.page.restore_state(
        {"mode": 7, "forms": [1], "styles": "x", "prompt": None, "input": "gone", "current": 3}
    )
    assert desk.mode() == "draw"


def test_the_bin_is_the_librarys_and_can_be_undone(desk: Desk) -> None:
    desk.draw()
    binned = desk.shown()
    offers = desk.offers()
    desk.qtbot.keyClick(desk.page.results.widget, Qt.Key.Key_Delete)
    assert desk.ids() == []
    assert len(desk.results()) == 0
    desk.until(lambda: bool(offers))
    assert desk.ctx.library.artifact(binned).binned
    assert desk.ctx.library.find() == []
    offers[0]()
    desk.until(desk.in_view)
    assert desk.ids() == [binned]
    assert not desk.ctx.library.artifact(binned).binned


def test_what_was_binned_elsewhere_is_not_in_the_strip(desk: Desk) -> None:
    desk.draw()
    desk.ctx.library.bin(desk.shown())
    desk.again()
    assert desk.ids() == []


def test_a_star_is_the_librarys(desk: Desk) -> None:
    desk.draw()
    desk.page.result_actions.star()
    desk.until(lambda: desk.ctx.library.artifact(desk.shown()).starred)
    desk.page.result_actions.star()
    desk.until(lambda: not desk.ctx.library.artifact(desk.shown()).starred)


def test_a_star_that_cannot_be_kept_is_taken_back_and_said(desk: Desk) -> None:
    def refuse(id: str, starred: bool = True) -> None:
        raise StudioError(ErrorCode.DISK_FULL, "The disk is full.", "Make room.")

    desk.draw()
    desk.ctx.library.star = refuse  # type: ignore[method-assign]
    desk.page.result_actions.star()
    assert desk.results()[0].star
    desk.until(lambda: "disk is full" in desk.trouble())
    assert not desk.results()[0].star


def test_make_it_again_leaves_what_is_set_alone(desk: Desk) -> None:
    desk.draw(picture(seed=4711))
    desk.write("something else")
    desk.runtime.enqueue(picture(90))
    desk.page.picture_actions.again()
    desk.until(lambda: len(desk.results()) == 2)
    sent = desk.runtime.submitted[-1].params
    assert (sent["prompt"], sent["seed"]) == ("a red fox", 4711)
    assert desk.page.composer.prompt.field.text == "something else"


# --- enlarge and restyle --------------------------------------------------------------------------


def test_enlarging_ends_in_before_and_after(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(png(10))
    desk.set_mode("enlarge")
    desk.bring(tmp_path / "small.png")
    desk.runtime.enqueue(Artifact("image", png(250, 128), ".png", title="Large"))
    desk.run()
    desk.until(lambda: desk.page.viewer.canvas.comparing)
    sent = desk.runtime.submitted[-1]
    assert sent.task == "image.enlarge"
    assert Path(sent.params["image"]).read_bytes() == png(10)
    shot = desk.page.viewer.canvas.grab().toImage()
    middle = shot.height() // 2
    assert shot.pixelColor(shot.width() // 2 - 60, middle).red() == 10
    assert shot.pixelColor(shot.width() // 2 + 60, middle).red() == 250
    desk.page.view.toggle_compare()
    assert not desk.page.viewer.canvas.comparing


def test_restyling_again_takes_the_same_picture(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(10))
    desk.set_mode("restyle")
    desk.bring(tmp_path / "photo.png")
    photo = desk.page.composer.input.artifact
    params = {"image": str(photo.path), "styles": ["ink"], "strength": 2.0, "seed": 5}
    meta = {"task": "image.restyle", "params": params}
    made = Artifact("image", png(99), ".png", title="In the style of Ink", meta=meta)
    desk.page.composer.styles.choose(["ink"])
    desk.runtime.enqueue(made)
    desk.run()
    desk.until(lambda: desk.page.viewer.canvas.comparing)
    desk.set_mode("draw")
    desk.runtime.enqueue(made)
    desk.page.picture_actions.again()
    desk.until(lambda: len(desk.results()) == 3)
    assert desk.runtime.submitted[-1].params | params == desk.runtime.submitted[-1].params
    desk.page.composer.input.show_nothing()
    desk.page.picture_actions.recall()
    desk.until(lambda: desk.page.composer.input.artifact is not None)
    assert desk.mode() == "restyle"
    assert desk.page.composer.input.artifact.id == photo.id
    assert desk.page.composer.params() | params == desk.page.composer.params()


def test_a_folder_is_for_enlarging(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    assert desk.drop(folder)
    desk.until(lambda: "holiday is a folder" in desk.trouble())
    desk.set_mode("enlarge")
    assert desk.drop(folder)
    desk.run()
    desk.until(lambda: bool(desk.runtime.submitted))
    assert desk.runtime.submitted[-1].params["folder"] == str(folder)


def test_restyling_sends_picture_and_styles(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(10))
    (tmp_path / "own.png").write_bytes(png(99))
    desk.set_mode("restyle")
    desk.run()
    assert "Choose a picture" in desk.trouble()
    desk.bring(tmp_path / "photo.png")
    desk.run()
    assert "Choose a style" in desk.trouble()
    desk.picked = [tmp_path / "own.png"]
    desk.page.composer.styles.pick_asked.emit()
    desk.page.composer.styles.choose(["waves", *desk.page.composer.styles.own])
    desk.run()
    desk.until_over()
    sent = desk.runtime.submitted[-1]
    assert sent.params["styles"] == ["waves", str(tmp_path / "own.png")]


def test_a_result_can_be_the_next_input(desk: Desk) -> None:
    desk.draw()
    desk.page.picture_actions.use_in("enlarge")
    desk.until(lambda: desk.page.composer.input.artifact is not None)
    assert desk.mode() == "enlarge"
    assert desk.page.composer.input.artifact.id == desk.page.view.current
    desk.page.picture_actions.use_in("draw")
    assert desk.page.composer.params()["init"] == str(desk.page.view.result().artifact.path)


# --- bringing in ----------------------------------------------------------------------------------


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
    desk.until(lambda: "There is no file gone.png." in desk.trouble())


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
    desk.until(lambda: any("unpacks to more than 1 MiB" in words for words in said))
    assert desk.page.composer.prompt.field.text == ""


def test_a_dropped_png_of_the_studio_restores_its_recipe(desk: Desk, tmp_path: Path) -> None:
    params = {"prompt": "an old boat", "style": "noto", "seed": 99}
    (tmp_path / "boat.png").write_bytes(png(recipe={"task": "image.generate", "params": params}))
    desk.bring(tmp_path / "boat.png")
    assert desk.page.composer.params() | params == desk.page.composer.params()


def test_a_png_of_another_program_restores_what_is_known_here(desk: Desk, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "parameters",
        "a lighthouse, dusk\nNegative prompt: people\nSteps: 28, Sampler: Euler a, CFG scale: 7.5, "
        "Seed: 1234, Size: 512x768, Model: dream_8, Clip skip: 2",
    )
    Image.new("RGB", (8, 8)).save(tmp_path / "theirs.png", pnginfo=info)
    said = desk.listen()
    desk.bring(tmp_path / "theirs.png")
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
    assert "Not available here: the model dream_8, Clip skip 2." in told


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
    desk.bring(desk.target)
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
    assert urls == [QUrl.fromLocalFile(str(desk.results()[0].artifact.path))]


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
    for name, write in studio_exporters().items():
        path = tmp_path / f"out{name.partition(':')[2]}"
        write(desk.results()[0].artifact, path)
        assert QImage(str(path)).width() == 32


# --- canvas and keys ------------------------------------------------------------------------------


def test_zoom_keeps_what_is_under_the_pointer(desk: Desk) -> None:
    canvas = Canvas(desk.ctx)
    canvas.resize(400, 300)
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(0)
    canvas.show_image(image)
    assert canvas.fitting
    at = QPointF(250, 140)
    before = canvas.view.box()
    part = (at.x() - before.x()) / before.width()
    canvas.zoom(2, at)
    after = canvas.view.box()
    assert after.width() == pytest.approx(2 * before.width())
    assert (at.x() - after.x()) / after.width() == pytest.approx(part)
    desk.qtbot.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.fitting
    desk.qtbot.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.scale == pytest.approx(1)


def test_the_handle_follows_mouse_and_keys(desk: Desk) -> None:
    canvas = Canvas(desk.ctx)
    canvas.resize(300, 300)
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    canvas.show_image(image)
    canvas.compare(image)
    canvas.show()
    left = Qt.MouseButton.LeftButton
    desk.qtbot.mousePress(canvas, left, pos=QPoint(150, 100))
    desk.qtbot.mouseMove(canvas, QPoint(75, 100))
    desk.qtbot.mouseRelease(canvas, left, pos=QPoint(75, 100))
    assert canvas.split == pytest.approx(0.25, abs=0.03)
    before = canvas.split
    desk.qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.split == pytest.approx(before + 0.05)


def test_what_is_clear_lies_on_squares(desk: Desk) -> None:
    canvas = Canvas(desk.ctx)
    canvas.resize(100, 100)
    image = QImage(50, 50, QImage.Format.Format_ARGB32)
    image.fill(0)
    canvas.show_image(image)
    shot = canvas.grab().toImage()
    assert len({shot.pixelColor(x, 50).name() for x in range(10, 90)}) >= 2


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (9, 3)])
def test_a_sheet_uses_the_room(count: int, columns: int) -> None:
    assert columns_for(count, 400, 300, 1.0) >= columns


def test_everything_has_a_name_and_keys_of_its_own(desk: Desk) -> None:
    from PySide6.QtWidgets import QAbstractButton

    desk.draw()
    nameless = [
        button
        for button in desk.page.findChildren(QAbstractButton)
        if not (button.accessibleName() or button.text())
        and button.objectName() not in ("qt_spinbox_lineedit",)
    ]
    assert nameless == []
    keys = [action.shortcut for action in desk.whole.actions if action.shortcut]
    assert len(keys) == len(set(keys))


def test_without_weights_the_page_says_how_to_get_some(desk: Desk) -> None:
    for file in desk.weights.iterdir():
        file.unlink()
    desk.studio.weights.rescan()
    desk.set_mode("enlarge")
    words = [label.text() for label in desk.page.stage.currentWidget().findChildren(QLabel)]
    assert any("No model for this yet" in text for text in words)
    desk.set_mode("draw")
    desk.write("a fox")
    desk.run()
    assert desk.trouble()


def test_a_task_that_ends_at_once_leaves_the_button_free(desk: Desk) -> None:
    desk.runtime.enqueue(Result(note="Nothing was drawn."))
    desk.write("a fox")
    desk.run()
    desk.until_over()
    assert desk.verb() == "Draw"
    assert desk.progress() == ""


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_picture_is_known_by_its_content_and_no_other_format_is_asked(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "misnamed.png"
    Image.new("RGB", (6, 4), (200, 30, 30)).save(path, kind)
    assert picture_files.read_picture(path).size().toTuple() == (6, 4)
    path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' width='6' height='4'/>")
    with pytest.raises(BadInput, match="cannot be read as a picture"):
        picture_files.read_thumbnail(path, 4)
