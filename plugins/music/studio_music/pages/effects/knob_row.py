"""Sliders for the knobs of one family of sounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr

if TYPE_CHECKING:
    from studio_music.audio.effects.family import Knob

_STEPS = 100


def knob_titles() -> dict[str, str]:
    """Return what knobs are called."""
    return {
        "barks": tr("Barks"),
        "birds": tr("Birds"),
        "bounces": tr("Bounces"),
        "buzz": tr("Buzz, Hz"),
        "count": tr("Number"),
        "crack": tr("Crack"),
        "cranks": tr("Cranks"),
        "debris": tr("Debris"),
        "depth": tr("Lowest tone, Hz"),
        "distance": tr("Distance"),
        "echo": tr("Echo"),
        "fall": tr("Fall, semitones"),
        "gap": tr("Gap, ms"),
        "ground": tr("Ground"),
        "height": tr("Centre, Hz"),
        "insects": tr("Insects"),
        "interval": tr("Interval, semitones"),
        "mains": tr("Lowest tone, Hz"),
        "notes": tr("Notes"),
        "people": tr("People"),
        "pieces": tr("Pieces"),
        "pulses": tr("Pulses per second"),
        "rasp": tr("Rasp"),
        "rate": tr("Beats per minute"),
        "ring": tr("Ring, s"),
        "rise": tr("Rise, semitones"),
        "size": tr("Size"),
        "slips": tr("Slips per second"),
        "sparks": tr("Sparks"),
        "speed": tr("Speed, per second"),
        "strength": tr("Strength"),
        "swings": tr("Swings per second"),
        "syllables": tr("Syllables"),
        "tension": tr("Tension"),
        "times": tr("Times"),
        "turns": tr("Turns per second"),
        "weight": tr("Weight"),
    }


class KnobRow(QWidget):
    """A slider for each knob that no word sets; hidden while there is none."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ui = ctx.ui
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(10)
        self._sound = ""
        self._chosen: dict[str, dict[str, float]] = {}
        """By family and knob: what the user moved."""
        self.sliders: dict[str, QSlider] = {}
        self.hide()

    def show_knobs(self, sound: str, knobs: tuple[Knob, ...], named: tuple[str, ...]) -> None:
        """Show the knobs of a sound, but for those that the words set."""
        self._sound = sound
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.sliders = {}
        for knob in knobs:
            if knob.name not in named:
                self._add(knob)
        self._row.addStretch(1)
        self.setVisible(bool(self.sliders))

    def _add(self, knob: Knob) -> None:
        title = knob_titles().get(knob.name, knob.name)
        value = self._chosen.get(self._sound, {}).get(knob.name, knob.usual)
        label = self._ui.label(title, Role.SMALL)
        number = self._ui.label("", Role.SMALL)
        number.setMinimumWidth(34)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setFixedWidth(110)
        slider.setAccessibleName(title)
        slider.setValue(round((value - knob.low) / (knob.high - knob.low) * _STEPS))
        _tell(number, value)
        slider.valueChanged.connect(lambda place: self._move(knob, place, number))
        for part in (label, slider, number):
            self._row.addWidget(part)
        self.sliders[knob.name] = slider

    def _move(self, knob: Knob, place: int, number: QLabel) -> None:
        value = knob.low + (knob.high - knob.low) * place / _STEPS
        value = round(value, 2 if knob.high - knob.low < 10 else 0)
        self._chosen.setdefault(self._sound, {})[knob.name] = value
        _tell(number, value)

    @property
    def shape(self) -> dict[str, float]:
        """The knobs that the user set for the current sound."""
        moved = self._chosen.get(self._sound, {})
        return {name: moved[name] for name in self.sliders if name in moved}

    def set_shape(self, sound: str, shape: Mapping[str, float]) -> None:
        """Set the knobs of a sound as they were."""
        self._chosen[sound] = dict(shape)

    def forget(self) -> None:
        """Set nothing until it is known again which sound it is."""
        self._sound, self.sliders = "", {}


def _tell(label: QLabel, value: float) -> None:
    label.setText(f"{value:g}")
