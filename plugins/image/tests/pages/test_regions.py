"""Regions are painted in a dialog, each with its prompt, and go with the drawing."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF

from plugins.image.tests.pages.page_desk import Desk, picture
from studio_image.diffusion.regions import painted
from studio_image.pages.region_dialog import RegionDialog


def paint(dialog: RegionDialog, color: str, x: float, prompt: str) -> None:
    """Paint a strip from top to bottom."""
    dialog.choose(color)
    dialog.layer.begin()
    dialog.layer.line(QPointF(x, 0), QPointF(x, 768), 200, erase=False)
    dialog.layer.end()
    dialog.prompts[color].setText(prompt)


@pytest.fixture
def row(desk: Desk):
    composer = desk.page.composer
    composer.prompt.show_weights("sd")  # whose words are free, as those of diffusion weights are
    composer.regions.setVisible(True)
    return composer.regions


def test_painted_regions_go_with_the_drawing(desk: Desk, row) -> None:
    dialog = row.dialog()
    desk.qtbot.addWidget(dialog)
    paint(dialog, "red", 100, "a fox")
    paint(dialog, "blue", 600, "a lake")
    dialog.canvas.set_tool("eraser")
    dialog.choose("blue")
    assert dialog.canvas.tool == "brush"
    dialog.layer.history.undo()
    dialog.layer.history.redo()
    dialog._on_done()
    row.take(dialog)
    desk.runtime.enqueue(picture())
    desk.write("a meadow")
    desk.run()
    desk.until_over()
    sent = desk.runtime.submitted[-1]
    assert sent.params["regions"] == "a fox\na lake"
    seen = np.asarray(Image.open(io.BytesIO(row.painting)))
    left, right = painted(seen, ["a fox", "a lake"], 12, 12)
    assert left.mask[0, 0, 6, 1] == 1
    assert right.mask[0, 0, 6, 9] == 1, "the second prompt has the second colour"
    assert float(left.mask.mean()) == pytest.approx(200 / 768, abs=0.03)
    again = row.dialog()
    desk.qtbot.addWidget(again)
    assert [field.text() for field in again.prompts.values()][:3] == ["a fox", "a lake", ""]
    assert not again.layer.part("#00ff00").isEmpty()
    desk.until(lambda: again.canvas.image.pixelColor(300, 300).red() == 200)  # what was drawn
    assert again.canvas.image.size() == again.layer.image.size()
    assert not again.layer.part("#00ff00").isEmpty(), "the regions are still there"


def test_a_region_without_a_prompt_and_a_prompt_without_one_are_told(desk: Desk, row) -> None:
    dialog = row.dialog()
    desk.qtbot.addWidget(dialog)
    paint(dialog, "green", 100, "")
    with pytest.raises(Exception, match="Green is painted, but has no prompt"):
        dialog._answered()
    dialog.prompts["green"].setText("grass")
    dialog.prompts["red"].setText("a fox")
    with pytest.raises(Exception, match="“a fox” has no region"):
        dialog._answered()
    dialog._on_done()
    assert dialog.answer is None
    assert dialog.trouble.widget.isVisibleTo(dialog)


def test_regions_come_back_after_a_restart_and_hostile_ones_do_not(desk: Desk, row) -> None:
    dialog = row.dialog()
    desk.qtbot.addWidget(dialog)
    paint(dialog, "red", 100, "a fox")
    dialog._on_done()
    row.take(dialog)
    state, painting = row.save_state(), row.painting
    row.set([], b"")
    for odd in (None, 3, ["%%", "a"], [1, 2], []):
        row.restore_state(odd)
        assert not row.prompts
    row.restore_state(state)
    assert (row.prompts, row.painting) == (["a fox"], painting)
