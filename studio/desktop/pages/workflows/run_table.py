"""Table of a run: state, time, result. Loads only visible rows from the library."""

from __future__ import annotations

from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from studio.api.artifacts import Kind
from studio.automation.workflows.document import places
from studio.automation.workflows.runs import machine_of
from studio.desktop import phrases
from studio.desktop.appearance import tokens
from studio.desktop.appearance.appearance import Appearance
from studio.library import Artifact, Library
from studio.library.workflow_runs import RowState, RunRow, RunStep, StepState
from studio.protocol.errors import StudioError

Index = QModelIndex | QPersistentModelIndex
CHUNK = 100
"""Rows that are read at a time: those in view, and some more."""
MOST_CHUNKS = 20
_THUMBNAIL, _ROW_HEIGHT, _AROUND_STATE = 36, 44, 28
_NARROW = 440
MACHINE = 4
"""The last column, so that the result has its place whether or not there is one."""
_MARKS = {
    RowState.WAITING: ("clock", "mute"),
    RowState.RUNNING: ("circle-play", "accent"),
    RowState.DONE: ("circle-check", "good"),
    RowState.FAILED: ("triangle-alert", "bad"),
}
_INTERRUPTED = ("pause", "mute")


class _Shown(NamedTuple):
    row: RunRow
    step: RunStep | None
    result: Artifact | None
    machine: str = ""


class RunTableModel(QAbstractTableModel):
    """The rows of one run; of very many only those in view are held.

    Attributes:
        run: Id of the run; empty for none.
        is_active: Whether it is under way: if not, a row that has begun was interrupted.
    """

    def __init__(self, look: Appearance, library: Library) -> None:
        super().__init__()
        self._look, self._library = look, library
        self.run = ""
        self.is_active = False
        self._total = 0
        self._places: dict[str, int] = {}
        self._chunks: dict[int, list[_Shown]] = {}
        self._pictures: dict[str, QIcon | QPixmap] = {}
        self._dpr = 2.0
        tr = self.tr
        self._titles = (tr("Input"), tr("State"), tr("Time"), tr("Result"), tr("Machine"))
        self._step_words, self._interrupted = tr("Step {n} of {total}"), tr("Interrupted")
        self._words = {
            RowState.WAITING: tr("Waiting"),
            RowState.RUNNING: tr("Running"),
            RowState.DONE: tr("Done"),
            RowState.FAILED: tr("Failed"),
        }

    @property
    def has_machines(self) -> bool:
        """Whether one of the first rows ran on another machine than this."""
        return any(self._shown(number).machine for number in range(min(self._total, CHUNK)))

    def state_words(self) -> list[str]:
        """Return all state names, for sizing the column."""
        return [*self._words.values(), self._interrupted, self._step_words.format(n=10, total=10)]

    def show_run(self, run: str) -> None:
        """Show the rows of another run."""
        self.is_active = self.is_active and run == self.run
        self.beginResetModel()
        self.run, self._chunks = run, {}
        self._total = self._count()
        self._places = self._read_places()
        self.endResetModel()

    def refresh(self, total: int = 0) -> None:
        """Reload the visible rows; ``total`` is the row count, if known."""
        self._chunks.clear()
        total = total or self._count()
        if total != self._total:
            self.show_run(self.run)
        elif total:
            self.dataChanged.emit(self.index(0, 0), self.index(total - 1, MACHINE))

    def row_at(self, number: int) -> RunRow:
        """Return the run row for a table line."""
        return self._shown(number).row

    def result_at(self, number: int) -> Artifact | None:
        """Return the last result of a row; None if it has none yet."""
        return self._shown(number).result

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._total

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._titles[section] if orientation == Qt.Orientation.Horizontal else section + 1

    def data(self, index: Index, role: int = 0) -> Any:
        shown, column = self._shown(index.row()), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(shown, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return shown.row.error or self._text(shown, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._titles[column]}: {self._text(shown, column)}"
        if role == Qt.ItemDataRole.DecorationRole and column == 1:
            icon, color = (
                _INTERRUPTED if self._is_interrupted(shown.row) else _MARKS[shown.row.state]
            )
            return self._look.icons.pixmap(icon, color, tokens.ICON, self._dpr)
        if role == Qt.ItemDataRole.DecorationRole and column == 3 and shown.result:
            return self._picture(shown.result)
        return None

    def _text(self, shown: _Shown, column: int) -> str:
        row, step = shown.row, shown.step
        match column:
            case 0:
                return row.title
            case 1 if self._is_interrupted(row):
                return self._interrupted
            case 1 if row.state is RowState.RUNNING and step and step.step in self._places:
                place = self._places[step.step] + 1
                return self._step_words.format(n=place, total=len(self._places))
            case 1:
                return self._words[row.state]
            case 2:
                return phrases.duration(row.seconds) if row.seconds >= 1 else ""
            case 4:
                return shown.machine
            case _ if row.error:
                return row.error
            case _ if shown.result:
                words = " ".join(shown.result.text[:120].split())
                is_text = shown.result.kind == Kind.TEXT and words
                return words if is_text else shown.result.title or words
            case _:
                return ""

    def _is_interrupted(self, row: RunRow) -> bool:
        return row.state is RowState.RUNNING and not self.is_active

    def _shown(self, number: int) -> _Shown:
        chunk = number // CHUNK
        if chunk not in self._chunks:
            if len(self._chunks) >= MOST_CHUNKS:
                self._chunks.pop(next(iter(self._chunks)))
            self._chunks[chunk] = self._read(chunk)
        rows = self._chunks[chunk]
        at = number % CHUNK
        return rows[at] if at < len(rows) else _Shown(RunRow(run=self.run, number=0), None, None)

    def _read(self, chunk: int) -> list[_Shown]:
        runs = self._library.workflow_runs
        rows = runs.rows(self.run, CHUNK, chunk * CHUNK)
        steps: dict[int, list[RunStep]] = {}
        for step in runs.steps(self.run, [row.number for row in rows]):
            steps.setdefault(step.number, []).append(step)
        return [self._with_result(row, steps.get(row.number, [])) for row in rows]

    def _with_result(self, row: RunRow, steps: list[RunStep]) -> _Shown:
        running = next((step for step in steps if step.state is StepState.RUNNING), None)
        steps.sort(key=lambda step: (self._places.get(step.step, 0), step.attempt))
        ids = [id for step in steps for id in step.artifacts]
        try:
            result = self._library.artifact(ids[-1]) if ids else None
        except StudioError:  # it was erased since
            result = None
        last = running or (steps[-1] if steps else None)
        machine = machine_of(self._library, last) if last else ""
        return _Shown(row, running, result, machine)

    def _picture(self, artifact: Artifact) -> QIcon | QPixmap:
        if artifact.id not in self._pictures:
            if len(self._pictures) > CHUNK * MOST_CHUNKS:
                self._pictures.clear()
            path = self._library.preview_path(artifact)
            if path is None and artifact.kind == "image":
                path = self._library.payload_path(artifact)
            pixmap = QPixmap(str(path)) if path else QPixmap()
            kind = self._look.kinds.icon(artifact.kind)
            icon: QIcon | QPixmap = self._look.icons.pixmap(*kind, tokens.ICON, self._dpr)
            if not pixmap.isNull():
                side = 2 * _THUMBNAIL
                icon = QIcon(
                    pixmap.scaled(
                        side,
                        side,
                        Qt.AspectRatioMode.KeepAspectRatio,
                        Qt.TransformationMode.SmoothTransformation,
                    )
                )
            self._pictures[artifact.id] = icon
        return self._pictures[artifact.id]

    def _read_places(self) -> dict[str, int]:
        """Return where each step stands: the last one that made something has the result."""
        try:
            return places(self._library.workflow_runs.run(self.run).document) if self.run else {}
        except StudioError:  # it is not written down yet
            return {}

    def _count(self) -> int:
        return sum(self._library.workflow_runs.counts(self.run).values()) if self.run else 0


class RunTable(QTableView):
    """The table; the result has what room the others leave."""

    def __init__(self, model: RunTableModel, name: str) -> None:
        super().__init__()
        self.setModel(model)
        self._state_words = model.state_words()
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMinimumWidth(0)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(_THUMBNAIL, _THUMBNAIL))
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head = self.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setHighlightSections(False)
        head.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)

    def show_machines(self) -> None:
        """Show where the rows ran, if one ran elsewhere."""
        model = self.model()
        assert isinstance(model, RunTableModel)
        self.setColumnHidden(MACHINE, not model.has_machines)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self.viewport().width()
        is_narrow = width < _NARROW
        self.setColumnHidden(2, is_narrow)
        self.show_machines()
        self.setColumnWidth(0, int(width * 0.3))
        widest = max(map(self.fontMetrics().horizontalAdvance, self._state_words))
        self.setColumnWidth(1, widest + tokens.ICON + _AROUND_STATE)
        self.setColumnWidth(2, int(width * 0.13))
