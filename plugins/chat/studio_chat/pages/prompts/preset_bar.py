"""Above the panel's fields: the preset of a conversation, and how freely answers are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QMenu, QToolButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_chat.pages.prompts.saved import MAX_NAME, Preset, Shelf

SAMPLING: dict[str, dict[str, float]] = {
    "precise": {"temperature": 0.1, "top_p": 0.8, "top_k": 20, "min_p": 0.1},
    "balanced": {},
    "creative": {"temperature": 0.9, "top_p": 0.98, "top_k": 100, "min_p": 0.03},
}
"""Ways to sample; what one leaves out is as the weights' makers, or the user, set it for them."""
KNOBS = ("temperature", "top_p", "top_k", "min_p")
CUSTOM = "custom"


def sampling_of(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return which way to sample ``values`` are, ``custom`` for any other."""
    now = {name: values.get(name) for name in KNOBS}
    for name, knobs in SAMPLING.items():
        if now == {knob: knobs.get(knob, defaults.get(knob)) for knob in KNOBS}:
            return name
    return CUSTOM


class PresetBar(QWidget):
    """A choice of presets with their menu, and Precise, Balanced, Creative.

    Signals:
        preset_picked: Name of the preset to set everything by.
        sampling_picked: A key of ``SAMPLING``.
        save_asked: Name under which what is set now is to be kept.
        renamed: From one name to another.
    """

    preset_picked = Signal(str)
    sampling_picked = Signal(str)
    save_asked = Signal(str)
    renamed = Signal(str, str)

    def __init__(self, ctx: PluginContext, shelf: Shelf) -> None:
        super().__init__()
        ui, self._shelf = ctx.ui, shelf
        self._ui = ui
        self.combo = ui.combo_box()
        self.combo.setAccessibleName(tr("Preset"))
        self.combo.activated.connect(self._on_activated)
        more = ui.icon_button("ellipsis", tr("Save, rename, delete, use by default"))
        more.clicked.connect(lambda: self._popup(more))
        choices = [
            ("precise", "", tr("Precise")),
            ("balanced", "", tr("Balanced")),
            ("creative", "", tr("Creative")),
            (CUSTOM, "", tr("Custom")),
        ]
        self.sampling = ui.switch_bar(tr("Answer style"), choices)
        self.sampling.on_choose(self._on_sampling)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.combo, 1)
        row.addWidget(more)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 4, 16, 14)
        column.setSpacing(8)
        column.addWidget(ui.label(tr("Preset"), Role.SECTION))
        column.addLayout(row)
        column.addSpacing(6)
        column.addWidget(ui.label(tr("Answer style"), Role.SECTION))
        column.addWidget(self.sampling.widget)
        shelf.changed.append(self._fill)
        self._fill()

    @property
    def preset(self) -> str:
        """Name of the preset that is shown; empty for none."""
        return str(self.combo.currentData() or "")

    def show_preset(self, name: str) -> None:
        """Show which preset a conversation was set by."""
        self.combo.setCurrentIndex(max(0, self.combo.findData(name)))

    def show_sampling(self, name: str) -> None:
        """Show which way of sampling is set."""
        self.sampling.show_choice(CUSTOM, name == CUSTOM)
        self.sampling.choose(name)

    def _fill(self) -> None:
        shown = self.preset
        self.combo.clear()
        self.combo.addItem(tr("No preset"), "")
        for preset in sorted(self._shelf.presets, key=lambda entry: entry.name.lower()):
            is_default = preset.name == self._shelf.default
            words = tr("{name} (default)") if is_default else "{name}"
            self.combo.addItem(words.format(name=preset.name), preset.name)
        self.show_preset(shown)

    def _on_activated(self, _place: int) -> None:
        self.preset_picked.emit(self.preset)

    def _on_sampling(self, name: str) -> None:
        if name != CUSTOM:
            self.sampling_picked.emit(name)

    def _popup(self, button: QToolButton) -> None:
        self.menu().popup(button.mapToGlobal(button.rect().bottomLeft()))

    def menu(self) -> QMenu:
        """Return the menu of actions on the current preset."""
        menu: QMenu = self._ui.menu()
        preset, icon = self._shelf.preset(self.preset), self._ui.icon
        menu.addAction(icon("save"), tr("Save as preset…"), self._ask_name)
        if preset is not None:
            menu.addAction(
                icon("save"),
                tr("Update “{name}”").format(name=preset.name),
                lambda: self.save_asked.emit(preset.name),
            )
            menu.addAction(icon("pencil"), tr("Rename preset…"), lambda: self._rename(preset))
            is_default = preset.name == self._shelf.default
            default = menu.addAction(
                tr("Use for new conversations"),
                lambda: self._shelf.use_by_default("" if is_default else preset.name),
            )
            default.setCheckable(True)
            default.setChecked(is_default)
            menu.addSeparator()
            menu.addAction(icon("trash-2"), tr("Delete preset"), lambda: self._delete(preset))
        return menu

    def _ask_name(self) -> None:
        name, ok = QInputDialog.getText(self, tr("Save as preset"), tr("Name"), text=self.preset)
        if ok and (name := " ".join(name.split())[:MAX_NAME]):
            self.save_asked.emit(name)

    def _rename(self, preset: Preset) -> None:
        name, ok = QInputDialog.getText(self, tr("Rename preset"), tr("Name"), text=preset.name)
        if ok and (name := " ".join(name.split())[:MAX_NAME]) and name != preset.name:
            self._shelf.rename_preset(preset.name, name)
            self.show_preset(name)
            self.renamed.emit(preset.name, name)

    def _delete(self, preset: Preset) -> None:
        self._shelf.remove_preset(preset.name)
