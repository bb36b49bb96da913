"""A number with its slider, and where a value stands on it. Knows its own field only."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.api.params import Field, FieldKind, Range
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.forms.editor import Editor
from studio.desktop.widgets.no_wheel import NoWheelDoubleSpinBox, NoWheelSlider, NoWheelSpinBox

_INT_MAX = 2**31 - 1
_ANY = Range(-_INT_MAX, _INT_MAX, 1)
_SLIDER_STEPS = 1000
_MOST = 20_000
"""Values on a slider; a port, say, is one of more, and nobody would find it."""
_SPIN_WIDTH, _AROUND = 92, 36
"""A number field beside its slider, and what is around its words."""
_LOGARITHMIC_FROM = 500
"""A positive range whose ends differ by this factor gets a logarithmic slider."""


class NumberEditor(Editor):
    """A number field, with a slider where the bounds are known."""

    def __init__(self, look: Appearance, field: Field) -> None:
        row = QWidget()
        super().__init__(row)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        self._whole = field.kind is FieldKind.INTEGER
        self._spin = _whole_spin(field) if self._whole else _decimal_spin(field)
        self._spin.setKeyboardTracking(True)
        self._spin.setFont(look.fonts.figures())
        self._spin.setAccessibleName(field.title)
        self._slider: NoWheelSlider | None = None
        self._scale: Scale | None = None
        if field.range is not None and math.isfinite(field.range.maximum - field.range.minimum):
            self._scale = Scale(field.range, self._whole)
            words = self._spin.fontMetrics().horizontalAdvance(field.range.lowest)
            self._spin.setFixedWidth(max(_SPIN_WIDTH, words + _AROUND))
        if self._scale is not None and self._scale.reaches_each:
            self._slider = NoWheelSlider()
            self._slider.setRange(0, _SLIDER_STEPS)
            self._slider.setPageStep(_SLIDER_STEPS // 10)
            self._slider.setSingleStep(max(1, round(_SLIDER_STEPS * self._scale.click)))
            self._slider.setAccessibleName(field.title)
            self._slider.valueChanged.connect(self._on_slider)
            layout.addWidget(self._slider, 1)
        layout.addWidget(self._spin, 0 if self._scale else 1)
        if self._slider is None and self._scale is not None:
            layout.addStretch(1)
        self._spin.valueChanged.connect(self._on_spin)

    def get(self) -> Any:
        value = self._spin.value()
        return int(value) if self._whole else round(float(value), 10)

    def set(self, value: Any) -> None:
        self._spin.blockSignals(True)
        self._put(value if value is not None else 0)
        self._spin.blockSignals(False)
        self._follow()

    def _put(self, value: float) -> None:
        if isinstance(self._spin, NoWheelSpinBox):
            self._spin.setValue(int(value))
        else:
            self._spin.setValue(value)

    def mark(self, bad: bool) -> None:
        restyle(self._spin, "bad", bad)

    def _on_slider(self, place: int) -> None:
        self._spin.blockSignals(True)
        assert self._scale is not None, "there is a slider"
        self._put(self._scale.value(place / _SLIDER_STEPS))
        self._spin.blockSignals(False)
        self.edited.emit()

    def _on_spin(self) -> None:
        self._follow()
        self.edited.emit()

    def _follow(self) -> None:
        if self._slider is not None and self._scale is not None:
            self._slider.blockSignals(True)
            self._slider.setValue(round(self._scale.place(self._spin.value()) * _SLIDER_STEPS))
            self._slider.blockSignals(False)


class Scale:
    """Where a value stands on a slider: linear, or logarithmic for ranges of many sizes."""

    def __init__(self, range_: Range, whole: bool) -> None:
        self._low, self._high = range_.minimum, range_.maximum
        self._log = self._low > 0 and self._high / self._low >= _LOGARITHMIC_FROM
        finest = float(whole) if self._log else nice_step(range_, whole)
        self._step = range_.step or finest
        self._each = range_.step or (1.0 if whole else finest)

    @property
    def reaches_each(self) -> bool:
        """Whether a value that is wanted can be found: not one of many whole numbers."""
        return self._log or self._each * _MOST >= self._high - self._low

    @property
    def click(self) -> float:
        """One key press, as a share of the slider."""
        return 0.01 if self._log else min(0.1, self._step / max(self._high - self._low, 1e-12))

    def place(self, value: float) -> float:
        """Return 0–1."""
        if self._high <= self._low:
            return 0.0
        if self._log:
            value = max(value, self._low)
            return math.log(value / self._low) / math.log(self._high / self._low)
        return (value - self._low) / (self._high - self._low)

    def value(self, place: float) -> Any:
        """Return the value at ``place``, on a step; both ends can be reached."""
        if place <= 0:
            return self._low
        if place >= 1:
            return self._high
        if self._log:
            exact = self._low * (self._high / self._low) ** place
            step = max(self._step, 10 ** (math.floor(math.log10(exact)) - 1))
            snapped = round(exact / step) * step
        else:
            exact = self._low + place * (self._high - self._low)
            snapped = self._low + round((exact - self._low) / self._step) * self._step
        return min(max(snapped, self._low), self._high)


def nice_step(range_: Range, whole: bool) -> float:
    """Return about a hundredth of the range, as 1, 2 or 5 times a power of ten."""
    rough = (range_.maximum - range_.minimum) / 100
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    return max(1.0, round(step)) if whole else step


def _whole_spin(field: Field) -> NoWheelSpinBox:
    bounds, spin = field.range or _ANY, NoWheelSpinBox()
    spin.setRange(int(max(bounds.minimum, -_INT_MAX)), int(min(bounds.maximum, _INT_MAX)))
    spin.setSingleStep(int(bounds.step or 1))
    spin.setGroupSeparatorShown(bounds.grouped and bounds.maximum >= 10_000)
    spin.setSpecialValueText(bounds.lowest)
    return spin


def _decimal_spin(field: Field) -> NoWheelDoubleSpinBox:
    bounds, spin = field.range or _ANY, NoWheelDoubleSpinBox()
    step = bounds.step or (nice_step(bounds, whole=False) if field.range else 0.1)
    spin.setDecimals(max(2, min(6, -math.floor(math.log10(step)))))
    spin.setRange(bounds.minimum, bounds.maximum)
    spin.setSingleStep(step)
    spin.setSpecialValueText(bounds.lowest)
    return spin
