"""Modes of a page: one switch, one form in view, values that outlive a restart."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from studio.api import Label, Mode, Params, Range
from studio.desktop.forms.form import ParamsFormWidget


class Draw(Params):
    prompt: str
    steps: Annotated[int, Range(1, 50), Label("Steps")] = 12


class Enlarge(Params):
    factor: Annotated[int, Range(2, 4), Label("Factor")] = 2


MODES = (
    Mode("draw", "Draw", "Draw", "brush", "t.draw", Draw, own=("prompt",), capability="text"),
    Mode("enlarge", "Enlarge", "Enlarge it", "maximize", "t.enlarge", Enlarge, capability="none"),
)


@pytest.fixture
def modes(desk: Any) -> Any:
    return desk.put(desk.kit.modes("Action", MODES))


def test_the_page_sets_its_own_parameters_and_the_panel_shows_the_others(modes: Any) -> None:
    assert modes.form.values() == {"steps": 12}


def test_the_switch_turns_a_mode_on_and_tells_it_once(desk: Any, modes: Any) -> None:
    told: list[str] = []
    modes.on_change(lambda mode: told.append(mode.id))
    modes.widget.buttons["enlarge"].click()
    assert (modes.mode.id, told) == ("enlarge", ["enlarge"])
    assert modes.form.values() == {"factor": 2}
    visible = [id for id, form in modes.forms.items() if form.widget.isVisibleTo(modes.panel)]
    assert visible == ["enlarge"]
    desk.set_mode("enlarge")
    desk.set_mode("there is none")
    assert told == ["enlarge"]
    desk.set_mode("draw")
    assert (desk.mode(), modes.widget.current) == ("draw", "draw")


def test_a_mode_is_known_by_its_task(modes: Any) -> None:
    assert modes.of_task("t.enlarge") is MODES[1]
    assert modes.of_task("t.other") is None
    assert modes.get("draw") is MODES[0]


def test_it_is_known_whether_there_are_weights(modes: Any) -> None:
    assert modes.has_weights
    modes.choose("enlarge")
    assert not modes.has_weights


def test_what_the_page_puts_above_is_shown_in_its_modes(modes: Any) -> None:
    curve = QLabel("curve")
    modes.put_above(curve, "enlarge")
    assert not curve.isVisibleTo(modes.panel)
    modes.choose("enlarge")
    assert curve.isVisibleTo(modes.panel)
    assert modes.panel.layout().indexOf(curve) == 0


def test_forms_come_back_and_foreign_state_is_borne(modes: Any) -> None:
    modes.form.set_values({"steps": 30})
    kept = modes.save_state()
    modes.form.set_values({"steps": 1})
    for foreign in (None, [1], {"draw": 3, "gone": {}}):
        modes.restore_state(foreign)
    assert modes.form.values() == {"steps": 1}
    modes.restore_state(kept)
    assert modes.form.values() == {"steps": 30}


def test_a_form_is_made_when_it_is_asked_for_and_loses_no_value_before(modes: Any) -> None:
    modes.restore_state({"enlarge": {"factor": 4}})
    assert len(modes.panel.findChildren(ParamsFormWidget)) == 1
    assert modes.save_state()["enlarge"] == {"factor": 4}, "not looked at since the last session"
    modes.choose("enlarge")
    assert modes.form.values() == {"factor": 4}
    assert len(modes.panel.findChildren(ParamsFormWidget)) == 2


def test_the_tab_key_goes_on_from_a_form_that_was_made_late_to_the_page(modes: Any) -> None:
    page = QWidget()
    column = QVBoxLayout(page)
    column.addWidget(modes.panel)
    column.addWidget(after := QPushButton("after"))
    modes.choose("enlarge")
    first, last = modes.forms["draw"].widget, modes.form.widget
    chain, each = [], first.nextInFocusChain()
    while each is not first:
        chain.append(each)
        each = each.nextInFocusChain()
    late = [chain.index(each) for each in chain if last.isAncestorOf(each) and each.focusPolicy()]
    assert late
    assert max(late) < chain.index(after), "as if it had been there from the beginning"


def test_many_modes_are_a_menu_that_says_which_is_on(desk: Any) -> None:
    many = [Mode(f"m{n}", f"Mode {n}", "Go", "brush", f"t.m{n}", Enlarge) for n in range(8)]
    modes = desk.put(desk.kit.modes("Action", many))
    told: list[str] = []
    modes.on_change(lambda mode: told.append(mode.id))
    assert modes.widget.text().startswith("Mode 0")
    modes.widget.menu().actions()[5].trigger()
    assert (modes.mode.id, told) == ("m5", ["m5"])
    assert modes.widget.text().startswith("Mode 5")
    modes.choose("m2")
    assert [action.text() for action in modes.widget.menu().actions() if action.isChecked()] == [
        "Mode 2"
    ]
