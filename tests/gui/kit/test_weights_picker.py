"""The choice of weights: the best there are, what the user chose, what can be got."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QMenu


@pytest.fixture
def menus(desk: Any) -> list[QMenu]:
    """Every menu that is made from now on."""
    made, make = [], desk.ctx.ui.menu

    def menu() -> QMenu:
        made.append(make())
        return made[-1]

    desk.ctx.ui.menu = menu
    return made


def forget_all_weights(desk: Any) -> None:
    for file in desk.weights.iterdir():
        file.unlink()
    desk.studio.weights.rescan()


def test_the_best_is_chosen_until_the_user_chooses(desk: Any, menus: list[QMenu]) -> None:
    told: list[str] = []
    picker = desk.put(desk.kit.weights_picker("text"))
    picker.on_choose(told.append)
    assert picker.weights == "small"
    picker.open_menu()
    (action,) = [each for each in menus[-1].actions() if each.isCheckable()]
    assert action.isChecked()
    action.trigger()
    assert told == ["small"]


def test_a_choice_is_kept_in_the_settings_that_are_named(desk: Any, menus: list[QMenu]) -> None:
    picker = desk.put(desk.kit.weights_picker("text", key="weights"))
    picker.open_menu()
    menus[-1].actions()[0].trigger()
    desk.settled()
    assert desk.ctx.settings.get("weights") == "small"


def test_weights_that_are_gone_give_way_to_the_best(desk: Any) -> None:
    picker = desk.put(desk.kit.weights_picker("text"))
    picker.choose("no longer here")
    assert picker.weights == "small"
    forget_all_weights(desk)
    picker.refresh()
    assert (picker.weights, picker.text()) == ("", "No model yet")


def test_a_remark_stands_while_better_ones_are_missing(desk: Any) -> None:
    remark = "Weights for code do it better."
    with_coder = desk.put(desk.kit.weights_picker("text", prefer="code", remark=remark))
    assert remark not in with_coder.toolTip()
    without = desk.put(desk.kit.weights_picker("text", prefer="features", remark=remark))
    assert remark in without.toolTip()


def test_sets_that_can_be_got_lead_to_the_models_page(desk: Any, menus: list[QMenu]) -> None:
    wanted: list[str] = []
    weights = desk.ctx.weights
    weights.to_get = lambda capability: [("coder", "Coder", 1_500_000_000)]
    weights.get_set = wanted.append
    picker = desk.put(desk.kit.weights_picker("text"))
    picker.open_menu()
    action = menus[-1].actions()[-1]
    assert action.text() == "Download Coder (1.5 GB)…"
    action.trigger()
    assert wanted == ["coder"]
