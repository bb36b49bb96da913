"""Running and testing: consent once, live output, tests, problems that lead to their line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.api import JobRequest, PluginContext, Role, StudioError, outcome
from studio.api.window.language import tr
from studio_code.execution.toolchains import all_missing
from studio_code.languages import RUN
from studio_code.pages.dock_layout import is_low
from studio_code.pages.evidence.chip import VerdictChip
from studio_code.pages.evidence.evidence import evidence_of_run
from studio_code.pages.run.capability_scan import Capabilities, Capability, read_wants
from studio_code.pages.run.consent_card import ConsentCard
from studio_code.pages.run.failure import RunFailure, failed, fault_of, problems_of
from studio_code.pages.run.files import files_for_run, run_path
from studio_code.pages.run.output_view import OutputView
from studio_code.pages.run.phrases import ended_words
from studio_code.pages.run.problems import place_in
from studio_code.pages.run.results_list import ResultsList
from studio_code.pages.run.sandbox_status import SandboxStatus
from studio_code.pages.workspace import Workspace

_KEY = "run_agreed"
_MOST = 200

_LIMIT = 4_000_000
_ANSWER_LINES = 3


class RunTab(QWidget):
    """Runs the file in view, or its tests, in a sandbox.

    Signals:
        fix_asked: The user wants a ``RunFailure`` to be fixed.
        ended: A run is over.
    """

    fix_asked = Signal(object)
    ended = Signal()

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.sandbox, self._consent = SandboxStatus(ctx), Consent(ctx)
        self._texts: dict[str, str] = {}
        self._names: dict[str, str] = {}
        """What a file is called in its run → what it is called here, where that differs."""
        self._path, self._mode = "", "run"
        self._fault: RunFailure | None = None
        self._preparing = False
        self._missing: dict[str, str] = {}
        """Language → what must be installed before it can be run."""
        self._build()
        self._connect()
        self._show_card(False)
        ctx.run_later(all_missing, self._take_missing)

    # --- what it is made of -------------------------------------------------------------------

    def _build(self) -> None:
        ui = self._ctx.ui
        self.run_button = ui.button(tr("Run"), "play", primary=True, tip=tr("Run the current file"))
        self.test_button = ui.button(
            tr("Test"), "test-tube", tip=tr("Run the tests of the file, or of the folder")
        )
        self.input_button = ui.icon_button("keyboard", tr("Standard input of the program"))
        self.input_button.setCheckable(True)
        self.arguments = QLineEdit()
        self.arguments.setPlaceholderText(tr("Arguments"))
        self.arguments.setAccessibleName(tr("Program arguments"))
        self.stdin = QPlainTextEdit()
        self.stdin.setPlaceholderText(tr("Input, line by line as the program reads it"))
        self.stdin.setAccessibleName(tr("Program input"))
        self.stdin.setFont(ui.mono())
        self.stdin.setTabChangesFocus(True)
        self.stdin.setFixedHeight(_ANSWER_LINES * self.stdin.fontMetrics().lineSpacing() + 18)
        self.stdin.hide()
        self.why_not = self._ctx.ui.label("", Role.SMALL, wrap=True)
        self.progress = ui.progress_row()
        self.trouble = ui.trouble_row()
        self.runner = self._ctx.kit.run_controller(progress=self.progress, owner=self)
        self.card = ConsentCard(self._ctx)
        self.summary = self._ctx.ui.label("", Role.SMALL, wrap=True)
        self.summary.hide()
        self.chip = VerdictChip(self._ctx, self._goto)
        self.fix_button = ui.button(tr("Fix this"), "wrench", dense=True)
        self.fix_button.hide()
        self.findings = ResultsList(self._ctx)
        self.output = OutputView(self._ctx, lambda line: place_in(line, self._texts))
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.test_button)
        buttons.addWidget(self.arguments, 1)
        buttons.addWidget(self.input_button)
        ending = QHBoxLayout()
        ending.setSpacing(8)
        ending.addWidget(self.chip)
        ending.addWidget(self.summary, 100)
        ending.addStretch(1)
        ending.addWidget(self.fix_button)
        self._asking = QScrollArea()
        self._asking.setFrameShape(QFrame.Shape.NoFrame)
        self._asking.setWidgetResizable(True)
        self._asking.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        held = QVBoxLayout(holder)
        held.setContentsMargins(0, 0, 0, 0)
        held.addWidget(self.card)
        held.addStretch(1)
        self._asking.setWidget(holder)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self.findings)
        self._split.addWidget(self.output)
        self._split.setStretchFactor(1, 1)
        self._split.setSizes([150, 300])
        self._split.setHandleWidth(8)
        self._split.setChildrenCollapsible(False)
        self._split.setStyleSheet("QSplitter::handle { background: transparent; }")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addLayout(buttons)
        column.addWidget(self.stdin)
        for widget in (self.why_not, self.progress.widget, self.trouble.widget):
            column.addWidget(widget)
        column.addWidget(self._asking, 1)
        column.addLayout(ending)
        column.addWidget(self._split, 1)

    def _connect(self) -> None:
        self.run_button.clicked.connect(lambda: self.start("run"))
        self.test_button.clicked.connect(lambda: self.start("test"))
        self.arguments.returnPressed.connect(lambda: self.start("run"))
        self.input_button.toggled.connect(self.stdin.setVisible)
        self.fix_button.clicked.connect(self._ask_to_fix)
        self.card.agreed.connect(self._agree)
        self.card.declined.connect(lambda: self._show_card(False))
        self.findings.place_asked.connect(self._goto)
        self.output.place_asked.connect(self._goto)
        self.runner.on_text(lambda text, _tokens, channel: self.output.add(text, channel))
        self.runner.on_done(self._show_end)
        self.runner.on_failed(self._show_failure)
        self.runner.on_stopped(self._show_stop)
        self.runner.on_busy(lambda _busy: self._update())
        for signal in (self._workspace.current_changed, self._workspace.root_changed):
            signal.connect(self._update)
        self._workspace.state_changed.connect(lambda _path: self._update())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is low and wide, findings stand beside the output, not above."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        ways, low = Qt.Orientation, is_low(self.size())
        self._split.setOrientation(ways.Horizontal if low else ways.Vertical)
        self.findings.fit(beside=low)
        if low:
            self._split.setSizes([self.width() * 2 // 5, self.width() * 3 // 5])
        else:
            self._split.setSizes([self.findings.maximumHeight(), self.height()])

    # --- starting -----------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether something runs, or is about to."""
        return self.runner.busy or self._preparing

    def start(self, mode: str) -> None:
        """Run the file in view (``run``) or its tests (``test``), asking first where it must."""
        file = self._workspace.current
        if file is None or self.busy or self._why_not():
            return
        self._mode, self._path = mode, run_path(file.path)
        self._preparing = True
        self.trouble.hide()
        self._show_card(False)
        root, opened = self._workspace.root, self._workspace.context(_LIMIT)
        self._names = {run_path(item.path): item.path for item in self._workspace.files}
        entry = self._path

        def look() -> tuple[list[dict[str, str]], Capabilities]:
            files = files_for_run(root, opened)
            return files, read_wants({source["path"]: source["text"] for source in files}, entry)

        self._update()
        self._ctx.run_later(lambda: outcome(look), self._decide)

    def _decide(self, result: tuple[list[dict[str, str]], Capabilities] | StudioError) -> None:
        self._preparing = False
        if isinstance(result, StudioError):
            self._show_failure(result)
            return
        files, self._wants = result
        self._texts = {file["path"]: file["text"] for file in files}
        if self._consent.covers(self._folder(), set(self._wants.places)):
            self._run()
        else:
            self._preparing = True
            looking = self.sandbox.look(self._ask)
            if looking is not None:
                self.progress.follow(looking)
        self._update()

    def _show_card(self, shown: bool) -> None:
        """The question takes the place of findings and output."""
        self._asking.setVisible(shown)
        self._split.setVisible(not shown)
        self._update()

    def _ask(self) -> None:
        self._preparing = False
        self._show_card(True)
        self.card.ask(self._path, self._wants, self.sandbox)
        self._asking.ensureWidgetVisible(self.card.run)

    def _agree(self) -> None:
        self._show_card(False)
        self._consent.agree(self._folder(), set(self._wants.places))
        self._run()

    def _folder(self) -> str:
        """Return whose consent counts: the open folder, else the file itself."""
        return str(self._workspace.root or self._names.get(self._path, self._path))

    def _run(self) -> None:
        self._clear()
        params: dict[str, Any] = {
            "path": self._path,
            "mode": self._mode,
            "arguments": self.arguments.text() if self._mode == "run" else "",
            "stdin": self.stdin.toPlainText() if self.stdin.isVisible() else "",
        }
        words = tr("Test {name}") if self._mode == "test" else tr("Run {name}")
        files = [{"path": path, "text": text} for path, text in self._texts.items()]
        title = words.format(name=self._path)
        self.runner.start(
            JobRequest("code.run", params, title=title, inputs={"files": files}, keep=False)
        )

    # --- what comes of it ---------------------------------------------------------------------

    def _clear(self) -> None:
        self.output.clear_all()
        self.findings.clear_all()
        self.chip.clear()
        self.summary.hide()
        self.fix_button.hide()
        self.trouble.hide()
        self._fault = None

    def _show_end(self, result: Mapping[str, Any]) -> None:
        self.sandbox.learn(str(result.get("tier") or ""))
        bad = failed(result)
        self._say(ended_words(result, self._mode), Role.BAD if bad else Role.GOOD)
        if self._mode == "test":
            self.chip.show_evidence(evidence_of_run(result, self._path))
            self.findings.show_tests(result, self._texts)
        if bad:
            self.findings.show_problems(problems_of(result, self._texts), self._mode == "test")
            self._fault = fault_of(result, self._path, self._texts)
            self.fix_button.setVisible(bool(self._fault.error.strip()))
        self._fit()
        self.ended.emit()

    def _show_failure(self, error: StudioError) -> None:
        self.trouble.tell(error, lambda: self.start(self._mode))
        self._update()
        self.ended.emit()

    def _show_stop(self) -> None:
        self._say(tr("Stopped, with everything it had started."), Role.WARN)
        self.ended.emit()

    def _say(self, words: str, level: Role) -> None:
        self.summary.setText(f"{self._path}: {words}" if words else "")
        self._ctx.ui.wear(self.summary, level)
        self.summary.setVisible(bool(words))

    def _goto(self, path: str, line: int) -> None:
        self._workspace.goto(self._names.get(path, path), line)

    def _ask_to_fix(self) -> None:
        if self._fault is not None:
            path = self._names.get(self._fault.path, self._fault.path)
            self.fix_asked.emit(replace(self._fault, path=path))

    def _update(self) -> None:
        why = self._why_not()
        self.why_not.setText(why)
        self.why_not.setVisible(bool(why))
        for button in (self.run_button, self.test_button):
            button.setEnabled(not why and not self.busy)

    def _why_not(self) -> str:
        """Return why the file in view cannot be run; empty if it can."""
        file = self._workspace.current
        if file is None:
            return tr("Open a file to run it or its tests in a sandbox.")
        if file.language not in RUN:
            words = tr("{name} is {language}, which is not run.")
            return words.format(name=file.name, language=file.kind.title)
        if needed := self._missing.get(file.language):
            words = tr("{language} needs {tool}, which is not installed.")
            return words.format(language=file.kind.title, tool=needed)
        return ""

    def _take_missing(self, missing: dict[str, str]) -> None:
        self._missing = missing
        self._update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape stops what runs."""
        if event.key() == Qt.Key.Key_Escape and self.runner.busy:
            self.runner.stop()
        else:
            super().keyPressEvent(event)


class Consent:
    """Kept in the settings of the plugin, one entry a folder."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        saved = ctx.settings.get(_KEY, {})
        self._agreed: dict[str, list[str]] = {}
        if isinstance(saved, dict):
            self._agreed = {k: list(v) for k, v in saved.items() if isinstance(v, list | tuple)}

    def covers(self, folder: str, wants: set[Capability]) -> bool:
        """Whether the user agreed to run this folder's code with at least these wants."""
        agreed = self._agreed.get(folder)
        return agreed is not None and {str(want) for want in wants} <= set(agreed)

    def agree(self, folder: str, wants: set[Capability]) -> None:
        """Store consent in addition to that given before."""
        before = self._agreed.pop(folder, [])
        self._agreed[folder] = sorted({*before, *(str(want) for want in wants)})
        newest = dict(list(self._agreed.items())[-_MOST:])
        self._ctx.run_later(lambda: self._ctx.settings.set(_KEY, newest))
