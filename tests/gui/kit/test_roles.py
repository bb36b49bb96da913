"""Roles are all the names that the style sheet knows, and a widget changes its look at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from studio import desktop
from studio.api import Role

SHEET = (Path(desktop.__file__).parent / "appearance" / "style.qss").read_text("utf-8")


def test_every_role_is_known_to_the_style_sheet() -> None:
    for role in Role:
        name, value = role.value
        assert f'[{name}="{value}"]' in SHEET, role


def test_every_name_of_the_style_sheet_has_a_role() -> None:
    named = re.findall(r'\[(role|surface|kind|density|plain)="([\w-]+)"\]', SHEET)
    assert {role.value for role in Role} >= set(named)
    assert len(named) > 20, "the control: the sheet is read"


def test_a_label_wears_its_role_and_can_change_it(desk: Any) -> None:
    label = desk.ctx.ui.label("12 pictures", Role.SMALL)
    desk.column.addWidget(label)
    label.show()
    before = label.palette().windowText().color()
    desk.ctx.ui.wear(label, Role.BAD)
    assert label.palette().windowText().color() != before
