"""Settings of the next run: the line above the table, and the panel beside it. Runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from studio.api import BadInput, JobRequest, Kind, Mode, PluginContext, Role, UsedSettings
from studio.api.window.language import tr
from studio_molecules.pages.modes import (
    ANALOGUES,
    DECORATE,
    DOCK,
    GENERATE,
    IMPROVE,
    LINK,
    PREDICT,
    modes,
)
from studio_molecules.pages.objectives.editor import ProfileEditor
from studio_molecules.pages.plot.progress_chart import ProgressChart
from studio_molecules.pages.sketcher.preview import StructurePreview

_MAX_CHARS = 10_000_000

_SLOTS = {PREDICT: "list", DOCK: "list", DECORATE: "scaffold"}
"""Which text a mode works on, where it is not the lead."""


class Composer(QFrame):
    """Lead or list, Open, Go.

    Attributes:
        modes: What can be done, and the forms of the panel.
        go, go_on: Start (or stop) anew, and on from what is in view.
        file: What Predict reads; None reads the field.

    Signals:
        continued, open_asked: A button was pressed.
    """

    continued = Signal()
    open_asked = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self.modes = ctx.kit.modes(tr("Action"), modes(), kind=Kind.MOLECULES)
        self.file: Path | None = None
        self.resolve: Callable[[str], str] = str
        """Returns the SMILES of a name in the table that is in view, else the text itself."""
        self._texts = {"lead": "", "list": "", "scaffold": ""}
        self._slot = "lead"
        """Which of the texts is in the field."""
        self.hint = ctx.ui.label(
            tr("Drug-like molecules, generated from scratch."), Role.MUTE, wrap=True
        )
        self.field = ctx.kit.prompt_field(tr("Lead"), lines=(1, 4), mono=True, wrap=False)
        self.field.on_change(self._on_typed)
        self.preview = StructurePreview(ctx, tr("Use drawing"), query=False)
        self.preview.drawn.connect(self._on_drawn)
        self.draw = ctx.ui.icon_button("pencil", tr("Draw the structure"))
        self.draw.clicked.connect(lambda _on=False: self.preview.edit())
        self.open = ctx.ui.button(tr("Open…"), "folder-open", tip=tr("SMILES, CSV, Excel or SDF"))
        self.open.clicked.connect(lambda _on=False: self.open_asked.emit())
        self.go_on = ctx.ui.button(tr("Continue"), "play")
        self.go_on.setToolTip(tr("Continue from the molecules in view"))
        self.go_on.clicked.connect(lambda _on=False: self.continued.emit())
        self.go_on.hide()
        self._can_go_on = False
        self.go = ctx.kit.run_button(tr("Generate"), "sparkles")
        self.profile = ProfileEditor(ctx)
        self.chart = ProgressChart(ctx)
        ctx.ui.wear(self, Role.COMPOSER)
        self._lay_out()
        self.modes.on_change(self._show_mode)
        self._show_mode(self.modes.mode)

    def _lay_out(self) -> None:
        above = QWidget()
        own = QVBoxLayout(above)
        own.setContentsMargins(20, 8, 16, 0)  # as the forms have them
        own.setSpacing(12)
        own.addWidget(self.chart)
        own.addWidget(self.profile)
        self.modes.put_above(above, IMPROVE)
        row = QHBoxLayout(self)
        row.setContentsMargins(11, 7, 7, 7)  # the ring takes one more
        row.setSpacing(8)
        row.addWidget(self.hint, 1)
        row.addWidget(self.preview)
        row.addWidget(self.field.widget, 1)
        for button in (self.draw, self.open, self.go_on, self.go.widget):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)

    @property
    def mode(self) -> str:
        """The id of the mode that is on."""
        return self.modes.mode.id

    # --- what is in view ----------------------------------------------------------------------

    def _show_mode(self, mode: Mode) -> None:
        """Show the fields of a mode."""
        self._keep_text()
        self._slot = _SLOTS.get(mode.id, "lead")
        self.chart.setVisible(mode.id == IMPROVE and len(self.chart.points) > 1)
        asks = mode.id not in (GENERATE, LINK) and not mode.offered
        self.hint.setVisible(not asks)
        self.hint.setText(mode.hint or tr("Drug-like molecules, generated from scratch."))
        self.field.widget.setVisible(asks)
        self.open.setVisible(mode.id == PREDICT)
        self.draw.setVisible(asks and self._slot != "list")
        self._show_placeholder()
        names = {PREDICT: tr("SMILES"), DOCK: tr("SMILES"), DECORATE: tr("Scaffold")}
        self.field.widget.setAccessibleName(names.get(mode.id, tr("Lead")))
        self._show_text()
        keeps = tr("Stop and keep results so far") if mode.id == IMPROVE else ""
        self.go.set_verb(mode.verb, mode.icon, keeps)
        self._show_going_on()

    def _show_going_on(self) -> None:
        self.go_on.setVisible(self._can_go_on and self.mode == IMPROVE)

    def offer_going_on(self, offered: bool) -> None:
        """Say whether the molecules in view are such that a search can go on from them."""
        self._can_go_on = offered
        self._show_going_on()

    def reuse(self, used: UsedSettings) -> None:
        """Set everything as it was for a result of the library."""
        mode = self.modes.of_task(used.task)
        if mode is not None:
            self.modes.choose(mode.id)
            self.modes.forms[mode.id].set_values(used.params)
            if lead := str(used.params.get("lead") or ""):
                self.set_lead(lead)
            if scaffold := str(used.params.get("scaffold") or ""):
                self.set_scaffold(scaffold)

    def set_scaffold(self, smiles: str) -> None:
        """Set the scaffold to decorate."""
        self._texts["scaffold"] = smiles
        self._show_text("scaffold")

    def _on_drawn(self, smiles: str) -> None:
        self._texts[self._slot] = smiles
        self._show_text()

    def set_lead(self, smiles: str) -> None:
        """Take a molecule as the lead."""
        self._texts["lead"] = smiles
        self._show_text("lead")

    def set_list(self, text: str) -> None:
        """Take SMILES, one a line, to be predicted."""
        self._hold_file(None)
        self._texts["list"] = text[:_MAX_CHARS]
        self._show_text("list")

    def set_file(self, path: Path) -> None:
        """Take a file to be predicted."""
        self._hold_file(path)
        self._texts["list"] = ""
        self._show_text("list")

    def _hold_file(self, path: Path | None) -> None:
        self.file = path
        self._show_placeholder()

    def _show_placeholder(self) -> None:
        """Say what may be written, or which file is read while nothing is."""
        words = _placeholder(self.mode)
        if self.file is not None and self.mode == PREDICT:
            words = self.file.name
        self.field.widget.setPlaceholderText(words)

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        (self.field if self.field.widget.isVisibleTo(self) else self.go).widget.setFocus()

    def _show_text(self, slot: str = "") -> None:
        """Show the text that belongs into the field, unless it is not that of ``slot``."""
        if slot in ("", self._slot):
            self.field.widget.setPlainText(self._texts[self._slot])
        self._show_preview()

    def _show_preview(self) -> None:
        asks = self.field.widget.isVisibleTo(self) and self._slot != "list"
        self.preview.show_text(self.field.text if asks else "")

    def _keep_text(self) -> None:
        self._texts[self._slot] = self.field.widget.toPlainText()

    def _on_typed(self) -> None:
        if self.mode == PREDICT and self.field.text:
            self._hold_file(None)
        self._show_preview()

    # --- for the task -------------------------------------------------------------------------

    @property
    def has_list(self) -> bool:
        """Whether there is a file or a text that Predict would read."""
        return self.file is not None or bool(self._texts["list"].strip() or self.field.text)

    def lead(self) -> str:
        """Return the lead, or nothing; a name in the table stands for its molecule."""
        self._keep_text()
        return self.resolve(self._texts["lead"].strip())

    def request(self) -> JobRequest:
        """Return the request for the job to start.

        Raises:
            BadInput: A required setting is missing, or the profile is invalid.
        """
        self._keep_text()
        missing = self._missing()
        if missing:
            self.focus()
            raise BadInput(missing)
        if self.modes.mode.offered:
            return self.modes.request()
        own = self.profile.own() if self.mode == IMPROVE else {}
        return JobRequest(
            self.modes.mode.task,
            self.params(),
            title=self._job_title(),
            inputs={"own": own} if own else {},
        )

    def _missing(self) -> str:
        """Return a message naming the missing required setting; empty if complete."""
        if self.mode == ANALOGUES and not self.lead():
            return tr("Enter the lead as SMILES first, or choose a molecule and “Use as lead”.")
        if self.mode == DECORATE and not self._texts["scaffold"].strip():
            return tr("Draw the scaffold first, or enter it as SMILES with [*:1].")
        if self.mode == PREDICT and self.file is None and not self._texts["list"].strip():
            return tr("Enter SMILES first, one per line, or open a file.")
        if self.mode == DOCK and not self._texts["list"].strip():
            return tr(
                "Enter SMILES first, one per line, or select rows of a table and press “Dock”."
            )
        return ""

    def params(self) -> dict[str, Any]:
        """Return the task parameters of the mode.

        Raises:
            BadInput: The profile is invalid.
        """
        values = dict(self.modes.form.values())
        if self.mode == ANALOGUES:
            return values | {"lead": self.lead()}
        if self.mode == DECORATE:
            return values | {"scaffold": self._texts["scaffold"].strip()}
        if self.mode == IMPROVE:
            goal = msgspec.to_builtins(self.profile.profile(self.lead()))
            return values | {"goal": goal, "lead": self.lead()}
        if self.mode == PREDICT:
            if self.file is not None:
                return values | {"file": str(self.file)}
            return values | {"smiles": self._texts["list"]}
        if self.mode == DOCK:
            return values | {"smiles": self._texts["list"]}
        return values

    def _job_title(self) -> str:
        """Return the title in the job list."""
        if self.mode == PREDICT and self.file is not None:
            return tr("Predict {name}").format(name=self.file.name)
        lead = self.lead()
        words = {
            GENERATE: tr("New molecules"),
            ANALOGUES: tr("Analogues of {lead}"),
            DECORATE: tr("Decorated scaffold"),
            LINK: tr("Linked fragments"),
            IMPROVE: tr("Optimise {lead}") if lead else tr("Molecules for a profile"),
            PREDICT: tr("Properties of molecules"),
            DOCK: tr("Docked molecules"),
        }
        return words[self.mode].format(lead=lead)

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        self._keep_text()
        return {
            "texts": {name: text[:20_000] for name, text in self._texts.items()},
            "forms": self.modes.save_state(),
            "profile": self.profile.save_state(),
            "sketch": self.preview.save_state(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        texts, profile = state.get("texts"), state.get("profile")
        self.modes.restore_state(state.get("forms"))
        if isinstance(texts, Mapping):
            self._texts = {name: str(texts.get(name, "")) for name in self._texts}
            self._show_text()
        self.preview.restore_state(state.get("sketch"))
        if isinstance(profile, Mapping):
            self.profile.restore_state(profile)


def _placeholder(mode: str) -> str:
    if mode == PREDICT:
        return tr("SMILES, one per line, optionally followed by a name; or open or drop a file")
    if mode == DOCK:
        return tr("SMILES, one per line, optionally followed by a name")
    if mode == IMPROVE:
        return tr("Lead as SMILES or name; leave empty to search freely")
    if mode == DECORATE:
        return tr("Scaffold as SMILES, with [*:1], [*:2], … where groups are to be attached")
    return tr("Lead as SMILES or name, e.g. CC(C)NCC(O)COc1cccc2ccccc12 or propranolol")
