"""The form of every kind of field: what it shows is what it gives; bad input is told beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QPushButton,
    QSlider,
    QToolButton,
)

from studio.api.frozen_schema import freeze, thaw
from studio.api.params import (
    Capability,
    File,
    Group,
    Hidden,
    Label,
    Params,
    Range,
    Seed,
    Text,
    WeightsId,
)
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.forms.choices import titles_of
from studio.desktop.forms.form import FormServices, ParamsFormWidget
from studio.desktop.forms.numbers import Scale
from studio.desktop.window.local_server import ServerSettings


class Draw(Params):
    prompt: Annotated[str, Text(lines=3, max_chars=20)]
    size: Literal["512", "768", "1024"] = "512"
    sampler: Literal["euler", "euler_ancestral", "dpm_2m", "ddim"] = "euler"
    weights: Annotated[WeightsId, Capability("text-to-image")] = WeightsId()
    seed: Seed = Seed.random()
    steps: Annotated[int, Range(1, 150), Label("Steps", "More, finer."), Group("Sampling")] = 20
    strength: Annotated[float, Range(0, 2, 0.05), Group("Sampling")] = 0.7
    tiled: Annotated[bool, Group("Sampling")] = False
    limit: Annotated[int | None, Range(1, 10), Group("Sampling")] = None
    stop: Annotated[list[str], Group("Advanced", advanced=True)] = []
    picture: Annotated[str | None, File((".png",))] = None
    messages: Annotated[list[dict[str, str]], Hidden()] = []


class Shelf:
    def __init__(self, *titles: str) -> None:
        self.titles = list(titles)

    def for_capability(self, capability: str, prefer: str = "") -> Sequence[tuple[str, str]]:
        return [(title.lower(), title.partition(" of ")[0]) for title in self.titles]

    def title(self, weights: str) -> str:
        return weights


@pytest.fixture
def shelf() -> Shelf:
    return Shelf("Small", "Large")


@pytest.fixture
def form(qtbot: Any, look: Appearance, shelf: Shelf) -> ParamsFormWidget:
    services = FormServices(
        shelf, lambda title, suffixes, folder: Path("/pictures/cat.png"), _nothing
    )
    form = ParamsFormWidget(look, Draw, services)
    qtbot.addWidget(form)
    form.resize(280, 900)
    form.show()
    return form


def _nothing() -> None:
    return None


def test_a_short_form_in_a_tall_panel_stays_together(look: Appearance, qtbot: Any) -> None:
    class Words(Params):
        text: Annotated[str, Text(lines=3)] = ""
        times: Annotated[int, Range(1, 9)] = 3

    services = FormServices(Shelf(), lambda title, suffixes, folder: None, _nothing)
    form = ParamsFormWidget(look, Words, services)
    qtbot.addWidget(form)
    form.resize(280, 900)
    with qtbot.waitExposed(form):
        form.show()
    row = form.row("text")
    assert row.height() == row.sizeHint().height()
    assert form.row("times").geometry().bottom() < 300


def test_defaults_of_a_page_are_shown_and_count_as_no_change(form: ParamsFormWidget) -> None:
    form.set_values({"strength": 1.5})
    form.set_defaults({"steps": 30, "strength": 0.9, "gone": 1})
    assert (form.values()["steps"], form.values()["strength"]) == (30, 1.5)
    assert not form.row("steps").is_changed
    assert form.row("strength").is_changed
    form.reset()
    assert (form.values()["steps"], form.values()["strength"]) == (30, 0.9)
    form.set_defaults({})
    assert (form.values()["steps"], form.values()["strength"]) == (20, 0.7)
    assert not any(form.row(name).is_changed for name in form.values())


def test_a_fresh_form_gives_the_defaults(form: ParamsFormWidget) -> None:
    values = form.values()
    assert "messages" not in values, "hidden fields belong to the page"
    assert Draw.parse({**values, "prompt": "a cat"}) == Draw(prompt="a cat")


def test_what_is_shown_comes_back(form: ParamsFormWidget) -> None:
    shown = {
        "prompt": "a dog",
        "size": "1024",
        "sampler": "ddim",
        "weights": "large",
        "seed": 7,
        "steps": 33,
        "strength": 1.25,
        "tiled": True,
        "limit": 4,
        "stop": ["end", "two\nlines", "back\\slash"],
        "picture": "/a/b.png",
    }
    form.set_values({**shown, "unknown": 1})
    assert form.values() == shown
    assert Draw.parse(form.values()).limit == 4


def test_reset_brings_the_defaults_back_and_tells(form: ParamsFormWidget) -> None:
    fresh = form.values()
    form.set_values({"steps": 99, "limit": 3, "prompt": "x"})
    told: list[int] = []
    form.on_change(lambda: told.append(1))
    form.reset()
    assert form.values() == fresh
    assert told


def test_values_of_another_type_are_ignored(form: ParamsFormWidget) -> None:
    form.set_values({"steps": "many", "size": "enormous", "seed": "x"})
    assert form.values()["steps"] == 20
    assert form.values()["size"] == "512"
    assert form.values()["seed"] == -1


def test_one_field_can_be_reset_alone(form: ParamsFormWidget, qtbot: Any) -> None:
    form.set_values({"steps": 99, "strength": 0.1})
    reset = form.row("steps")._reset
    assert reset.isVisible()
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert form.values()["steps"] == 20
    assert form.values()["strength"] == 0.1
    assert not reset.isVisible()


def test_too_long_a_text_is_told_below_it(form: ParamsFormWidget, qtbot: Any) -> None:
    row = form.row("prompt")
    qtbot.keyClicks(row.editor.widget, "x" * 21)
    assert row._problem.isVisible()
    assert "limit is 20" in row._problem.text()
    assert "prompt" in form.problems()
    qtbot.keyClick(row.editor.widget, Qt.Key.Key_Backspace)
    assert not row._problem.isVisible()


def test_an_empty_required_field_is_a_problem_but_not_a_reproach(form: ParamsFormWidget) -> None:
    assert "prompt" in form.problems()
    assert not form.row("prompt")._problem.isVisible()


def test_a_seed_that_is_no_number_is_told(form: ParamsFormWidget, qtbot: Any) -> None:
    qtbot.keyClicks(form.row("seed").editor._edit, "abc")  # type: ignore[attr-defined]
    assert "seed" in form.problems()
    assert form.row("seed")._problem.isVisible()


def test_dice_and_lock_of_the_seed(form: ParamsFormWidget, qtbot: Any) -> None:
    editor: Any = form.row("seed").editor
    qtbot.mouseClick(editor._dice, Qt.MouseButton.LeftButton)
    drawn = form.values()["seed"]
    assert drawn >= 0
    qtbot.mouseClick(editor._lock, Qt.MouseButton.LeftButton)
    assert form.values()["seed"] == -1, "unlocked: a new one each time"
    qtbot.mouseClick(editor._lock, Qt.MouseButton.LeftButton)
    assert form.values()["seed"] >= 0


class Sized(Params):
    width: Annotated[int, Range(0, 64, 8, "px", lowest="Auto")] = 0
    seconds: Annotated[float, Range(0, 60, 5, "s", lowest="No limit")] = 5.0


def test_the_lowest_value_may_have_a_word(look: Appearance, qtbot: Any, shelf: Shelf) -> None:
    form = ParamsFormWidget(look, Sized, FormServices(shelf, lambda *_: None, _nothing))
    qtbot.addWidget(form)
    width, seconds = form.findChildren(QAbstractSpinBox)
    assert (width.text(), seconds.text()) == ("Auto", "5.00")
    assert form.values() == {"width": 0, "seconds": 5.0}
    form.set_values({"width": 8, "seconds": 0})
    assert (width.text(), seconds.text()) == ("8", "No limit")


def test_slider_and_number_move_together(form: ParamsFormWidget) -> None:
    row = form.row("steps").editor.widget
    slider, spin = row.findChild(QSlider), row.findChild(QAbstractSpinBox)
    slider.setValue(slider.maximum())
    assert form.values()["steps"] == 150
    slider.setValue(0)
    assert form.values()["steps"] == 1
    spin.setValue(75)  # type: ignore[attr-defined]
    assert abs(slider.value() / slider.maximum() - 0.5) < 0.01


def test_an_optional_number_is_switched_on(form: ParamsFormWidget, qtbot: Any) -> None:
    row = form.row("limit")
    assert form.values()["limit"] is None
    assert not row.editor.widget.isEnabled()
    qtbot.mouseClick(row._on, Qt.MouseButton.LeftButton)
    assert form.values()["limit"] == 1
    assert row.editor.widget.isEnabled()


def test_few_choices_stand_side_by_side_and_arrow_keys_move(
    form: ParamsFormWidget, qtbot: Any
) -> None:
    assert not isinstance(form.row("size").editor.widget, QComboBox)
    assert isinstance(form.row("sampler").editor.widget, QComboBox)
    form.activateWindow()
    form.row("size").editor.widget.setFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert form.values()["size"] == "768"


def test_advanced_groups_start_folded(form: ParamsFormWidget, qtbot: Any) -> None:
    stop = form.row("stop")
    assert not stop.isVisible()
    head = form._sections["Advanced"]._head
    assert head is not None
    qtbot.mouseClick(head, Qt.MouseButton.LeftButton)
    assert stop.isVisible()


def test_the_best_weights_are_offered_first(form: ParamsFormWidget) -> None:
    combo = form.row("weights").editor.widget.findChild(QComboBox)
    assert "Small" in combo.itemText(0)
    assert form.values()["weights"] == ""


def test_weights_that_a_task_can_do_without_are_the_best_until_none_is_chosen(
    qtbot: Any, look: Appearance, shelf: Shelf
) -> None:
    class Read(Params):
        encoder: Annotated[WeightsId | None, Capability("embedding")] = WeightsId()

    form = ParamsFormWidget(look, Read, FormServices(shelf, lambda *_: None, _nothing))
    qtbot.addWidget(form)
    row: Any = form.row("encoder")
    assert form.values() == {"encoder": ""}, "Automatic is shown, and meant"
    row.editor._combo.setCurrentIndex(row.editor._combo.findText("None"))
    row.editor._combo.activated.emit(0)
    assert form.values() == {"encoder": None}
    assert row.is_changed
    form.set_values({"encoder": "large"})
    row.reset()
    assert form.values() == {"encoder": ""}
    form.set_values({"encoder": None})
    assert form.values() == {"encoder": None}, "as a result that was made without"


def test_without_weights_it_says_how_to_add_some(qtbot: Any, look: Appearance) -> None:
    opened: list[int] = []
    services = FormServices(Shelf(), lambda *_: None, lambda: opened.append(1))
    form = ParamsFormWidget(look, Draw, services, only=("weights",))
    qtbot.addWidget(form)
    form.show()
    assert list(form.values()) == ["weights"]
    button = form.row("weights").editor.widget.findChild(QPushButton)
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened == [1]


def test_weights_that_appear_later_can_be_picked(form: ParamsFormWidget, shelf: Shelf) -> None:
    form.set_values({"weights": "large"})
    form.hide()
    shelf.titles = ["New", "Large"]
    form.show()
    box: Any = form.row("weights").editor._combo
    assert [box.itemText(row) for row in range(1, box.count())] == ["New", "Large"]
    assert form.values()["weights"] == "large", "the choice holds"
    form.hide()
    shelf.titles = ["Digits of a-491f", "Digits of b-5d9f", "Large"]
    form.show()
    assert [box.itemText(row) for row in (1, 2, 3)] == ["Digits (491f)", "Digits (5d9f)", "Large"]


def test_a_file_is_picked_or_dropped(form: ParamsFormWidget) -> None:
    editor: Any = form.row("picture").editor
    (browse,) = editor.widget.findChildren(QToolButton)
    browse.click()
    assert form.values()["picture"] == str(Path("/pictures/cat.png"))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/pictures/dog.png")])
    event = QDropEvent(
        QPoint(3, 3),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    editor.widget.dropEvent(event)
    assert form.values()["picture"] == str(Path("/pictures/dog.png"))


def test_what_may_be_a_file_or_a_folder_has_a_button_for_each(look: Appearance) -> None:
    class Learn(Params):
        data: Annotated[str, File(folder=True, or_file=True)] = ""

    asked: list[bool] = []
    services = FormServices(Shelf(), lambda title, suffixes, folder: asked.append(folder), _nothing)
    editor: Any = ParamsFormWidget(look, Learn, services).row("data").editor
    for button in editor.widget.findChildren(QToolButton):
        button.click()
    assert asked == [False, True]


def test_a_wheel_that_scrolls_by_changes_nothing(form: ParamsFormWidget) -> None:
    row = form.row("steps").editor.widget
    for control in (row.findChild(QSlider), row.findChild(QAbstractSpinBox)):
        assert control.focusPolicy() is Qt.FocusPolicy.StrongFocus, "Qt would focus it first"
        control.clearFocus()
        event = QWheelEvent(
            QPoint(5, 5).toPointF(),
            control.mapToGlobal(QPoint(5, 5)).toPointF(),
            QPoint(0, 120),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(control, event)
    assert form.values()["steps"] == 20


@pytest.mark.parametrize(
    ("bounds", "whole"),
    [
        (Range(1, 150), True),
        (Range(0, 2, 0.05), False),
        (Range(1, 32768), True),
        (Range(5, 5), True),
    ],
)
def test_a_slider_reaches_both_ends_and_comes_back(bounds: Range, whole: bool) -> None:
    scale = Scale(bounds, whole)
    assert scale.value(0) == bounds.minimum
    assert scale.value(1) == bounds.maximum
    for place in (0.1, 0.37, 0.8):
        value = scale.value(place)
        assert bounds.minimum <= value <= bounds.maximum
        if bounds.maximum > bounds.minimum:
            assert abs(scale.place(value) - place) < 0.06


def test_every_control_has_a_name_for_screen_readers(form: ParamsFormWidget) -> None:
    from tests.gui.names import nameless

    assert nameless(form) == []


class Form(Params):
    rules: Annotated[str, Text(lines=4, code=True)] = ""
    one: Annotated[str, Text(code=True)] = ""
    said: Annotated[str, Text(lines=4)] = ""


def test_what_a_machine_reads_is_written_in_the_font_for_code(
    look: Appearance, qtbot: Any, shelf: Shelf
) -> None:
    form = ParamsFormWidget(look, Form, FormServices(shelf, lambda *_: None, _nothing))
    qtbot.addWidget(form)
    fonts = {name: form.row(name).editor.widget.font().family() for name in ("rules", "one")}
    assert set(fonts.values()) == {look.fonts.mono().family()}
    assert form.row("said").editor.widget.font().family() != look.fonts.mono().family()


def test_a_port_has_no_slider_and_shows_its_word_whole(
    look: Appearance, qtbot: Any, shelf: Shelf
) -> None:
    services = FormServices(shelf, lambda *_: None, _nothing)
    form = ParamsFormWidget(look, ServerSettings, services)
    qtbot.addWidget(form)
    row = form.row("port").editor.widget
    assert row.findChild(QSlider) is None
    spin = row.findChild(QAbstractSpinBox)
    assert spin.fontMetrics().horizontalAdvance("Automatic") < spin.width() - 30
    form.set_values({"port": 12345})
    assert spin.text() == "12345", "a port is a name, no quantity"


def test_a_choice_that_is_no_word_has_the_name_that_its_author_gave() -> None:
    class Chosen(Params, frozen=True):
        network: Annotated[
            Literal["vae", "pixel_cnn"], Label("Network", choices={"vae": "Autoencoder"})
        ] = "vae"

    (field,) = Chosen.fields()
    assert titles_of(field) == ["Autoencoder", "Pixel cnn"]
    (thawed,) = thaw(freeze(Chosen)).fields()
    assert titles_of(thawed) == titles_of(field), "a plugin in a process of its own shows the same"
