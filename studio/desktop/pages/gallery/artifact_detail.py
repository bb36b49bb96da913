"""One artifact beside the grid: its look, recipe and family, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobRequest
from studio.api.window.work_queue import outcome
from studio.core.library import Artifact, Record
from studio.core.library.export import called, file_name
from studio.desktop import formatting
from studio.desktop.appearance.appearance import line
from studio.desktop.pages.exporters import ExportFormat, formats
from studio.desktop.pages.gallery.artifact_grid import ago
from studio.desktop.pages.page_services import PageServices
from studio.desktop.plugin_context import saved_artifact
from studio.desktop.viewers import artifact as viewers
from studio.protocol.errors import StudioError

WIDTH = viewers.ROOM + 48
_LISTED = 3
"""So many values of a list are shown among the parameters."""


class ArtifactDetail(QFrame):
    """The panel at the right of the gallery.

    Signals:
        changed: The artifact was renamed, starred, binned or made again: look anew.
        opened: Id of a relative the user wants to see.
    """

    changed = Signal()
    opened = Signal(str)

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._look = parts, parts.ui.look
        self.setObjectName("panel")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(self.tr("Details"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.addWidget(self._area)
        self.artifact: Artifact | None = None

    def show_artifact(self, artifact: Artifact) -> None:
        """Show ``artifact``; its recipe and family are read beside the window."""
        self.artifact = artifact
        library = self._parts.studio.library

        def read() -> tuple[Record | None, list[Artifact], list[Artifact], bytes]:
            record = library.record(artifact.record) if artifact.record else None
            ancestors, descendants = library.family(artifact.id)
            return record, ancestors, descendants, viewers.head(library.payload_path(artifact))

        self._parts.background.run(read, lambda found: self._fill(artifact, *found), self._tell)

    # --- building -----------------------------------------------------------------------------

    def _fill(
        self,
        artifact: Artifact,
        record: Record | None,
        ancestors: list[Artifact],
        descendants: list[Artifact],
        head: bytes,
    ) -> None:
        if self.artifact is not artifact:
            return  # another one was chosen meanwhile
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(20, 18, 20, 20)
        column.setSpacing(10)
        column.addLayout(self._head(artifact))
        maker = record.plugin if record else ""
        column.addWidget(viewers.show(self._parts, artifact, head, maker))
        column.addLayout(self._buttons(artifact, record))
        if artifact.verdict:
            self._verdict(column, artifact)
        if record is not None:
            self._recipe(column, record)
        self._relatives(column, self.tr("Made from"), ancestors)
        self._relatives(column, self.tr("Used for"), descendants)
        column.addStretch()
        self._area.setWidget(inner)

    def _head(self, artifact: Artifact) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._look.icon_label(*self._look.kinds.icon(artifact.kind), 18))
        title = QLineEdit(artifact.title)
        title.setPlaceholderText(self.tr("Untitled"))
        title.setAccessibleName(self.tr("Title"))
        title.editingFinished.connect(lambda: self._rename(artifact, title.text()))
        row.addWidget(title, 1)
        star = self._look.icon_button(
            "star",
            self.tr("Remove star") if artifact.starred else self.tr("Add star"),
        )
        star.clicked.connect(
            lambda: self._do(lambda lib: lib.star(artifact.id, not artifact.starred))
        )
        row.addWidget(star)
        return row

    def _buttons(self, artifact: Artifact, record: Record | None) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(6)
            column.addLayout(row)
        again = self._look.button(self.tr("Run again"), "refresh-cw", small=True)
        again.setEnabled(record is not None)
        again.setToolTip(self.tr("Runs it again with the same parameters and compares the results"))
        again.clicked.connect(lambda: self._run_again(artifact, record))
        export = self._look.button(self.tr("Export…"), "download", small=True)
        export.clicked.connect(lambda: self._ask_format(artifact, export))
        first.addWidget(again)
        first.addWidget(export)
        first.addStretch()
        if artifact.binned_at is None:
            away = self._look.button(self.tr("Move to bin"), "trash-2", small=True)
            away.clicked.connect(lambda: self._bin(artifact))
        else:
            away = self._look.button(self.tr("Restore"), "archive-restore", small=True)
            away.clicked.connect(lambda: self._do(lambda lib: lib.restore(artifact.id)))
        second.addWidget(away)
        second.addStretch()
        for title, icon, act in self._uses(artifact):  # one a row: there may be many
            button = self._look.button(title, icon, small=True)
            button.clicked.connect(lambda _=False, act=act: act())
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        return column

    def _verdict(self, column: QVBoxLayout, artifact: Artifact) -> None:
        column.addWidget(line())
        column.addWidget(self._look.label(self.tr("Verified"), "section"))
        for check in (artifact.verdict or {}).get("checks", ()):
            row = QHBoxLayout()
            row.setSpacing(6)
            good = bool(check.get("passed"))
            row.addWidget(
                self._look.icon_label(
                    "circle-check" if good else "circle-x", "good" if good else "bad"
                )
            )
            said = ": ".join(filter(None, (check.get("name", ""), check.get("evidence", ""))))
            row.addWidget(self._look.label(said, "small", wrap=True), 1)
            column.addLayout(row)

    def _recipe(self, column: QVBoxLayout, record: Record) -> None:
        column.addWidget(line())
        head = QHBoxLayout()
        head.addWidget(self._look.label(self.tr("Parameters"), "section"))
        head.addStretch()
        copy = self._look.icon_button("copy", self.tr("Copy parameters"))
        copy.clicked.connect(lambda: self._parts.ui.copy(json.dumps(record.params, indent=2)))
        head.addWidget(copy)
        column.addLayout(head)
        facts = {"task": record.task, **record.params}
        if record.seed is not None:
            facts["seed"] = record.seed
        for weights, digest in record.weights.items():
            facts[f"model {weights}"] = digest[:12]
        facts |= {"device": record.device, "made": ago(record.created)}
        if record.seconds is not None:
            facts["took"] = formatting.duration(record.seconds)
        for name, value in facts.items():
            # What a page hands over as a whole is no reading matter; Copy has it.
            if value not in ("", None, []) and not isinstance(value, Mapping):
                column.addLayout(self._fact(name.replace("_", " "), value))

    def _fact(self, name: str, value: Any) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        key = self._look.label(name, "small", wrap=True)
        key.setFixedWidth(112)
        key.setAlignment(Qt.AlignmentFlag.AlignTop)
        row.addWidget(key)
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and len(value) > _LISTED:  # Copy has all of it
            first = ", ".join(str(each) for each in value[:_LISTED])
            said = self.tr("{first} and {count} more").format(
                first=first, count=f"{len(value) - _LISTED:,}"
            )
        said = said if len(said) < 600 else said[:600] + "…"
        shown = self._look.label(formatting.breakable(said), wrap=True)
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(shown, 1)
        return row

    def _relatives(self, column: QVBoxLayout, title: str, artifacts: list[Artifact]) -> None:
        if not artifacts:
            return
        column.addWidget(line())
        column.addWidget(self._look.label(title, "section"))
        for relative in artifacts[:20]:
            icon = self._look.kinds.icon(relative.kind)[0]
            button = self._look.button(relative.title or relative.kind, icon, kind="link")
            button.clicked.connect(lambda _=False, relative=relative: self.opened.emit(relative.id))
            column.addWidget(button)

    # --- doing --------------------------------------------------------------------------------

    def fill_menu(self, menu: QMenu, artifact: Artifact) -> None:
        """Add all that can be done with ``artifact``."""
        icon = self._look.icons.icon
        for title, name, act in self._uses(artifact):
            menu.addAction(icon(name), title, act)
        menu.addSeparator()
        menu.addAction(
            icon("star"),
            self.tr("Remove star") if artifact.starred else self.tr("Add star"),
            lambda: self._do(lambda lib: lib.star(artifact.id, not artifact.starred)),
        )
        if artifact.binned_at is None:
            menu.addAction(icon("trash-2"), self.tr("Move to bin"), lambda: self._bin(artifact))

    def _saved(self, artifact: Artifact) -> SavedArtifact:
        return saved_artifact(self._parts.studio.library, artifact)

    def _uses(self, artifact: Artifact) -> list[tuple[str, str, Callable[[], None]]]:
        """Return (title, icon, call) of each page that takes it, and of each plugin's action."""
        saved, words = self._saved(artifact), self.tr("Send to {page}")
        sends = self._parts.ui.send_to(saved)
        found = [(words.format(page=title), "arrow-right", send) for title, send in sends]
        return [*found, *self._parts.ui.actions_on(saved)]

    def _run_again(self, artifact: Artifact, record: Record | None) -> None:
        """Run the recipe anew with what its job was handed, if that was kept."""
        assert record is not None
        library = self._parts.studio.library

        def start(inputs: dict[str, bytes] | StudioError) -> None:
            if isinstance(inputs, StudioError):
                self._parts.studio.notices.error(inputs, key="run-again")
                return
            title = artifact.title
            self._start_again(
                artifact, JobRequest(record.task, record.params, title=title, inputs=inputs)
            )

        self._parts.background.run(lambda: outcome(lambda: library.inputs_of(record)), start)

    def _start_again(self, artifact: Artifact, request: JobRequest) -> None:
        """Run a recipe and compare the bytes."""
        notices, library = self._parts.studio.notices, self._parts.studio.library
        try:
            job = self._parts.studio.submit(request)
        except StudioError as error:
            notices.error(error, key="run-again")
            return

        def compare(made: SavedArtifact) -> None:
            same = library.artifact(made.id).digest == artifact.digest
            notices.info(
                self.tr("Run again: identical result.")
                if same
                else self.tr("Run again: different result. Both are in the library."),
                key="run-again",
            )
            self.changed.emit()

        job.on_artifact(compare)
        job.on_failed(lambda error: notices.error(error, key="run-again"))

    def _ask_format(self, artifact: Artifact, button: QWidget) -> None:
        """Export as it is, or ask first where plugins know other formats."""
        others = formats(self._parts, artifact)
        if not others:
            self._export(artifact)
            return
        menu = self._parts.ui.menu(self)
        as_is = self.tr("Original ({suffix}) with parameters").format(suffix=artifact.suffix)
        menu.addAction(as_is, lambda: self._export(artifact))
        for other in others:
            menu.addAction(other.suffix, partial(self._export_as, artifact, other))
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _export_as(self, artifact: Artifact, other: ExportFormat) -> None:
        name = file_name(called(artifact), other.suffix)
        path = self._parts.ui.save_file(self.tr("Export"), name, [other.suffix])
        if path is not None:
            with suppress(StudioError):  # the host has told the user already, and named the plugin
                other.write(path)
                self._parts.studio.notices.info(self.tr("Exported."), str(path), key="export")

    def _export(self, artifact: Artifact) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Export to"))
        if folder:
            self._parts.background.run(
                lambda: self._parts.studio.library.export(artifact.id, Path(folder)),
                lambda path: self._parts.studio.notices.info(
                    self.tr("Exported with its parameters."), str(path), key="export"
                ),
                self._tell,
            )

    def _rename(self, artifact: Artifact, title: str) -> None:
        if title != artifact.title:
            self._do(lambda lib: lib.rename(artifact.id, title))

    def _bin(self, artifact: Artifact) -> None:
        self._do(lambda lib: lib.bin(artifact.id))
        self._parts.studio.notices.offer(
            self.tr("Moved to the bin."),
            self.tr("Undo"),
            lambda: self._do(lambda lib: lib.restore(artifact.id)),
            key=f"bin-{artifact.id}",
        )

    def _do(self, change: Callable[[Any], object]) -> None:
        library = self._parts.studio.library
        self._parts.background.run(
            lambda: change(library), lambda _: self.changed.emit(), self._tell
        )

    def _tell(self, error: Exception) -> None:
        told = error if isinstance(error, StudioError) else str(error)
        self._parts.studio.notices.error(told, key="gallery")
