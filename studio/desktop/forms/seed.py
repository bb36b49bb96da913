"""Seed editor: a fixed number or a new one per run. Draws no seed for a job."""

from __future__ import annotations

import secrets
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from studio.api.params import Field, Seed
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.forms.editor import Editor


class SeedEditor(Editor):
    """A fixed seed or a new one per run: the dice draws a number, the lock fixes it."""

    def __init__(self, look: Appearance, field: Field) -> None:
        row = QWidget()
        super().__init__(row)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._look = look
        self._edit = QLineEdit()
        self._edit.setFont(look.fonts.figures())
        self._edit.setPlaceholderText(self.tr("Random"))
        self._edit.setAccessibleName(field.title)
        self._dice = look.icon_button("dices", self.tr("Pick a random seed and keep it"))
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
        restyle(self._edit, "bad", bad)

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
        is_fixed = bool(self._edit.text().strip())
        self._lock.setChecked(is_fixed)
        self._lock.setIcon(
            self._look.icons.icon("lock" if is_fixed else "lock-open", "mute", on="accent")
        )
        words = self.tr("Fixed seed: the same result each time. Click for a random seed.")
        tip = (
            words
            if is_fixed
            else self.tr("Random seed: a different result each time. Click to fix it.")
        )
        self._lock.setToolTip(tip)
        self._lock.setAccessibleName(tip)
