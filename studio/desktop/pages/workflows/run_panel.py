"""The right side of the page: run, stop, resume, retry; how far it is; the table of rows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from studio.api.window.language import tr_filled
from studio.automation.workflows.runner import Runner
from studio.desktop import phrases
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.workflows.run_on import RunOn
from studio.desktop.pages.workflows.run_table import RunTable, RunTableModel
from studio.library.saved_artifact import saved_artifact
from studio.library.workflow_runs import RowState, Run, RunState
from studio.protocol.errors import StudioError

REDRAW_MS = 200


class RunPanel(QWidget):
    """One run, or none yet.

    Signals:
        run_pressed: A new run is wanted.
    """

    run_pressed = Signal()

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._studio = parts, parts.studio
        self._runs = parts.studio.library.workflow_runs
        self._run: Run | None = None
        self._runner: Runner | None = None
        self._end_watch: Callable[[], None] = lambda: None
        look = parts.ui.look
        self._model = RunTableModel(look, parts.studio.library)
        self.table = RunTable(self._model, self.tr("Rows"))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self.table.doubleClicked.connect(lambda index: self._show_result(index.row()))
        self.run = self._button(self.tr("Run"), "play", self.run_pressed.emit, primary=True)
        self.stop = self._button(self.tr("Stop"), "square", self._stop)
        self.resume = self._button(self.tr("Resume"), "play", lambda: self._go_on(False))
        self.retry = self._button(self.tr("Retry failed"), "rotate-cw", lambda: self._go_on(True))
        head = QHBoxLayout()
        head.setSpacing(8)
        self.words = look.label("", "mute")
        head.addWidget(self.words, 1)
        for button in (self.retry, self.resume, self.stop, self.run):
            head.addWidget(button)
        self.on = RunOn(parts)
        self.on.changed.connect(self._name_run)
        self._name_run()
        self.trouble = look.label("", "bad", wrap=True)
        self._detail = look.label("", "small", wrap=True)
        self._detail.hide()
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_error())
        self._hint = look.label(
            self.tr("Each input gets a row here, with its state, time and result."), "mute"
        )
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 20)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.on)
        column.addWidget(self.trouble)
        column.addWidget(self.table, 1)
        column.addWidget(self._detail)
        column.addWidget(self._hint, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REDRAW_MS)
        self._timer.timeout.connect(self._draw)
        self.show_run(None)

    def show_run(self, run: Run | None) -> None:
        """Show a run, that of this session if it is under way; None for none."""
        self._run = run
        self.watch(self._studio.workflows.runner(run.id) if run else None)
        self._model.show_run(run.id if run else "")
        self._draw()

    def begin(self, runner: Runner) -> None:
        """Show a run that has just begun."""
        self._run = None
        self.watch(runner)
        self._model.show_run(runner.id)
        self._draw()

    def watch(self, runner: Runner | None) -> None:
        """Follow a run that is under way."""
        self._end_watch()
        self._runner = runner
        self._end_watch = runner.on_change(self._later) if runner else lambda: None

    def say(self, error: StudioError | None) -> None:
        """Show why it cannot run; None for nothing."""
        self.trouble.setText(tr_filled(error) if error else "")
        self.trouble.setVisible(error is not None)

    # --- inside -------------------------------------------------------------------------------

    def _button(
        self, text: str, icon: str, call: Callable[[], object], primary: bool = False
    ) -> QPushButton:
        button = self._parts.ui.button(text, icon, primary=primary)
        button.clicked.connect(lambda: call())
        return button

    def _name_run(self) -> None:
        words = self.tr("Run on cluster") if self.on.is_cluster else self.tr("Run")
        self.run.setText(words)
        self.run.setAccessibleName(words)

    def _later(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _draw(self) -> None:
        runner, run = self._runner, self._run
        is_old = run is None or (runner is not None and run.state is not runner.state)
        if runner is not None and runner.is_over and is_old:
            try:
                run = self._run = self._runs.run(runner.id)
            except StudioError:  # not one row could be written down
                self._model.show_run("")
        is_active = runner is not None and not runner.is_over
        counts = runner.counts if is_active and runner is not None else {}
        if not counts and self._model.run:
            counts = self._runs.counts(self._model.run)
        self._model.is_active = is_active
        self._model.refresh(sum(counts.values()))
        failed = counts.get(RowState.FAILED, 0)
        open_ = counts.get(RowState.WAITING, 0) + counts.get(RowState.RUNNING, 0)
        self.run.setVisible(not is_active)
        self.on.setEnabled(not is_active)
        self.stop.setVisible(is_active)
        self.stop.setEnabled(runner is not None and not runner.stopping)
        self.resume.setVisible(not is_active and run is not None and open_ > 0)
        self.retry.setVisible(not is_active and failed > 0)
        self.table.setVisible(bool(self._model.run))
        self.table.show_machines()
        self._hint.setVisible(not self._model.run)
        self._show_error()
        self.words.setText(self._told(counts, runner if is_active else None, run))
        if runner is not None and not is_active:
            self.say(runner.error)

    def _show_error(self) -> None:
        """Show the full error of the selected row."""
        number = self.table.currentIndex().row()
        error = self._model.row_at(number).error if number >= 0 and self._model.run else ""
        self._detail.setText(error)
        self._detail.setVisible(bool(error))

    def _told(self, counts: dict[RowState, int], runner: Runner | None, run: Run | None) -> str:
        failed, total = counts.get(RowState.FAILED, 0), sum(counts.values())
        if not total:
            return ""
        parts = [
            self.tr("{done} of {total} rows done").format(
                done=f"{counts.get(RowState.DONE, 0):,}", total=f"{total:,}"
            )
        ]
        if failed:
            parts.append(self.tr("{n} failed").format(n=f"{failed:,}"))
        if runner is not None and runner.stopping:
            parts.append(self.tr("Stopping…"))
        elif runner is not None and runner.is_coming:
            parts.append(self.tr("Waiting for the cluster"))
        elif runner is not None and (left := runner.seconds_left) is not None:
            parts.append(self.tr("{time} left").format(time=phrases.duration(left)))
        elif run is not None and run.state is not RunState.DONE:
            is_stopped = run.state is RunState.STOPPED
            parts.append(self.tr("Stopped") if is_stopped else self.tr("Interrupted"))
        return "  ·  ".join(parts)

    def _stop(self) -> None:
        if self._runner is not None:
            self._runner.stop()

    def _go_on(self, retry: bool | tuple[int, ...]) -> None:
        if self._run is None:
            return
        try:
            on = self.on.chosen()
            runner = self._studio.workflows.resume(self._run, retry=retry, on=on)
        except StudioError as error:
            self.say(error)
            return
        self.say(None)
        self.watch(runner)
        self._draw()

    def _on_menu(self, at: QPoint) -> None:
        index = self.table.indexAt(at)
        if not index.isValid():
            return
        row, result = self._model.row_at(index.row()), self._model.result_at(index.row())
        menu, ui = self._parts.ui.menu(self.table), self._parts.ui
        if row.state is RowState.FAILED:
            retry = menu.addAction(ui.icon("rotate-cw"), self.tr("Retry row"))
            retry.triggered.connect(lambda: self._go_on((row.number,)))
            if row.error:
                copy = menu.addAction(ui.icon("copy"), self.tr("Copy error"))
                copy.triggered.connect(lambda: ui.copy(row.error))
        if result is not None:
            show = menu.addAction(ui.icon("layout-grid"), self.tr("Show in the library"))
            show.triggered.connect(lambda: self._show_result(index.row()))
            for title, send in ui.send_to(saved_artifact(self._studio.library, result)):
                words = self.tr("Send to {page}").format(page=title)
                menu.addAction(ui.icon("arrow-right"), words, send)
        if menu.actions():
            menu.popup(self.table.viewport().mapToGlobal(at))

    def _show_result(self, number: int) -> None:
        if (result := self._model.result_at(number)) is not None:
            self._parts.ui.show_artifact(saved_artifact(self._studio.library, result))
