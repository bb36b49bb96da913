"""Grids and films on the page: what is asked for, the sheet and its cells, a list of prompts."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMovie

from plugins.image.tests.pages.page_desk import Desk, picture, png
from studio.testing.scripted import Artifact

META = {"task": "image.grid", "params": {"x": "seed=1,2", "prompts": "a red fox", "seed": 4}}


def test_a_grid_takes_what_is_set_for_a_drawing_and_comes_back(desk: Desk) -> None:
    page = desk.page
    page.composer.modes.forms["draw"].set_values({"steps": 9, "enlarge": False, "count": 3})
    page.composer.modes.choose("grid")
    page.composer.modes.form.set_values({"x": "guidance=3,5"})
    desk.runtime.enqueue(picture())
    desk.write("a red fox\nan owl")
    desk.run()
    desk.until_over()
    sent = desk.runtime.submitted[-1]
    assert sent.task == "image.grid"
    assert sent.params["prompts"] == "a red fox\nan owl"
    assert set(sent.params["settings"]) == {"steps=9", "enlarge=False"}
    page.composer.modes.forms["draw"].set_values({"steps": 0, "enlarge": True})
    page.composer.set_params(sent.params)
    values = page.composer.modes.forms["draw"].values()
    assert (values["steps"], values["enlarge"]) == (9, False)


def test_a_grid_restyles_the_picture_in_view_as_restyle_is_set(desk: Desk, tmp_path: Path) -> None:
    page, composer = desk.page, desk.page.composer
    (tmp_path / "photo.png").write_bytes(png(90, 64))
    desk.set_mode("restyle")
    desk.bring(tmp_path / "photo.png")
    composer.modes.form.set_values({"steps": 30})
    composer.modes.choose("grid")
    assert composer.prompt.isVisibleTo(page)
    composer.modes.form.set_values({"task": "restyle", "x": "strength=0.5,1,2"})
    next(row for row in composer.modes.form.rows() if row.field.name == "task").editor.edited.emit()
    assert not composer.prompt.isVisibleTo(page)
    assert composer.input.isVisibleTo(page)
    assert composer.styles.isVisibleTo(page)
    desk.run()
    desk.until(lambda: "Choose a style" in desk.trouble())
    composer.styles.choose(["waves", "glass"])
    desk.runtime.enqueue(picture())
    desk.run()
    desk.until_over()
    sent = desk.runtime.submitted[-1]
    assert (sent.task, sent.params["task"]) == ("image.grid", "restyle")
    assert set(sent.params["settings"]) == {"steps=30", "styles=waves+glass"}
    assert Path(sent.params["image"]).exists()
    composer.styles.choose([])
    composer.modes.forms["restyle"].set_values({"steps": 120})
    composer.set_params(sent.params)
    assert composer.styles.chosen == ["waves", "glass"]
    assert composer.modes.forms["restyle"].values()["steps"] == 30


def test_what_is_no_grid_is_told_before_it_begins(desk: Desk) -> None:
    desk.page.composer.modes.choose("grid")
    desk.write("a red fox")
    desk.run()
    desk.until(lambda: "needs an axis" in desk.trouble())


def test_a_click_on_the_sheet_opens_its_cell_and_the_way_back(desk: Desk) -> None:
    desk.draw(picture(10))
    (cell,) = desk.ids()
    cells = {"cells": [{"id": cell, "at": [10, 10, 20, 20], "set": {"seed": "1"}}, {"id": 3}]}
    sheet = Artifact("image", png(90, side=64), ".png", title="Grid: seed", meta={**META, **cells})
    desk.page.composer.modes.choose("grid")
    desk.page.composer.modes.form.set_values({"x": "seed=1,2"})
    desk.draw(sheet)
    canvas = desk.page.viewer.canvas
    assert canvas.image.width() == 64
    assert desk.page.view.current != cell

    def click(x: float, y: float) -> None:
        box = canvas.view.box()
        at = (box.topLeft() + QPointF(x, y) * canvas.scale).toPoint()
        desk.qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at)

    grid = desk.page.view.current
    click(50, 50)
    assert desk.page.view.current == grid, "there is no cell"
    click(20, 20)
    desk.until(lambda: desk.shown() == cell)
    desk.page.view.show_sheet()
    desk.until(lambda: desk.shown() == grid)


def test_a_list_of_prompts_that_is_dropped_is_for_a_grid(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a fox\nan owl\n")
    desk.pick(tmp_path / "list.txt")
    desk.until(lambda: desk.page.composer.mode == "grid")
    desk.page.composer.modes.form.set_values({"x": ""})
    desk.runtime.enqueue(picture())
    desk.run()
    desk.until_over()
    assert desk.runtime.submitted[-1].params["prompt_file"] == str(tmp_path / "list.txt")


def test_pictures_are_keys_of_a_film_which_moves_until_it_is_clicked(desk: Desk) -> None:
    desk.draw(picture(seed=7), prompt="x")
    desk.page.picture_actions.add_to_film()
    desk.page.composer.modes.choose("draw")
    desk.draw(picture(seed=8), prompt="x")
    desk.page.picture_actions.add_to_film()
    assert desk.page.composer.mode == "film"
    frames = [Image.new("RGB", (32, 32), (red, 0, 0)) for red in (10, 200)]
    data = io.BytesIO()
    frames[0].save(data, "WEBP", save_all=True, append_images=frames[1:], duration=20)
    desk.runtime.enqueue(Artifact("video", data.getvalue(), ".webp", title="x → y"))
    desk.run()
    desk.until_over()
    sent = desk.runtime.submitted[-1]
    assert (sent.task, sent.params["seeds"]) == ("image.film", [7, 8])
    assert sent.params["prompts"] == "a red fox\na red fox"
    viewer = desk.page.viewer
    desk.until(lambda: viewer._film is not None)
    desk.until(lambda: viewer.canvas.image.pixelColor(5, 5).red() > 150)
    desk.qtbot.mouseClick(viewer.canvas, Qt.MouseButton.LeftButton)
    assert viewer._film is not None
    assert viewer._film.state() is QMovie.MovieState.Paused
