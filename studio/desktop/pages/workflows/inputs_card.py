"""Name and inputs of a workflow: typed lines, files, or library results."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from studio.api.artifacts import Kind
from studio.api.errors import BadInput
from studio.automation.workflows import sources
from studio.automation.workflows.document import Workflow
from studio.automation.workflows.results import Results, Source
from studio.desktop.pages.page_frame import card
from studio.desktop.pages.page_services import PageServices
from studio.library.rows import Collection


class InputsCard(QWidget):
    """The head of a workflow.

    Signals:
        renamed: Another name.
        entry_changed: Another ``InputEntry``: its kind, or the collection that it names.

    Attributes:
        source: Where the inputs are from; None for what is typed.
    """

    renamed = Signal(str)
    entry_changed = Signal(object)

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._ui = parts, parts.ui
        self._library, self._plugins = parts.studio.library, parts.studio.plugins
        self._workflow: Workflow | None = None
        self.source: Source | None = None
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

    def take(self, source: Source | None) -> None:
        """Show where the inputs are from."""
        self.source = source
        kind = self._workflow.input.kind if self._workflow else Kind.TEXT
        takes_any = kind != sources.NONE
        self.lines.setVisible(takes_any and source is None and kind != Kind.TABLE)
        self._source_words.setVisible(source is not None and takes_any)
        self._drop.setVisible(source is not None and takes_any)
        self._source_words.set_text(self._told(source))
        for button in (self.folder, self.collection):
            button.setVisible(takes_any and kind != Kind.TABLE)
        self.table.setVisible(takes_any)

    def chosen(self) -> Source | Iterable[sources.Given] | None:
        """Return where the inputs are from, or those that were typed; None for a workflow without.

        Raises:
            StudioError: There are none yet.
        """
        assert self._workflow is not None
        kind = self._workflow.input.kind
        if kind == sources.NONE:
            return None
        if self.source is not None:
            return self.source
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
        self.kind.activated.connect(lambda: self._change(kind=self.kind.currentData()))
        row.addWidget(self.kind)
        return row

    def _source_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._source_words = self._ui.elided_label()
        self._drop = self._ui.icon_button("x", self.tr("Type the inputs instead"))
        self._drop.clicked.connect(lambda: self._choose(None))
        row.addWidget(self._source_words, 1)
        row.addWidget(self._drop)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.folder = self._ui.button(self.tr("Folder…"), "folder", dense=True)
        self.folder.clicked.connect(self._on_folder)
        self.table = self._ui.button(self.tr("Table or list…"), "table", dense=True)
        self.table.clicked.connect(self._on_table)
        self.collection = self._ui.button(self.tr("Collection…"), "layout-grid", dense=True)
        self.collection.clicked.connect(self._on_collection)
        for button in (self.folder, self.table, self.collection):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _on_folder(self) -> None:
        if folder := self._ui.pick_folder(self.tr("A folder with inputs")):
            self._choose(folder)

    def _on_table(self) -> None:
        suffixes = [*sources.TABLES, *sources.LISTS]
        for file in self._ui.pick_files(self.tr("A table or a list"), suffixes):
            self._choose(file)

    def _on_collection(self) -> None:
        def offer(collections: list[Collection]) -> None:
            menu = self._ui.menu(self.collection)
            menu.aboutToHide.connect(menu.deleteLater)
            for collection in collections:
                menu.addAction(
                    collection.title, partial(self._choose, Results(collection=collection.title))
                )
            if not collections:
                none = menu.addAction(self.tr("No collections yet: select results in the library"))
                none.setEnabled(False)
            menu.popup(self.collection.mapToGlobal(self.collection.rect().bottomLeft()))

        self._parts.background.run(
            self._library.collections.list, offer, self._parts.studio.notices.error
        )

    def _choose(self, source: Source | None) -> None:
        """Take a source; a collection is a part of the workflow."""
        self.take(source)
        self._change(collection=source.collection if isinstance(source, Results) else "")

    def _change(self, **changes: str) -> None:
        if self._workflow is not None:
            entry = msgspec.structs.replace(self._workflow.input, **changes)
            if entry != self._workflow.input:
                self.entry_changed.emit(entry)

    def _told(self, source: Source | None) -> str:
        if not isinstance(source, Results):
            return str(source or "")
        if source.collection:
            return self.tr("Collection “{title}”").format(title=source.collection)
        if source.run:
            return self.tr("The results that the run started from")
        words = self.tr("{count} results of the library")
        return words.format(count=f"{len(source.ids):,}")
