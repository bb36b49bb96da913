"""Panel on the right: request, model, and button. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, SavedArtifact
from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.evidence.chip import VerdictChip
from studio_code.pages.evidence.evidence import evidence_of_artifact
from studio_code.pages.workspace import Workspace
from studio_code.schema import Write

NEW, END = "new", "end"
"""Where the result goes: a file of its own, or the end of the file in view."""


class WritePanel(QWidget):
    """The form of the task *Write*."""

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.shown = ""
        """The id of the result whose evidence is in view."""
        self.form = ctx.ui.form(Write)
        self.where = ctx.ui.combo_box()
        self.where.setAccessibleName(tr("Where the result goes"))
        self.where.addItem(tr("A new file"), NEW)
        self.go = ctx.kit.run_button(tr("Write"), "sparkles")
        self.note = ctx.ui.label("", Role.SMALL, wrap=True)
        self.get: QPushButton = ctx.ui.button(tr("Download"), "download", dense=True)
        self._set = ""
        self.chip = VerdictChip(ctx, workspace.goto)
        self._lay_out()
        self.get.clicked.connect(lambda _checked=False: ctx.weights.get_set(self._set))
        workspace.current_changed.connect(self.show_file)
        workspace.state_changed.connect(lambda _path: self.show_file())
        self.show_file()
        self.show_weights()

    def _lay_out(self) -> None:
        label = QLabel(tr("Insert into"))
        label.setBuddy(self.where)
        inner = QVBoxLayout()
        inner.setContentsMargins(20, 4, 16, 14)  # as the form has them
        inner.setSpacing(6)
        inner.addWidget(label)
        inner.addWidget(self.where)
        inner.addSpacing(6)
        inner.addWidget(self.go.widget)
        inner.addWidget(self.chip)
        inner.addSpacing(4)
        inner.addWidget(self.note)
        line = QHBoxLayout()
        line.addWidget(self.get)
        line.addStretch(1)
        inner.addLayout(line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.form.widget)
        column.addLayout(inner)
        column.addStretch(1)

    # --- what holds ---------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Weights may have come or gone meanwhile."""
        super().showEvent(event)
        self.show_weights()

    def show_weights(self) -> None:
        """Say which weights suit, and lead to better ones where there are none for code."""
        weights = self._ctx.weights
        coders = weights.for_capability("code")
        chats = weights.for_capability("text")
        offers = list(weights.to_get("code"))
        self._set = offers[0][0] if offers and not coders else ""
        if coders:
            words = tr("{title} is a code model and works best.").format(title=coders[0][1])
        elif chats:
            words = tr("{title} is a chat model; it writes code less well.")
            words = words.format(title=chats[0][1])
        else:
            words = tr("No language model yet; Write needs one.")
        if self._set:
            _name, title, size = offers[0]
            words += " " + tr(
                "{title}, a code model, is available to download ({size} GB)."
            ).format(title=title, size=localised(f"{size / 1e9:.1f}"))
        self.note.setText(words)
        self.get.setVisible(bool(self._set))

    def show_file(self) -> None:
        """Offer the file in view as a place for the result."""
        file = self._workspace.current
        fits = file is not None and not file.locked
        at = self.where.findData(END)
        if not fits or file is None:
            if at >= 0:
                self.where.removeItem(at)
            return
        words = tr("The end of {name}").format(name=file.name)
        if at < 0:
            self.where.addItem(words, END)
        else:
            self.where.setItemText(at, words)

    def show_artifact(self, artifact: SavedArtifact, *, opened: bool = False) -> None:
        """Show the evidence for a result; expand all of it if ``opened``."""
        self.shown = artifact.id
        self.chip.show_evidence(evidence_of_artifact(artifact, artifact.text))
        if opened:
            self.chip.open_sheet()

    # --- for the task -------------------------------------------------------------------------

    @property
    def into(self) -> OpenFile | None:
        """The file whose end takes the result; None for a file of its own."""
        return self._workspace.current if self.where.currentData() == END else None

    def params(self) -> dict[str, Any]:
        """Return the task parameters set in the panel."""
        return dict(self.form.values())

    def set_description(self, words: str, language: str = "python") -> None:
        """Write a description into the form."""
        self.form.set_values({"prompt": words, "language": language})

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        where = self.where.currentData()
        return {"form": self.form.values(), "where": where, "shown": self.shown}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        values = state.get("form")
        if isinstance(values, Mapping):
            self.form.set_values(values)
