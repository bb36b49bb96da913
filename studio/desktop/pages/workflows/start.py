"""What there is before a workflow is open: examples, saved ones, the last runs."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.automation.workflows import document
from studio.base.paths import resources
from studio.desktop.appearance.language import declared
from studio.desktop.pages.page_frame import card
from studio.desktop.pages.page_services import PageServices
from studio.desktop.widgets.contents import clear
from studio.desktop.widgets.empty_states import EmptyState
from studio.library.workflow_runs import RowState, Run, RunState
from studio.protocol.errors import StudioError

_RECENT = 6


class StartView(QWidget):
    """Files to open, and runs to show.

    Signals:
        opened: The path of a workflow's file.
        run_chosen: A run, to be shown.
    """

    opened = Signal(object)
    run_chosen = Signal(object)

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._studio, self._ui = parts, parts.studio, parts.ui
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 20)

    def refresh(self) -> None:
        """Look again at what there is."""
        clear(self._column)
        files = sorted(self._studio.paths.workflows.glob(f"*{document.SUFFIX}"))
        examples = sorted((resources() / "workflows").glob(f"*{document.SUFFIX}"))
        cards = []
        for file in [*files[:4], *examples][:6]:
            try:
                title = document.read(file).name
            except StudioError:  # told when it is opened
                title = file.stem
            icon = "workflow" if file in files else "list-checks"
            cards.append((icon, declared(title), partial(self.opened.emit, file)))
        self._column.addWidget(
            EmptyState(
                self._ui.look,
                "workflow",
                self.tr("Run the same steps over many inputs"),
                self.tr(
                    "Record what you do on the pages, choose “Make a workflow” on a result, or "
                    "start from an example. Then run it on a folder, a table, a list or a "
                    "collection: each input gets a row, and one failure does not stop the rest."
                ),
                cards,
            ),
            1,
        )
        runs = self._studio.library.workflow_runs
        if recent := runs.runs(_RECENT):
            frame, column = card()
            column.addWidget(self._ui.look.label(self.tr("Last runs"), "section"))
            for run in recent:
                column.addLayout(self._recent(run, runs.counts(run.id)))
            self._column.addWidget(frame)

    def _recent(self, run: Run, counts: dict[RowState, int]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._ui.look.label(run.title), 1)
        words = self.tr("{done} of {total} rows done").format(
            done=f"{counts.get(RowState.DONE, 0):,}", total=f"{sum(counts.values()):,}"
        )
        runner = self._studio.workflows.runner(run.id)
        if run.state is not RunState.DONE:
            is_active = runner is not None and not runner.is_over
            is_stopped = run.state is RunState.STOPPED
            ended = self.tr("Stopped") if is_stopped else self.tr("Interrupted")
            words += "  ·  " + (self.tr("Running") if is_active else ended)
        row.addWidget(self._ui.look.label(words, "small"))
        show = self._ui.button(self.tr("Show"), dense=True)
        show.setAccessibleName(self.tr("Show the run of {name}").format(name=run.title))
        show.clicked.connect(lambda: self.run_chosen.emit(run))
        row.addWidget(show)
        words = self.tr("Delete the run of {name}").format(name=run.title)
        delete = self._ui.icon_button("trash-2", words)
        delete.setEnabled(runner is None or runner.is_over)
        delete.clicked.connect(lambda: self._ask_to_forget(run))
        row.addWidget(delete)
        return row

    def _ask_to_forget(self, run: Run) -> None:
        def forget() -> None:
            runs = self._studio.library.workflow_runs
            self._parts.background.run(
                lambda: runs.forget(run.id), lambda _: self.refresh(), self._tell
            )

        self._ui.confirm(
            self.tr("Delete this run?"),
            self.tr("Its rows and states are deleted. Its results stay in the library."),
            self.tr("Delete"),
            forget,
            danger=True,
        )

    def _tell(self, error: Exception) -> None:
        self._studio.notices.error(error, key="workflow")
