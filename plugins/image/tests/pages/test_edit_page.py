"""What an edit looks like is shown while its values are set; the picture itself stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDoubleSpinBox

from plugins.image.tests.pages.page_desk import Desk, png
from studio.testing.scripted import Artifact
from studio_image import picture_arrays
from studio_image.repair.adjustment import adjusted
from studio_image.schema import Edit


def test_an_edit_is_seen_at_once_and_sent_as_values(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(100, 64))
    desk.set_mode("edit")
    desk.bring(tmp_path / "photo.png")
    canvas, form = desk.page.viewer.canvas, desk.page.composer.modes.forms["edit"].widget
    spins = {spin.accessibleName(): spin for spin in form.findChildren(QDoubleSpinBox)}

    def red() -> int:
        return int(canvas.image.pixelColor(canvas.image.width() - 5, 5).red())

    assert red() == 100
    for exposure in (0.25, 0.5, 1.0):
        spins["Exposure"].setValue(exposure)
    desk.until(lambda: red() == 138)
    spins["Left"].setValue(50.0)
    desk.until(lambda: canvas.image.width() == 32)
    spins["Right"].setValue(60.0)
    desk.until(lambda: "Nothing would be left" in desk.trouble())
    spins["Right"].setValue(0.0)
    desk.until(lambda: desk.trouble() == "")
    desk.runtime.enqueue(Artifact("image", png(138, 32), ".png", title="{parent}, edited"))
    desk.run()
    desk.until(lambda: canvas.comparing)
    sent = desk.runtime.submitted[-1]
    assert sent.task == "image.edit"
    assert (sent.params["exposure"], sent.params["left"]) == (1.0, 50.0)
    assert Path(sent.params["image"]).read_bytes() == png(100, 64)


def test_borders_are_dragged_to_crop_and_back(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(100, 64))
    desk.set_mode("edit")
    desk.bring(tmp_path / "photo.png")
    canvas, form = desk.page.viewer.canvas, desk.page.composer.modes.forms["edit"]
    desk.until(desk.page.edits.handles.isVisible)

    def drag(start: QPoint, by: QPoint) -> None:
        desk.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
        desk.qtbot.mouseMove(canvas, start + by)
        desk.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + by)

    box = canvas.view.box().toRect()
    quarter = box.width() // 4
    drag(box.topLeft(), QPoint(quarter, 0))
    desk.until(lambda: canvas.image.width() == 48)
    assert form.values()["left"] == pytest.approx(25, abs=1)
    assert form.values()["top"] == pytest.approx(0, abs=1)
    box = canvas.view.box().toRect()
    drag(QPoint(box.left(), box.center().y()), QPoint(-box.width(), 0))
    desk.until(lambda: canvas.image.width() == 64)
    assert form.values()["left"] == 0, "what was cut off is back"
    desk.set_mode("draw")
    assert not desk.page.edits.handles.isVisible()


def test_another_mode_takes_what_is_in_view(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png(100, 64))
    desk.set_mode("edit")
    desk.bring(tmp_path / "photo.png")
    desk.runtime.enqueue(Artifact("image", png(138, 32), ".png", title="{parent}, edited"))
    desk.run()
    desk.until(lambda: desk.page.viewer.canvas.comparing)
    made = desk.page.view.current
    desk.set_mode("repair")
    desk.until(lambda: desk.page.composer.input.artifact.id == made)
    desk.set_mode("edit")
    desk.until(desk.page.edits.handles.isVisible)
    desk.set_mode("draw")
    desk.until(lambda: desk.shown() == made)


def test_an_edit_stays_with_its_picture_unless_it_is_wanted_for_the_next(
    desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "first.png").write_bytes(png(100, 64))
    (tmp_path / "second.png").write_bytes(png(60, 48))
    desk.set_mode("edit")
    desk.bring(tmp_path / "first.png")
    form = desk.page.composer.modes.forms["edit"]
    form.set_values({"exposure": 1.0, "left": 30.0})
    first, offers = desk.page.composer.input.artifact, desk.offers()
    desk.bring(tmp_path / "second.png")
    desk.until(lambda: desk.page.composer.input.artifact != first)
    assert (form.values()["exposure"], form.values()["left"]) == (0.0, 0.0)
    desk.until(lambda: desk.page.viewer.canvas.image.width() == 48)
    (apply_again,) = offers
    apply_again()
    assert (form.values()["exposure"], form.values()["left"]) == (1.0, 30.0)


@pytest.mark.parametrize("params", [{"left": 50.0}, {"top": 25.0, "right": 50.0}, {"turn": "90"}])
def test_before_is_framed_as_after(desk: Desk, tmp_path: Path, params: dict[str, Any]) -> None:
    """The dark corner of the picture lies on the same side of both, and neither is squeezed."""
    before = np.full((64, 96, 3), (100, 60, 90), np.uint8)
    before[:16, 64:] = 10
    (tmp_path / "photo.png").write_bytes(picture_arrays.png(before, None))
    desk.set_mode("edit")
    desk.bring(tmp_path / "photo.png")
    desk.page.composer.modes.forms["edit"].set_values(params)
    after = adjusted(before, Edit.parse(params))
    meta = {"task": "image.edit", "params": params}
    desk.runtime.enqueue(Artifact("image", picture_arrays.png(after, None), ".png", meta=meta))
    desk.run()
    canvas = desk.page.viewer.canvas
    desk.until(lambda: canvas.comparing)
    assert canvas._before.size() == canvas.image.size()
    for x in range(0, canvas.image.width(), 8):
        for y in range(0, canvas.image.height(), 8):
            assert canvas._before.pixelColor(x, y) == canvas.image.pixelColor(x, y)
