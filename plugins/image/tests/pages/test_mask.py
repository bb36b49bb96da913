"""A mask is painted over the picture, undone, and sent with it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QSize, Qt

from plugins.image.tests.pages.page_desk import Desk, png
from studio.testing.scripted import Artifact
from studio_image.pages.viewer.mask_layer import MaskLayer


def marked(layer: MaskLayer) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(layer.png())).convert("L")) > 0


@pytest.fixture
def layer(qtbot: Any) -> MaskLayer:
    layer = MaskLayer()
    layer.reset(QSize(60, 40))
    return layer


def stroke(layer: MaskLayer, y: int, *, erase: bool = False) -> None:
    layer.begin()
    layer.line(QPointF(10, y), QPointF(50, y), 9, erase=erase)
    layer.end()


def test_strokes_are_painted_erased_and_undone(layer: MaskLayer) -> None:
    assert layer.is_empty
    stroke(layer, 10)
    stroke(layer, 30)
    both = marked(layer)
    assert both[10, 30]
    assert both[30, 30]
    assert not both[20, 30]
    stroke(layer, 30, erase=True)
    assert not marked(layer)[30, 30]
    layer.history.undo()
    assert np.array_equal(marked(layer), both)
    layer.history.undo()
    layer.history.undo()
    assert layer.is_empty
    layer.history.redo()
    layer.history.redo()
    assert np.array_equal(marked(layer), both)


def test_an_outline_is_filled_all_is_inverted_and_cleared(layer: MaskLayer) -> None:
    layer.begin()
    layer.area([QPointF(10, 10), QPointF(40, 10), QPointF(40, 30), QPointF(10, 30)], erase=False)
    layer.end()
    inside = marked(layer)
    assert inside[20, 25]
    assert not inside[5, 5]
    layer.invert()
    assert np.array_equal(marked(layer), ~inside)
    layer.clear()
    assert layer.is_empty
    layer.history.undo()
    layer.history.undo()
    assert np.array_equal(marked(layer), inside)


def begun(desk: Desk, folder: Path) -> Any:
    (folder / "photo.png").write_bytes(png(90, 64))
    desk.set_mode("repair")
    desk.bring_to_mask(folder / "photo.png")
    return desk.page.masks.desk


def test_a_painted_mask_goes_with_the_picture(desk: Desk, tmp_path: Path) -> None:
    editor = begun(desk, tmp_path)
    canvas = editor.canvas
    middle = canvas.view.box().center().toPoint()
    desk.qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    desk.qtbot.mouseMove(canvas, middle + QPoint(6, 0))
    desk.qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(6, 0))
    mask = editor.painted()
    desk.runtime.enqueue(Artifact("image", png(200, 64), ".png", title="{parent}, repaired"))
    desk.run()
    desk.until(lambda: desk.page.viewer.canvas.comparing)
    sent = desk.runtime.submitted[-1]
    assert sent.task == "image.repair"
    assert Path(sent.params["image"]).read_bytes() == png(90, 64)
    assert set(sent.blobs) == {"mask"}
    there = np.asarray(Image.open(io.BytesIO(mask)).convert("L"))
    assert there.shape == (64, 64)
    assert there[32, 32] == 255
    assert there[2, 2] == 0
    assert desk.page.views.currentWidget() is desk.page.viewer
    desk.page.composer.input.show_asked.emit()
    assert desk.page.views.currentWidget() is editor
    assert editor.painted() == mask


def test_keys_paint_undo_and_change_the_brush(desk: Desk, tmp_path: Path) -> None:
    editor = begun(desk, tmp_path)
    canvas, keys = editor.canvas, desk.qtbot.keyClick
    width = canvas.width_of_brush
    keys(canvas, Qt.Key.Key_BracketRight)
    assert canvas.width_of_brush > width
    keys(canvas, Qt.Key.Key_BracketLeft)
    keys(canvas, Qt.Key.Key_Space)
    first = editor.painted()
    keys(canvas, Qt.Key.Key_Right)
    keys(canvas, Qt.Key.Key_Space)
    assert first is not None
    assert editor.painted() != first
    editor.undo.click()
    assert editor.painted() == first
    editor.undo.click()
    assert editor.painted() is None
    assert not editor.undo.isEnabled()
    editor.redo.click()
    assert editor.painted() == first


def repaired(desk: Desk) -> None:
    meta = {"task": "image.repair", "params": {"feather": 2}, "masked": True}
    desk.runtime.enqueue(Artifact("image", png(200, 64), ".png", title="Repaired", meta=meta))
    desk.run()
    desk.until(lambda: desk.page.viewer.canvas.comparing)


def test_a_painted_mask_is_kept_for_another_time(desk: Desk, tmp_path: Path) -> None:
    editor = begun(desk, tmp_path)
    stroke(editor.canvas.layer, 20)
    mask = editor.painted()
    repaired(desk)
    desk.runtime.enqueue(Artifact("image", png(210, 64), ".png", title="Again"))
    desk.page.picture_actions.again()
    desk.until(lambda: len(desk.runtime.submitted) == 2)
    desk.until_over()
    _first, second = desk.runtime.submitted
    assert second.params["feather"] == 2
    assert set(second.blobs) == {"mask"}
    editor.canvas.layer.clear()
    desk.page.view.show(desk.results()[1].id)
    desk.until(desk.in_view)
    desk.page.picture_actions.recall()
    desk.until(lambda: editor.painted() is not None)
    assert editor.painted() == mask
    editor.undo.click()
    assert editor.painted() is None, "as it was before"
