"""Pictures that were made: recalled, saved, copied, starred, binned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from plugins.image.tests.pages.page_desk import Desk, picture, png
from studio.api import ErrorCode, StudioError, UsedSettings
from studio.testing.scripted import Artifact
from studio_image.recipes.recipe_files import recipe_in


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
    desk.until(lambda: "does not exist" in desk.trouble())


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


def _close_menu() -> None:
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.close()


def test_the_large_picture_has_the_menu_of_the_strip(desk: Desk) -> None:
    shown: list[list[str]] = []
    ui: Any = desk.ctx.ui
    whole = ui.menu

    def menu(*args: Any) -> QMenu:
        made: QMenu = whole(*args)
        made.aboutToShow.connect(lambda: shown.append([each.text() for each in made.actions()]))
        return made

    ui.menu = menu
    desk.draw()
    canvas = desk.page.viewer.canvas
    at = canvas.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.mapToGlobal(at))
    QApplication.sendEvent(canvas, event)
    desk.until(lambda: bool(shown))
    assert "Regenerate" in shown[0]
    assert "Make again" not in shown[0]
    _close_menu()
    desk.page.picture_actions.show_menu(canvas.mapToGlobal(at))
    assert shown[1] == shown[0]
    _close_menu()


@pytest.mark.parametrize("field", ["weights", "control"])
def test_a_model_that_is_missing_is_named_wherever_settings_are_reused(
    desk: Desk, field: str
) -> None:
    params = {"prompt": "a fox", field: "dream-8"}
    said = desk.listen()
    desk.page.imports.reuse(UsedSettings("image.generate", params, (), {}))
    desk.until(lambda: any("the model dream-8" in words for words in said))
    assert desk.page.composer.params()[field] != "dream-8"


def test_it_is_said_before_drawing_that_variations_look_alike(desk: Desk) -> None:
    hint, form = desk.page.composer._hint, desk.page.composer.modes.forms["draw"]
    assert hint.isVisible()
    assert "look much alike" in hint.text()
    parts = {part.accessibleName(): part for part in form.widget.findChildren(QWidget)}
    parts["Mixed styles"].click()
    assert not hint.isVisible()
    parts["Mixed styles"].click()
    assert hint.isVisible()
    parts["Variations"].setValue(1)
    assert not hint.isVisible()
