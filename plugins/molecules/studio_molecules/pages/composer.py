"""What is set for the next run: the line above the table, and the panel beside it. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio_molecules.pages.modes import ANALOGUES, GENERATE, IMPROVE, PREDICT, modes
from studio_molecules.pages.objectives.editor import ProfileEditor
from studio_molecules.pages.phrases import tr
from studio_molecules.pages.plot.progress_chart import ProgressChart

_MAX_CHARS = 10_000_000
_LINE, _EDGES, _MOST_LINES = 20, 14, 4


class SmilesField(QPlainTextEdit):
    """Return asks to run, Shift+Return begins a line.

    Signals:
        entered: Return was pressed.
    """

    entered = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self.setFont(ctx.ui.mono())
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.textChanged.connect(self.fit)
        self.fit()

    def fit(self) -> None:
        """Be as high as the lines need, up to a few; more of them scroll."""
        lines = self.blockCount()
        self.setFixedHeight(_LINE * min(lines, _MOST_LINES) + _EDGES)
        policies = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policies.ScrollBarAsNeeded if lines > _MOST_LINES else policies.ScrollBarAlwaysOff
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return runs."""
        returns = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if Qt.Key(event.key()) in returns and not shift:
            self.entered.emit()
        else:
            super().keyPressEvent(event)


class Composer(QFrame):
    """Lead or list, Open, Go; the forms are in ``panel``.

    Attributes:
        go, go_on: Start (or stop) buttons: anew, and on from what is in view.
        file: What Predict reads; None reads the field.

    Signals:
        asked, continued, open_asked: A button was pressed.
    """

    asked = Signal()
    continued = Signal()
    open_asked = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._modes = {mode.id: mode for mode in modes()}
        self.mode = self._modes[GENERATE]
        self.file: Path | None = None
        self._busy = False
        self._texts = {"lead": "", "list": ""}
        self.hint = QLabel()
        self.hint.setProperty("role", "mute")
        self.hint.setWordWrap(True)
        self.field = SmilesField(ctx)
        self.field.entered.connect(lambda: self.asked.emit())
        self.field.textChanged.connect(self._on_typed)
        self.open = ctx.ui.button(tr("Open…"), "folder-open", tip=tr("SMILES, CSV or SDF"))
        self.open.clicked.connect(lambda _on=False: self.open_asked.emit())
        self.go_on = ctx.ui.button(tr("Continue"), "play")
        self.go_on.setToolTip(tr("Go on from the molecules in view"))
        self.go_on.clicked.connect(lambda _on=False: self.continued.emit())
        self.go_on.hide()
        self.go = ctx.ui.button(tr("Generate"), "sparkles", primary=True, tip="Ctrl+Return")
        self.go.clicked.connect(lambda _on=False: self.asked.emit())
        self.profile = ProfileEditor(ctx)
        self.curve = ProgressChart(ctx)
        self.forms = {mode.id: ctx.ui.form(mode.params, only=mode.only) for mode in modes()}
        self.panel = self._panel()
        self._lay_out()
        self.show_mode(GENERATE)

    def _panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._own = QWidget()
        own = QVBoxLayout(self._own)
        own.setContentsMargins(20, 8, 16, 0)  # as the forms have them
        own.setSpacing(12)
        own.addWidget(self.curve)
        own.addWidget(self.profile)
        column.addWidget(self._own)
        for form in self.forms.values():
            column.addWidget(form.widget)
        column.addStretch(1)
        return panel

    def _lay_out(self) -> None:
        self.setProperty("surface", "composer")
        row = QHBoxLayout(self)
        row.setContentsMargins(11, 7, 7, 7)  # the ring takes one more
        row.setSpacing(8)
        row.addWidget(self.hint, 1)
        row.addWidget(self.field, 1)
        for button in (self.open, self.go_on, self.go):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)

    # --- what is in view ----------------------------------------------------------------------

    def show_mode(self, mode: str) -> None:
        """Show what a mode needs."""
        self._keep_text()
        self.mode = self._modes[mode]
        for id, form in self.forms.items():
            form.widget.setVisible(id == mode)
        self._own.setVisible(mode == IMPROVE)
        self.curve.setVisible(mode == IMPROVE and len(self.curve.points) > 1)
        self.hint.setVisible(mode == GENERATE)
        self.hint.setText(tr("New molecules like those that drugs are looked for in."))
        self.field.setVisible(mode != GENERATE)
        self.open.setVisible(mode == PREDICT)
        self._show_placeholder()
        self.field.setAccessibleName(tr("SMILES") if mode == PREDICT else tr("Lead"))
        self._set_text(self._texts[self._slot()])
        self.show_busy(self._busy)

    def show_busy(self, busy: bool) -> None:
        """Show whether the button starts or stops."""
        self._busy = busy
        words = tr("Stop") if busy else self.mode.verb
        self.go.setText(words)
        self.go.setAccessibleName(words)
        self.go.setIcon(self._ctx.ui.icon("circle-stop" if busy else self.mode.icon, "on-accent"))
        keeps = busy and self.mode.id == IMPROVE
        self.go.setToolTip(
            tr("Stop, and keep what was found") if keeps else f"{words}  Ctrl+Return"
        )

    def set_lead(self, smiles: str) -> None:
        """Take a molecule as the lead."""
        self._texts["lead"] = smiles
        if self._slot() == "lead":
            self._set_text(smiles)

    def set_list(self, text: str) -> None:
        """Take SMILES, one a line, to be predicted."""
        self._hold_file(None)
        self._texts["list"] = text[:_MAX_CHARS]
        if self._slot() == "list":
            self._set_text(self._texts["list"])

    def set_file(self, path: Path) -> None:
        """Take a file to be predicted."""
        self._hold_file(path)
        self._texts["list"] = ""
        if self._slot() == "list":
            self._set_text("")

    def _hold_file(self, path: Path | None) -> None:
        self.file = path
        self._show_placeholder()

    def _show_placeholder(self) -> None:
        """Say what may be written, or which file is read while nothing is."""
        reads = self.file is not None and self.mode.id == PREDICT
        self.field.setPlaceholderText(self.file.name if reads else _placeholder(self.mode.id))

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        (self.go if self.mode.id == GENERATE else self.field).setFocus()

    def _slot(self) -> str:
        return "list" if self.mode.id == PREDICT else "lead"

    def _set_text(self, text: str) -> None:
        self.field.blockSignals(True)
        self.field.setPlainText(text)
        self.field.blockSignals(False)
        self.field.fit()

    def _keep_text(self) -> None:
        self._texts[self._slot()] = self.field.toPlainText()

    def _on_typed(self) -> None:
        if self.mode.id == PREDICT and self.field.toPlainText():
            self._hold_file(None)

    # --- for the task -------------------------------------------------------------------------

    def lead(self) -> str:
        """Return the lead, or nothing."""
        self._keep_text()
        return self._texts["lead"].strip()

    def missing(self) -> str:
        """Return what has to be set before anything can start; empty if nothing."""
        self._keep_text()
        if self.mode.id == ANALOGUES and not self.lead():
            return tr("Write the lead as SMILES first, or choose a molecule and “Use as lead”.")
        if self.mode.id == PREDICT and self.file is None and not self._texts["list"].strip():
            return tr("Write SMILES first, one a line, or open a file.")
        return ""

    def params(self) -> dict[str, Any]:
        """Return what is set for the task of the mode.

        Raises:
            BadInput: The profile cannot be.
        """
        values = dict(self.forms[self.mode.id].values())
        if self.mode.id == ANALOGUES:
            return values | {"lead": self.lead()}
        if self.mode.id == IMPROVE:
            wishes = msgspec.to_builtins(self.profile.profile(self.lead()))
            return values | {"wishes": wishes, "lead": self.lead()}
        if self.mode.id == PREDICT:
            if self.file is not None:
                return values | {"file": str(self.file)}
            return values | {"smiles": self._texts["list"]}
        return values

    def job_title(self) -> str:
        """Return what the list of jobs calls it."""
        if self.mode.id == PREDICT and self.file is not None:
            return tr("Predict {name}").format(name=self.file.name)
        lead = self.lead()[:40]
        words = {
            GENERATE: tr("New molecules"),
            ANALOGUES: tr("Analogues of {lead}"),
            IMPROVE: tr("Improve {lead}") if lead else tr("Molecules to a profile"),
            PREDICT: tr("Figures of molecules"),
        }
        return words[self.mode.id].format(lead=lead)

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what to keep over a restart."""
        self._keep_text()
        return {
            "texts": {name: text[:20_000] for name, text in self._texts.items()},
            "forms": {id: form.values() for id, form in self.forms.items()},
            "profile": self.profile.save_state(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        forms, texts, profile = (state.get(name) for name in ("forms", "texts", "profile"))
        for id, values in forms.items() if isinstance(forms, Mapping) else ():
            if id in self.forms and isinstance(values, Mapping):
                self.forms[id].set_values(values)
        if isinstance(texts, Mapping):
            self._texts = {name: str(texts.get(name, "")) for name in self._texts}
            self._set_text(self._texts[self._slot()])
        if isinstance(profile, Mapping):
            self.profile.restore_state(profile)


def _placeholder(mode: str) -> str:
    if mode == PREDICT:
        return tr("SMILES, one a line, a name after a space; or open or drop a file")
    if mode == IMPROVE:
        return tr("Lead as SMILES, or nothing to search freely")
    return tr("Lead as SMILES, like CC(C)NCC(O)COc1cccc2ccccc12")
