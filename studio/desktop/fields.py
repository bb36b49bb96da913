"""The control of one parameter, for each kind of field. Knows no other field and no form."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QTextOption
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from studio.api.gui import WeightsView
from studio.api.params import Field, FieldKind, Range, Seed
from studio.desktop.look import Look
from studio.desktop.widgets.calm import CalmComboBox, CalmDoubleSpinBox, CalmSlider, CalmSpinBox
from studio.desktop.widgets.segmented import Segmented
from studio.desktop.widgets.switch import Switch

_INT_MAX = 2**31 - 1
_SLIDER_STEPS = 1000
_LOGARITHMIC_FROM = 500
"""A positive range whose ends differ by this factor gets a logarithmic slider."""


class PickFiles(Protocol):
    """Asks for existing files or a folder."""

    def __call__(self, title: str, suffixes: Sequence[str], folder: bool) -> Path | None: ...


class Editor(QObject):
    """A control and its value, as plain data.

    Attributes:
        widget: The control, without label.
        inline: Whether it stands beside its label instead of below it.

    Signals:
        edited: The user changed the value.
    """

    edited = Signal()
    inline = False

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.widget = widget

    def get(self) -> Any:
        """Return the value."""
        raise NotImplementedError

    def set(self, value: Any) -> None:
        """Show a value without telling anybody."""
        raise NotImplementedError

    def mark(self, bad: bool) -> None:
        """Show that the value cannot be used."""
        target = self.widget
        target.setProperty("bad", bad)
        target.style().unpolish(target)
        target.style().polish(target)


class TextEditor(Editor):
    """Text, one line or several."""

    def __init__(self, look: Look, field: Field) -> None:
        self._lines = field.text.lines
        if self._lines > 1:
            edit = QPlainTextEdit()
            edit.setTabChangesFocus(True)
            edit.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            edit.setFixedHeight(self._lines * edit.fontMetrics().lineSpacing() + 18)
        else:
            edit = QLineEdit()
        edit.setPlaceholderText(field.text.placeholder)
        edit.setAccessibleName(field.title)
        super().__init__(edit)
        self._edit = edit
        edit.textChanged.connect(self._on_changed)
        self._quiet = False

    def get(self) -> str:
        edit = self._edit
        return edit.toPlainText() if isinstance(edit, QPlainTextEdit) else edit.text()

    def set(self, value: Any) -> None:
        self._quiet = True
        text = "" if value is None else str(value)
        if isinstance(self._edit, QPlainTextEdit):
            self._edit.setPlainText(text)
        else:
            self._edit.setText(text)
        self._quiet = False

    def _on_changed(self) -> None:
        if not self._quiet:
            self.edited.emit()


class ListEditor(TextEditor):
    """Several values, one a line; ``\\n`` stands for a line break inside one."""

    def __init__(self, look: Look, field: Field) -> None:
        from dataclasses import replace

        lines = max(3, field.text.lines)
        hint = field.text.placeholder or self.tr("One a line")
        super().__init__(
            look, replace(field, text=replace(field.text, lines=lines, placeholder=hint))
        )
        self._item = field.item

    def get(self) -> list[Any]:  # type: ignore[override]
        lines = [line for line in super().get().splitlines() if line]
        return [self._parse(line) for line in lines]

    def set(self, value: Any) -> None:
        super().set(
            "\n".join(str(v).replace("\\", "\\\\").replace("\n", "\\n") for v in value or ())
        )

    def _parse(self, line: str) -> Any:
        number = {FieldKind.INTEGER: int, FieldKind.NUMBER: float}.get(self._item)  # type: ignore[arg-type]
        if number is None:
            return line.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
        try:
            return number(line.strip())
        except ValueError:
            return line  # the schema says what is wrong with it


class NumberEditor(Editor):
    """A number field, with a slider where the bounds are known."""

    def __init__(self, look: Look, field: Field) -> None:
        row = QWidget()
        super().__init__(row)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        self._whole = field.kind is FieldKind.INTEGER
        self._spin = _spin(field, self._whole)
        self._spin.setFont(look.fonts.figures())
        self._spin.setAccessibleName(field.title)
        self._slider: CalmSlider | None = None
        if field.range is not None and math.isfinite(field.range.maximum - field.range.minimum):
            self._scale = Scale(field.range, self._whole)
            self._slider = CalmSlider()
            self._slider.setRange(0, _SLIDER_STEPS)
            self._slider.setPageStep(_SLIDER_STEPS // 10)
            self._slider.setSingleStep(max(1, round(_SLIDER_STEPS * self._scale.click)))
            self._slider.setAccessibleName(field.title)
            self._slider.valueChanged.connect(self._on_slider)
            layout.addWidget(self._slider, 1)
            self._spin.setFixedWidth(92)
        layout.addWidget(self._spin, 0 if self._slider else 1)
        self._spin.valueChanged.connect(self._on_spin)

    def get(self) -> Any:
        value = self._spin.value()
        return int(value) if self._whole else round(float(value), 10)

    def set(self, value: Any) -> None:
        self._spin.blockSignals(True)
        self._spin.setValue(value if value is not None else 0)
        self._spin.blockSignals(False)
        self._follow()

    def mark(self, bad: bool) -> None:
        self._spin.setProperty("bad", bad)
        self._spin.style().unpolish(self._spin)
        self._spin.style().polish(self._spin)

    def _on_slider(self, place: int) -> None:
        self._spin.blockSignals(True)
        self._spin.setValue(self._scale.value(place / _SLIDER_STEPS))
        self._spin.blockSignals(False)
        self.edited.emit()

    def _on_spin(self) -> None:
        self._follow()
        self.edited.emit()

    def _follow(self) -> None:
        if self._slider is not None:
            self._slider.blockSignals(True)
            self._slider.setValue(round(self._scale.place(self._spin.value()) * _SLIDER_STEPS))
            self._slider.blockSignals(False)


class Scale:
    """Where a value stands on a slider: linear, or logarithmic for ranges of many sizes."""

    def __init__(self, range_: Range, whole: bool) -> None:
        self._low, self._high = range_.minimum, range_.maximum
        self._step = range_.step or nice_step(range_, whole)
        self._log = self._low > 0 and self._high / self._low >= _LOGARITHMIC_FROM

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


class SwitchEditor(Editor):
    """On or off, beside its label."""

    inline = True

    def __init__(self, look: Look, field: Field) -> None:
        self._switch = Switch(look, field.title)
        super().__init__(self._switch)
        self._quiet = False
        self._switch.toggled.connect(self._on_toggled)

    def get(self) -> bool:
        return self._switch.isChecked()

    def set(self, value: Any) -> None:
        self._quiet = True
        self._switch.setChecked(bool(value))
        self._quiet = False

    def _on_toggled(self) -> None:
        if not self._quiet:
            self.edited.emit()


class ChoiceEditor(Editor):
    """One of a few side by side, or one of many from a list."""

    def __init__(self, look: Look, field: Field) -> None:
        self._choices = field.choices
        titles = [title_of(choice) for choice in field.choices]
        if len(titles) <= 3 and sum(map(len, titles)) <= 34:
            self._row: Segmented | None = Segmented(look, titles, field.title)
            self._row.changed.connect(lambda _: self.edited.emit())
            super().__init__(self._row)
        else:
            self._row = None
            self._combo = CalmComboBox()
            self._combo.addItems(titles)
            self._combo.setAccessibleName(field.title)
            self._combo.activated.connect(lambda _: self.edited.emit())
            super().__init__(self._combo)

    def get(self) -> Any:
        index = self._row.index if self._row else self._combo.currentIndex()
        return self._choices[index] if self._choices else None

    def set(self, value: Any) -> None:
        if value not in self._choices:
            return
        index = self._choices.index(value)
        if self._row:
            self._row.set_index(index)
        else:
            self._combo.setCurrentIndex(index)


class SeedEditor(Editor):
    """A number that is kept, or a new one each time: the dice draws one, the lock keeps it."""

    def __init__(self, look: Look, field: Field) -> None:
        row = QWidget()
        super().__init__(row)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._look = look
        self._edit = QLineEdit()
        self._edit.setFont(look.fonts.figures())
        self._edit.setPlaceholderText(self.tr("New each time"))
        self._edit.setAccessibleName(field.title)
        self._dice = look.icon_button("dices", self.tr("Draw a seed and keep it"))
        self._lock = look.icon_button("lock-open", "")
        self._lock.setCheckable(True)
        for widget in (self._edit, self._dice, self._lock):
            layout.addWidget(widget, 1 if widget is self._edit else 0)
        self._edit.textEdited.connect(self._on_text)
        self._dice.clicked.connect(self._on_dice)
        self._lock.clicked.connect(self._on_lock)
        self._show()

    def get(self) -> Any:
        text = self._edit.text().strip()
        if not text:
            return int(Seed.random())
        return int(text) if text.isdecimal() else text  # the schema says what is wrong with it

    def set(self, value: Any) -> None:
        number = int(value) if value is not None else -1
        self._edit.setText(str(number) if number >= 0 else "")
        self._show()

    def mark(self, bad: bool) -> None:
        self._edit.setProperty("bad", bad)
        self._edit.style().unpolish(self._edit)
        self._edit.style().polish(self._edit)

    def _on_text(self) -> None:
        self._show()
        self.edited.emit()

    def _on_dice(self) -> None:
        self.set(secrets.randbelow(2**32))
        self.edited.emit()

    def _on_lock(self) -> None:
        self.set(secrets.randbelow(2**32) if self._lock.isChecked() else -1)
        self.edited.emit()

    def _show(self) -> None:
        kept = bool(self._edit.text().strip())
        self._lock.setChecked(kept)
        self._lock.setIcon(
            self._look.icons.icon("lock" if kept else "lock-open", "mute", on="accent")
        )
        words = self.tr("Kept: the same result each time. Click for a new seed each time.")
        tip = words if kept else self.tr("A new seed each time. Click to keep one.")
        self._lock.setToolTip(tip)
        self._lock.setAccessibleName(tip)


class WeightsEditor(Editor):
    """Weights that can do what the task needs; says how to add some where there are none."""

    def __init__(
        self, look: Look, field: Field, weights: WeightsView, open_models: Callable[[], None]
    ) -> None:
        box = QWidget()
        super().__init__(box)
        self._field, self._weights = field, weights
        self._wanted = ""
        self._combo = CalmComboBox()
        self._combo.setAccessibleName(field.title)
        self._combo.activated.connect(self._on_activated)
        self._none = _no_weights(look, open_models)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        layout.addWidget(self._none)
        self.refresh()

    def refresh(self) -> None:
        """Look again at what there is."""
        found = list(self._weights.for_capability(self._field.capability))
        self._combo.clear()
        if found:
            best = self.tr("Best that fits: {title}").format(title=found[0][1])
            self._combo.addItem(best, "")
        for weights_id, title in found:
            self._combo.addItem(title, weights_id)
        self._combo.setVisible(bool(found))
        self._none.setVisible(not found)
        self.set(self._wanted)

    def get(self) -> str:
        return self._combo.currentData() or ""

    def set(self, value: Any) -> None:
        self._wanted = str(value or "")
        self._combo.setCurrentIndex(max(0, self._combo.findData(self._wanted)))

    def _on_activated(self) -> None:
        self._wanted = self.get()
        self.edited.emit()


class FileEditor(Editor):
    """A path: picked, typed, or dropped here."""

    def __init__(self, look: Look, field: Field, pick: PickFiles) -> None:
        self._field, self._pick = field, pick
        row = _DropRow(self._on_dropped)
        super().__init__(row)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._edit = QLineEdit()
        folder = field.file.folder
        self._edit.setPlaceholderText(
            self.tr("Folder") if folder else self.tr("Pick or drop a file")
        )
        self._edit.setAccessibleName(field.title)
        self._edit.textEdited.connect(lambda _: self.edited.emit())
        browse = look.icon_button("folder-open", self.tr("Browse…"))
        browse.clicked.connect(self._on_browse)
        layout.addWidget(self._edit, 1)
        layout.addWidget(browse)

    def get(self) -> str:
        return self._edit.text()

    def set(self, value: Any) -> None:
        self._edit.setText("" if value is None else str(value))
        self._edit.setCursorPosition(len(self._edit.text()))

    def mark(self, bad: bool) -> None:
        self._edit.setProperty("bad", bad)
        self._edit.style().unpolish(self._edit)
        self._edit.style().polish(self._edit)

    def _on_browse(self) -> None:
        file = self._field.file
        path = self._pick(self._field.title, file.suffixes, file.folder)
        if path is not None:
            self._on_dropped(path)

    def _on_dropped(self, path: Path) -> None:
        self.set(path)
        self.edited.emit()


class _DropRow(QWidget):
    def __init__(self, dropped: Callable[[Path], None]) -> None:
        super().__init__()
        self._dropped = dropped
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            self._dropped(Path(local[0]))


def title_of(choice: Any) -> str:
    """Return a choice as a person reads it: ``mixed_precision`` → ``Mixed precision``."""
    text = str(choice).replace("_", " ")
    return text[:1].upper() + text[1:]


def nice_step(range_: Range, whole: bool) -> float:
    """Return about a hundredth of the range, as 1, 2 or 5 times a power of ten."""
    rough = (range_.maximum - range_.minimum) / 100
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    return max(1.0, round(step)) if whole else step


def _spin(field: Field, whole: bool) -> QAbstractSpinBox:
    bounds = field.range or Range(-_INT_MAX, _INT_MAX, 1)
    if whole:
        spin = CalmSpinBox()
        spin.setRange(int(max(bounds.minimum, -_INT_MAX)), int(min(bounds.maximum, _INT_MAX)))
        spin.setSingleStep(int(bounds.step or 1))
        spin.setGroupSeparatorShown(bounds.maximum >= 10_000)
    else:
        spin = CalmDoubleSpinBox()
        step = bounds.step or (nice_step(bounds, whole=False) if field.range else 0.1)
        spin.setDecimals(max(2, min(6, -math.floor(math.log10(step)))))
        spin.setRange(bounds.minimum, bounds.maximum)
        spin.setSingleStep(step)
    spin.setKeyboardTracking(True)
    if bounds.unit:
        spin.setSuffix(f" {bounds.unit}")
    return spin


def _no_weights(look: Look, open_models: Callable[[], None]) -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    text = box.tr("No weights on this machine can do this. The Models page says how to add some.")
    layout.addWidget(look.label(text, "warn", wrap=True))
    button = look.button(box.tr("Open Models"), "box", small=True)
    button.clicked.connect(open_models)
    layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
    return box
