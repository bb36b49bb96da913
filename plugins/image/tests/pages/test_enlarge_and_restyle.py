"""A picture is enlarged or restyled, and its result may be the next input."""

from __future__ import annotations

from pathlib import Path

from plugins.image.tests.pages.page_desk import Desk, png
from studio.testing.scripted import Artifact


def test_enlarging_ends_in_before_and_after(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(png(10))
    desk.set_mode("enlarge")
    desk.bring(tmp_path / "small.png")
    large = Artifact("image", png(250, 128), ".png", title="{parent}, 4 × larger")
    desk.runtime.enqueue(large)
    desk.run()
    desk.until(lambda: desk.page.viewer.canvas.comparing)
    assert desk.results()[0].artifact.title == "small, 4 × larger"
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
