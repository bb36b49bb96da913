"""Writing by description: the job, the text as it comes, and where the result is put.

Nothing is saved by it: the result is a proposal, or a tab that is not saved yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.api import (
    BadInput,
    JobRequest,
    Kind,
    Params,
    PluginContext,
    Role,
    SavedArtifact,
    TaskResult,
    TroubleRow,
)
from studio.api.window.language import tr
from studio_code.pages.workspace import Workspace
from studio_code.pages.write.panel import WritePanel

_CONTEXT_CHARS = 12_000
"""Of open files that go along: a small model has room for no more."""


class WritingView(QWidget):
    """Code being written, shown in place of the editor until the result arrives."""

    hide_asked = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.title = ctx.ui.label("", Role.STRONG)
        self.progress = ctx.ui.progress_row(stop=False)
        self.prose = ctx.ui.prose_view()
        hide = ctx.ui.icon_button("x", tr("Back to the editor; generation continues"))
        hide.clicked.connect(lambda _checked=False: self.hide_asked.emit())
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(hide)
        inside = QWidget()
        text = QVBoxLayout(inside)
        text.setContentsMargins(0, 0, 8, 0)
        text.addWidget(self.prose.widget)
        text.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(inside)
        bar = self._area.verticalScrollBar()
        bar.rangeChanged.connect(lambda _low, high: bar.setValue(high))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 16, 10)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.progress.widget)
        column.addWidget(self._area, 1)

    def begin(self, words: str, language: str) -> None:
        """Show an empty sheet; what comes is code: the question has opened its fence."""
        self.title.setText(words)
        self.prose.set_text(f"```{language}\n")


class WriteController(QObject):
    """Its jobs, one after the other.

    Signals:
        began: The first job was asked for: its text is worth a look. What is queued behind it
            leaves in view what came of that.
        ended: It is over, however it ended.
        written: A ``SavedArtifact`` was put in its place.
    """

    began = Signal()
    ended = Signal()
    written = Signal(object)

    def __init__(
        self,
        ctx: PluginContext,
        workspace: Workspace,
        panel: WritePanel,
        view: WritingView,
        trouble: TroubleRow,
    ) -> None:
        super().__init__()
        self._workspace, self._panel, self._view = workspace, panel, view
        self._trouble = trouble
        self.runner = ctx.kit.run_controller(
            prepare=self._prepare, button=panel.go, progress=view.progress, trouble=trouble
        )
        self._made: SavedArtifact | None = None
        self.runner.on_busy(lambda busy: self.began.emit() if busy else None)
        self.runner.on_start(lambda _job: self._begin())
        self.runner.on_text(self._on_text)
        self.runner.on_result(self._on_made)
        self.runner.on_done(self._on_done)
        self.runner.on_failed(lambda _error: self._over())
        self.runner.on_stopped(self._on_stopped)

    def _prepare(self) -> None:
        """Start with the settings in the panel; a retry uses the settings of that time."""
        params = self._panel.params()
        words = " ".join(str((params.get("prompt") or params.get("describe")) or "").split())
        title = words or tr("Write")
        inputs = {"context": self._context()}
        into = self._panel.into
        target = into.path if into is not None else ""
        request = JobRequest("code.write", params, title=title, inputs=inputs, target=target)
        self.runner.start(request, self.runner.run)

    def _context(self) -> list[dict[str, str]]:
        """Return the saved open files that fit the context: new code may use them."""
        return [
            source
            for source in self._workspace.context(_CONTEXT_CHARS)
            if not PurePosixPath(source["path"]).is_absolute() and source["text"].strip()
        ]

    # --- the job ------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._made = None
        title = self.runner.request.title if self.runner.request is not None else ""
        self._view.begin(title, self._asked("language") or "python")

    def _asked(self, name: str) -> str:
        """Return a parameter of the job in view."""
        request = self.runner.request
        params = request.params if request is not None else {}
        values = params.to_dict() if isinstance(params, Params) else params
        return str(values.get(name) or "")

    def _on_text(self, text: str, _tokens: int, channel: str) -> None:
        if channel == "answer":
            self._view.prose.append(text)

    def _on_made(self, result: TaskResult) -> None:
        if result.artifact.kind == Kind.CODE:
            self._made = result.artifact

    def _on_done(self, result: Mapping[str, Any]) -> None:
        self._over()
        code = str(result.get("code") or "")
        if code:
            self.put(code, self._made)
        else:
            words = tr("The model wrote no code.")
            error = BadInput(words, tr("Describe more precisely what it should do."))
            self._trouble.tell(error, self.runner.run)

    def _on_stopped(self) -> None:
        self._over()
        if self._made is not None:  # what was there when it was stopped
            self.put(self._made.text or "", self._made)

    def _over(self) -> None:
        self._view.prose.finish()
        self.ended.emit()

    # --- the result ---------------------------------------------------------------------------

    def put(self, code: str, artifact: SavedArtifact | None) -> None:
        """Propose the result for the end of a file, or open it in a tab of its own."""
        if not code.strip():
            return
        id = artifact.id if artifact is not None else ""
        why = " ".join(self._asked("prompt").split())
        request = self.runner.request
        target = request.target if request is not None else ""
        file = next(
            (open_file for open_file in self._workspace.files if target == open_file.path), None
        )
        if self._workspace.proposal is not None:  # one is looked at, and would be gone
            file = None
        if file is not None:
            self._workspace.propose(file.path, joined(file.text(), code), why, id)
        else:
            self._workspace.new(code, self._asked("language") or "python", self._free(artifact))
        if artifact is not None:
            self.written.emit(artifact)

    def _free(self, artifact: SavedArtifact | None) -> str:
        """Return the name the result wishes for, if nothing open is called so."""
        wished = str((artifact.meta if artifact is not None else {}).get("path") or "")
        taken = wished in {file.path for file in self._workspace.files}
        return "" if taken or PurePosixPath(wished).is_absolute() else wished


def joined(text: str, code: str) -> str:
    """Return a file with something at its end, two empty lines between."""
    before = text.rstrip("\n")
    return f"{before}\n\n\n{code.strip(chr(10))}\n" if before else f"{code.strip(chr(10))}\n"
