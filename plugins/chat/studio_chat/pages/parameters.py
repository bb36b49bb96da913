"""The panel beside the chat: preset, style of the answers, and all fields as a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_chat.pages.memory.facts import Memory
from studio_chat.pages.prompts.preset_bar import KNOBS, SAMPLING, PresetBar, sampling_of
from studio_chat.pages.prompts.saved import Preset, Shelf
from studio_chat.schema import PANEL_FIELDS, Reply

_CHANGED_MS = 600


class Parameters(QObject):
    """The settings of a conversation; changes are reported once they settle.

    Signals:
        changed: The values are to be saved.
        weights_wanted: Id of the weights that a preset brings.
    """

    changed = Signal()
    weights_wanted = Signal(str)

    def __init__(self, ctx: PluginContext, shelf: Shelf, memory: Memory) -> None:
        super().__init__()
        self._catalogue, self._shelf, self._facts = ctx.weights, shelf, memory
        self._defaults: dict[str, Any] = {}
        self._weights = ""
        self.form = ctx.ui.form(Reply, only=PANEL_FIELDS)
        self.bar = PresetBar(ctx, shelf)
        self.bar.preset_picked.connect(self.use_preset)
        self.bar.sampling_picked.connect(self._use_sampling)
        self.bar.save_asked.connect(self.save_preset)
        self.bar.renamed.connect(lambda _old, _new: self.changed.emit())
        self.memory = QCheckBox(tr("Use memory in this conversation"))
        self.memory.setToolTip(tr("The model is told the facts that you keep under Memory."))
        self.memory.clicked.connect(self._on_change)
        self.widget = QWidget()
        column = QVBoxLayout(self.widget)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        indented = QHBoxLayout()
        indented.setContentsMargins(20, 0, 16, 12)
        indented.addWidget(self.memory)
        column.addLayout(indented)
        column.addWidget(self.form.widget, 1)
        self._timer = QTimer(self, singleShot=True, interval=_CHANGED_MS)
        self._timer.timeout.connect(self.changed)
        self.form.on_change(self._on_change)

    def begin(self, weights: str) -> str:
        """Show the settings of a new conversation; return the id of its weights.

        Args:
            weights: Those to use unless the default preset brings others.
        """
        preset = self._shelf.preset(self._shelf.default)
        weights = self._there(preset) or weights
        self.use_defaults(weights)
        self.form.reset()
        self.form.set_values(preset.settings if preset else {})
        self.bar.show_preset(self._shelf.default)
        self.memory.setChecked(self._facts.on and bool(self._facts.facts))
        self._show_sampling()
        self._timer.stop()
        return weights

    def show(self, values: Mapping[str, Any], weights: str) -> None:
        """Show saved settings, for a conversation with ``weights``."""
        self._set_defaults(weights)
        if values and values != self.values():
            self.form.set_values(values)
            self.bar.show_preset(str(values.get("preset", "")))
            self.memory.setChecked(values.get("memory") is True)
            self._timer.stop()
        self._show_sampling()

    def values(self) -> dict[str, Any]:
        """Return the settings, the name of the preset, and whether memory is used."""
        preset = {"preset": self.bar.preset} if self.bar.preset else {}
        memory = {"memory": True} if self.memory.isChecked() else {}
        return {**self.form.values(), **preset, **memory}

    def settle(self) -> None:
        """Report pending changes now."""
        if self._timer.isActive():
            self._timer.stop()
            self.changed.emit()

    def use_defaults(self, weights: str) -> None:
        """Show the defaults of ``weights``; the user's changes stay."""
        self._set_defaults(weights)
        self._show_sampling()

    def use_preset(self, name: str) -> None:
        """Set everything as a preset has it; without one as the weights have it."""
        preset = self._shelf.preset(name)
        weights = self._there(preset)
        if weights and weights != self._weights:
            self.weights_wanted.emit(weights)
        self.form.set_values({**self._defaults, **(preset.settings if preset else {})})
        self.bar.show_preset(name)
        self._show_sampling()
        self._timer.start()

    def save_preset(self, name: str) -> None:
        """Save the current settings and weights under a name."""
        values = self.form.values()
        changed = {k: v for k, v in values.items() if v != self._defaults.get(k)}
        self._shelf.put_preset(Preset(name, changed, self._weights))
        self.bar.show_preset(name)
        self._timer.start()

    # --- inside -------------------------------------------------------------------------------

    def _there(self, preset: Preset | None) -> str:
        """Return the weights that a preset brings, if they are on this machine."""
        ids = {id for id, _title in self._catalogue.for_capability("text")}
        return preset.weights if preset and preset.weights in ids else ""

    def _set_defaults(self, weights: str) -> None:
        self._weights = weights
        own = self._catalogue.defaults(weights)
        self.form.set_defaults(own)
        plain = Reply()
        self._defaults = {name: own.get(name, getattr(plain, name)) for name in PANEL_FIELDS}

    def _use_sampling(self, name: str) -> None:
        self.form.set_values(
            {knob: SAMPLING[name].get(knob, self._defaults[knob]) for knob in KNOBS}
        )
        self._show_sampling()
        self._timer.start()

    def _on_change(self) -> None:
        self._show_sampling()
        self._timer.start()

    def _show_sampling(self) -> None:
        self.bar.show_sampling(sampling_of(self.form.values(), self._defaults))
