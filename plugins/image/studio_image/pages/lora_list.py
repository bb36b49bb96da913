"""The LoRAs of the next drawings: which ones, and how strong each is. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_image.schema.generate import MOST_LORAS, STRONGEST_LORA

_CAPABILITY = "lora"
_STEPS = 20
"""Positions of a slider for 1."""
_WEAKEST, _STRONGEST = -1.0, 2.0
"""What a slider reaches; a recipe may say more."""


class LoraList(QWidget):
    """A heading with a button to add one, and a row for each.

    Signals:
        changed: Another LoRA or strength is set by the user.
    """

    changed = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._rows: dict[str, _Row] = {}
        self.add_button = ctx.ui.button(tr("Add"), "plus", dense=True)
        self.add_button.setAccessibleName(tr("Add a LoRA"))
        self.add_button.clicked.connect(lambda _checked=False: self._open_menu())
        head = QHBoxLayout()
        head.addWidget(ctx.ui.label(tr("LoRAs"), Role.STRONG))
        head.addStretch(1)
        head.addWidget(self.add_button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 12, 16, 4)
        self._column.setSpacing(8)
        self._column.addLayout(head)

    @property
    def pairs(self) -> list[tuple[str, float]]:
        """Each LoRA with its strength; none while it is out of view, as with the starter model."""
        return [] if self.isHidden() else [(id, row.strength) for id, row in self._rows.items()]

    def set_pairs(self, pairs: Iterable[tuple[str, float]]) -> list[str]:
        """Show just these, named by id or title; return the names of those that are not here."""
        for id in list(self._rows):
            self._remove(id)
        missing = []
        for name, strength in pairs:
            id = self.id_of(name)
            if not id:
                missing.append(name)
            elif len(self._rows) < MOST_LORAS:
                self.add(id, strength)
        return missing

    def id_of(self, name: str) -> str:
        """Return the id of the LoRA with this id or title; empty if there is none."""
        available = self._known()
        wanted = name.lower()
        return next((id for id, t in available.items() if wanted in (id.lower(), t.lower())), "")

    def add(self, id: str, strength: float = 1.0) -> None:
        """Add one, or set its strength anew."""
        if id not in self._rows:
            row = _Row(self._ctx, self._known().get(id, id))
            row.removed.connect(partial(self._on_removed, id))
            row.changed.connect(self.changed.emit)
            self._rows[id] = row
            self._column.addWidget(row)
        self._rows[id].set_strength(strength)

    def save_state(self) -> list[list[Any]]:
        """Return the state to restore after a restart."""
        return [[id, row.strength] for id, row in self._rows.items()]

    def restore_state(self, state: Any) -> None:
        """Take what ``save_state`` returned, or anything else."""
        pairs = state if isinstance(state, list) else []
        self.set_pairs(
            (str(pair[0]), float(pair[1]))
            for pair in pairs
            if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], int | float)
        )

    def _known(self) -> Mapping[str, str]:
        return dict(self._ctx.weights.for_capability(_CAPABILITY))

    def _open_menu(self) -> None:
        menu = self._ctx.ui.menu()
        for id, title in self._known().items():
            if id not in self._rows:
                menu.addAction(title, partial(self._on_chosen, id))
        if menu.isEmpty():
            words = tr("No other LoRAs here: add safetensors files on the page Models")
            menu.addAction(words).setEnabled(False)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.add_button.mapToGlobal(self.add_button.rect().bottomLeft()))

    def _on_chosen(self, id: str) -> None:
        if len(self._rows) < MOST_LORAS:
            self.add(id)
            self.changed.emit()

    def _on_removed(self, id: str) -> None:
        self._remove(id)
        self.changed.emit()

    def _remove(self, id: str) -> None:
        row = self._rows.pop(id)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()


class _Row(QWidget):
    """One LoRA: its name, a slider, the strength in figures, and a way to remove it."""

    changed = Signal()
    removed = Signal()

    def __init__(self, ctx: PluginContext, title: str) -> None:
        super().__init__()
        self._exact = 1.0
        name = ctx.ui.elided_label(title, Role.SMALL)
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(_WEAKEST * _STEPS), round(_STRONGEST * _STEPS))
        self.slider.setPageStep(_STEPS // 4)
        self.slider.setAccessibleName(tr("Strength of {name}").format(name=title))
        self.slider.valueChanged.connect(self._on_slider)
        self._figure = QLabel()
        self._figure.setFixedWidth(self._figure.fontMetrics().horizontalAdvance("−0.00") + 4)
        self._figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        remove = ctx.ui.icon_button("x", tr("Remove {name}").format(name=title))
        remove.clicked.connect(lambda _checked=False: self.removed.emit())
        below = QHBoxLayout()
        below.setSpacing(8)
        for part, stretch in ((self.slider, 1), (self._figure, 0), (remove, 0)):
            below.addWidget(part, stretch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(name.widget)
        column.addLayout(below)

    @property
    def strength(self) -> float:
        """How strong it is."""
        return self._exact

    def set_strength(self, strength: float) -> None:
        """Show another strength; values beyond the slider's range are preserved."""
        self._exact = max(-STRONGEST_LORA, min(STRONGEST_LORA, strength))
        self.slider.blockSignals(True)
        self.slider.setValue(round(self._exact * _STEPS))
        self.slider.blockSignals(False)
        self._tell()

    def _on_slider(self, value: int) -> None:
        self._exact = value / _STEPS
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        self._figure.setText(f"{self._exact:.2f}".replace("-", "−"))


class _Slider(QSlider):
    """A slider that no passing wheel moves."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Move only with the focus."""
        super().wheelEvent(event) if self.hasFocus() else event.ignore()
