"""The page of pictures under the hands of its user: drawing, canvas, keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QLabel

from plugins.image.tests.pages.page_desk import Desk, picture
from studio.api import BadInput, ErrorCode, StudioError
from studio.testing.scripted import Artifact, Fail, Result, Stall, Step
from studio_image.pages import picture_files
from studio_image.pages.prompt_box import MAX_CHARS
from studio_image.pages.viewer.canvas import Canvas
from studio_image.pages.viewer.contact_sheet import columns_for


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
        ({"drawn": "frog", "known": "frog", "unknown": []}, "Drawn from: frog."),
        (
            {"drawn": "owl, closed book", "known": "owl, closed book", "unknown": ["reading"]},
            "Drawn from: owl, closed book. Left out (unknown words): reading.",
        ),
        (
            {"drawn": "bicycle", "unknown": [], "respelt": {"bycicle": "bicycle"}},
            "Drawn from: bicycle. “bycicle” was read as “bicycle”.",
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
    assert desk.verb() == "Add to queue"
    desk.stop()
    assert desk.progress() == ""
    assert desk.verb() == "Draw"
    assert desk.page.views.currentWidget() is not desk.page.viewer  # back to the examples


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
    words = [label.text() for label in desk.page.views.currentWidget().findChildren(QLabel)]
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


def test_a_model_of_another_plugin_is_a_mode_once_it_is_here(desk: Desk) -> None:
    modes = desk.page.composer.modes
    own = "lab.sample:image"
    title = modes.get(own).title
    (action,) = (each for each in modes.widget.menu().actions() if each.text() == title)
    assert not action.isVisible()
    (desk.weights / "mine.bin").write_bytes(b"GGUF" + bytes(28))
    (desk.weights / "mine.toml").write_text(
        'id = "mine"\ntitle = "VAE: cats"\nfile = "mine.bin"\nformat = "gguf"\nfamily = "lab"\n'
        'capability = ["lab", "lab-pictures"]\n'
    )
    other = (desk.weights / "mine.toml").read_text().replace("mine", "a").replace("pictures", "x")
    (desk.weights / "a.toml").write_text(other.replace("a.bin", "mine.bin"))
    desk.studio.weights.rescan()
    desk.page.hide()
    desk.page.show()
    assert action.isVisible()
    action.trigger()
    assert {"weights", "count", "seed"} == set(modes.form.values())
    desk.runtime.enqueue(picture())
    desk.page.run.run()
    desk.until(lambda: desk.shown() != "")
    sent = desk.runtime.submitted[-1]
    assert (sent.task, sent.params["weights"]) == ("lab.sample", "mine")
    assert sent.params["single"] is True
    assert desk.ids() == [desk.shown()]


@pytest.mark.parametrize(
    ("mode", "title"),
    [
        ("draw", "What should it look like?"),
        ("restyle", "Restyle a picture"),
        ("enlarge", "Make a small picture large"),
        ("edit", "Edit a picture"),
        ("repair", "Repair a picture"),
        ("grid", "Compare settings"),
        ("film", "Let one picture become another"),
    ],
)
def test_an_empty_page_says_how_its_mode_begins(desk: Desk, mode: str, title: str) -> None:
    desk.set_mode(mode)
    labels = desk.page.views.currentWidget().findChildren(QLabel)
    assert title in [label.text() for label in labels]
