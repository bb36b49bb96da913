"""Several pictures become files at once: the dialog, and the writing beside the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDate
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from studio.api import (
    BadInput,
    PageResults,
    PluginContext,
    Role,
    SavedArtifact,
    StudioError,
    TaskResult,
    TroubleRow,
    outcome,
)
from studio.api.window.language import tr
from studio_image.pages.picture_files import export, quality
from studio_image.recipes import file_names
from studio_image.schema.export import Export

Labelled = Callable[[str, Callable[[Path], Any]], Callable[[Path], Any]]
"""``ctx.kit.labelled``: after which a file says how it was made."""


class BatchExport(QDialog):
    """Asks for folder, names and format; ``params`` holds the answers."""

    def __init__(self, ctx: PluginContext, parent: QWidget, values: dict[str, Any]) -> None:
        super().__init__(parent)
        self.params: Export | None = None
        title = tr("Export pictures")
        self.setWindowTitle(title)
        self.resize(460, 480)
        self.form = ctx.ui.form(Export)
        self.form.set_values(values)
        self.trouble = ctx.ui.trouble_row()
        self.go = ctx.ui.button(tr("Export"), "download", primary=True)
        self.go.clicked.connect(lambda _checked=False: self._on_go())
        cancel = ctx.ui.button(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 16, 0, 16)
        column.setSpacing(12)
        heading = ctx.ui.label(title, Role.HEADING)
        for part in (heading, self.trouble.widget):
            part.setContentsMargins(20, 0, 20, 0)
        row.setContentsMargins(20, 0, 20, 0)
        column.addWidget(heading)
        column.addWidget(self.form.widget, 1)
        column.addWidget(self.trouble.widget)
        column.addLayout(row)

    def _on_go(self) -> None:
        try:
            self.params = export_settings(self.form.values())
        except BadInput as error:
            self.trouble.tell(error)
            return
        self.accept()


def export_settings(values: dict[str, Any]) -> Export:
    """Parse the answers of the form.

    Raises:
        BadInput: An answer is missing or wrong.
    """
    params = Export.parse(values)
    if not params.folder:
        raise BadInput(tr("There is no folder."), tr("Choose one for the files."))
    if not Path(params.folder).is_dir():
        raise BadInput(tr("The folder cannot be found."), tr("Choose another folder."))
    return params


def chosen(
    results: Sequence[TaskResult], batch: Sequence[TaskResult], which: str
) -> list[TaskResult]:
    """Return those of the strip that are meant, the oldest first."""
    if which == "batch":
        return list(batch)
    return [result for result in reversed(results) if which == "all" or result.star]


def write(
    params: Export, results: Sequence[TaskResult], labelled: Labelled
) -> tuple[int, list[StudioError]]:
    """Write all files; return how many, and why others could not be. Slow."""
    folder = Path(params.folder)
    taken = [file.stem for file in folder.iterdir()]
    rows = [_known(artifact) for artifact in results]
    done, failed = 0, []
    for result, name in zip(results, file_names.names(params.pattern, rows, taken), strict=True):
        put = partial(_put, result.artifact, params.quality)
        try:
            labelled(result.id, put)(folder / f"{name}.{params.format}")
            done += 1
        except StudioError as error:
            failed.append(error)
    return done, failed


def _put(artifact: SavedArtifact, quality: int, path: Path) -> None:
    export(artifact, path, quality=quality)


def _known(result: TaskResult) -> dict[str, Any]:
    params = result.params
    today = QDate.currentDate().toString("yyyy-MM-dd")
    return {
        "title": result.artifact.title,
        "date": today,
        "model": params.get("weights", ""),
        **{name: params.get(name, "") for name in ("seed", "style", "width", "height", "steps")},
    }


class BatchExports:
    """Opens the dialog for the pictures of the strip, and reports the outcome."""

    def __init__(
        self,
        ctx: PluginContext,
        parent: QWidget,
        results: PageResults,
        current: Callable[[], TaskResult | None],
        trouble: TroubleRow,
    ) -> None:
        """``current``: returns the result in view."""
        self._ctx, self._parent, self._results = ctx, parent, results
        self._current, self._trouble = current, trouble
        self._values: dict[str, Any] = {}

    def ask(self) -> BatchExport:
        """Open the dialog; start the export when it is accepted."""
        dialog = BatchExport(
            self._ctx, self._parent, {"quality": quality(self._ctx)} | self._values
        )
        dialog.accepted.connect(lambda: self._on_answer(dialog))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _on_answer(self, dialog: BatchExport) -> None:
        self._values = dialog.form.values()
        if dialog.params is not None:
            self.export(dialog.params)

    def export(self, params: Export) -> None:
        """Write the pictures that are meant, beside the window."""
        shown = self._current()
        batch = self._results.batch(shown) if shown is not None else []
        meant = chosen(list(self._results), batch, params.which)
        if not meant:
            self._trouble.tell(tr("There are no such pictures in the strip."))
            return
        labelled = self._ctx.kit.labelled
        self._ctx.run_later(
            lambda: outcome(lambda: write(params, meant, labelled)), partial(self._tell, params)
        )

    def _tell(self, params: Export, outcome: tuple[int, list[StudioError]] | StudioError) -> None:
        if isinstance(outcome, StudioError):
            self._trouble.tell(outcome)
            return
        done, failed = outcome
        if failed:
            self._trouble.tell(failed[0])
        if done:
            words = tr("Pictures exported to {folder}: {count}.")
            name = Path(params.folder).name
            self._ctx.notices.info(words.format(folder=name, count=done), key="image.export")
