"""What a workflow is called, and what it runs on: typed lines, a folder, a table or a list."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from studio.api.artifacts import Kind
from studio.api.errors import BadInput
from studio.core.workflows import sources
from studio.core.workflows.document import Workflow
from studio.desktop.pages.page_frame import card
from studio.desktop.pages.page_services import PageServices


class InputsCard(QWidget):
    """The head of a workflow.

    Signals:
        renamed: Another name.
        kind_chosen: Another kind of input.

    Attributes:
        source: Where the inputs are from; None for what is typed.
    """

    renamed = Signal(str)
    kind_chosen = Signal(str)

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._ui, self._plugins = parts.ui, parts.studio.plugins
        self._workflow: Workflow | None = None
        self.source: Path | None = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame, column = card()
        outer.addWidget(frame)
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Name of the workflow"))
        self.name.editingFinished.connect(lambda: self.renamed.emit(self.name.text()))
        column.addWidget(self.name)
        column.addLayout(self._kind_row())
        self.lines = QPlainTextEdit()
        self.lines.setAccessibleName(self.tr("Inputs, one in each line"))
        self.lines.setPlaceholderText(self.tr("One input in each line"))
        self.lines.setFixedHeight(84)
        self.lines.setTabChangesFocus(True)
        column.addWidget(self.lines)
        column.addLayout(self._source_row())
        column.addLayout(self._buttons())

    def show_workflow(self, workflow: Workflow) -> None:
        """Show the head of another workflow, or of this one after a change."""
        self._workflow = workflow
        self.name.setText(workflow.name)
        self.kind.setCurrentIndex(max(0, self.kind.findData(workflow.input.kind)))
        self.take(self.source)

    def take(self, source: Path | None) -> None:
        """Show where the inputs are from."""
        self.source = source
        kind = self._workflow.input.kind if self._workflow else Kind.TEXT
        takes_any = kind != sources.NONE
        self.lines.setVisible(takes_any and source is None and kind != Kind.TABLE)
        self._source_words.setVisible(source is not None and takes_any)
        self._drop.setVisible(source is not None and takes_any)
        self._source_words.setText(str(source or ""))
        self.folder.setVisible(takes_any and kind != Kind.TABLE)
        self.table.setVisible(takes_any)

    def rows(self) -> Iterable[sources.Given] | None:
        """Return a row for each input, read as they are wanted; None for a workflow without any.

        Raises:
            StudioError: There are none yet.
        """
        assert self._workflow is not None
        kind = self._workflow.input.kind
        if kind == sources.NONE:
            return None
        if self.source is not None:
            return sources.rows(self.source, self._workflow, self._plugins.kinds())
        lines = self.lines.toPlainText().splitlines()
        if not any(line.strip() for line in lines) or kind == Kind.TABLE:
            raise BadInput(self.tr("There are no inputs yet. Choose or type some."))
        return sources.listed(lines, kind, Path.home())

    # --- inside -------------------------------------------------------------------------------

    def _kind_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self._ui.look.label(self.tr("Inputs"), "section"), 1)
        self.kind = self._ui.combo_box()
        self.kind.setAccessibleName(self.tr("Kind of the inputs"))
        titles = {sources.NONE: self.tr("None"), Kind.TABLE: self.tr("Lines of a table")}
        for kind in (sources.NONE, *Kind, *(kind.id for kind in self._plugins.kinds())):
            self.kind.addItem(titles.get(kind) or self._ui.look.kinds.title(kind), str(kind))
        self.kind.activated.connect(lambda: self.kind_chosen.emit(self.kind.currentData()))
        row.addWidget(self.kind)
        return row

    def _source_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._source_words = self._ui.elided_label()
        self._drop = self._ui.icon_button("x", self.tr("Type the inputs instead"))
        self._drop.clicked.connect(lambda: self.take(None))
        row.addWidget(self._source_words, 1)
        row.addWidget(self._drop)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.folder = self._ui.button(self.tr("Folder…"), "folder", dense=True)
        self.folder.clicked.connect(self._on_folder)
        self.table = self._ui.button(self.tr("Table or list…"), "table", dense=True)
        self.table.clicked.connect(self._on_table)
        row.addWidget(self.folder)
        row.addWidget(self.table)
        row.addStretch(1)
        return row

    def _on_folder(self) -> None:
        if folder := self._ui.pick_folder(self.tr("A folder with inputs")):
            self.take(folder)

    def _on_table(self) -> None:
        suffixes = [*sources.TABLES, *sources.LISTS]
        for file in self._ui.pick_files(self.tr("A table or a list"), suffixes):
            self.take(file)
