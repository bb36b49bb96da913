"""Piece of code in the gallery: highlighted, below the chip with its verdict."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, SavedArtifact
from studio.api.window.language import tr
from studio_code.pages.editor.code_text import CodeText
from studio_code.pages.editor.languages import language_named, language_of
from studio_code.pages.evidence.chip import VerdictChip
from studio_code.pages.evidence.evidence import evidence_of_artifact

MAX_BYTES = 2 << 20
"""More is shown as far as this goes."""


class Viewer(QWidget):
    """Shows one artifact; it is read beside the window."""

    def __init__(self, ctx: PluginContext, artifact: SavedArtifact) -> None:
        super().__init__()
        self._ctx, self._artifact = ctx, artifact
        self.words = ctx.ui.label(tr("Reading…"), Role.SMALL, wrap=True)
        self.chip = VerdictChip(ctx)
        self.code = CodeText(ctx, artifact.title)
        self.copy = ctx.ui.icon_button("copy", tr("Copy the code"))
        self.copy.clicked.connect(lambda: ctx.ui.copy(self.code.toPlainText()))
        self.copy.setEnabled(False)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.chip)
        row.addWidget(self.words, 1)
        row.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.code, 1)
        ctx.run_later(self._read, self._show)

    def _read(self) -> bytes | OSError:
        try:
            with self._artifact.path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            return error

    def _show(self, data: bytes | OSError) -> None:
        if isinstance(data, OSError):
            words = tr("The file of this result cannot be read: {why}.")
            self.words.setText(words.format(why=data.strerror or data))
            return
        code = data[:MAX_BYTES].decode("utf-8", "replace")
        evidence = evidence_of_artifact(self._artifact, code)
        language = language_named(evidence.language)
        if language.id == "text":
            language = language_of(evidence.path or self._artifact.path.name)
        name = evidence.path or language.title
        cut = tr("{name}; only the first 2 MB are shown").format(name=name)
        self.words.setText(cut if len(data) > MAX_BYTES else name)
        self.code.show_code(code, language.id)
        self.copy.setEnabled(True)
        if evidence.checks or evidence.ran or self._artifact.meta.get("verdict"):
            self.chip.show_evidence(evidence)
