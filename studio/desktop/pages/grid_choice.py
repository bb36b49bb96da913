"""The averages of some countries, offered beside the grams of CO₂ a kilowatt-hour."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QPushButton

from studio.api.window.language import tr
from studio.base.energy.grid import PRESETS, Preset
from studio.desktop.forms.form import FieldRow
from studio.desktop.ui import WindowUi


def offer_countries(ui: WindowUi, row: FieldRow) -> QPushButton:
    """Add a button with national grid averages beside a field; return it.

    The selected value is written to the field.
    """
    button = ui.button(tr("By country"), dense=True)
    menu, names = ui.menu(button), _names()
    for preset in PRESETS:
        words = f"{names[preset.place]}: {preset.grams:.0f} g"
        menu.addAction(words, partial(_choose, row, preset))
    button.setMenu(menu)
    row.add_beside(button)
    return button


def _choose(row: FieldRow, preset: Preset) -> None:
    row.show_value(preset.grams)
    row.editor.edited.emit()


def _names() -> dict[str, str]:
    return {
        "Sweden": tr("Sweden"),
        "France": tr("France"),
        "Brazil": tr("Brazil"),
        "United Kingdom": tr("United Kingdom"),
        "United States": tr("United States"),
        "Germany": tr("Germany"),
        "World": tr("World"),
        "Japan": tr("Japan"),
        "China": tr("China"),
        "India": tr("India"),
    }
