"""Actions on several results: a bar shown while they are selected."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from studio.api.window.language import tr_filled
from studio.desktop.pages.gallery.shelves.name_sheet import ask_name
from studio.desktop.pages.page_services import PageServices
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.exporter import Exporter
from studio.protocol.errors import StudioError

if TYPE_CHECKING:
    from studio.desktop.pages.gallery.artifact_grid import ArtifactGrid

MOST_COMPARED = 4


class SelectionBar(QWidget):
    """How many are selected, and buttons.

    Signals:
        changed: The library changed.
        compare_wanted: The ids of two to four artifacts.
    """

    changed = Signal()
    compare_wanted = Signal(list)

    def __init__(self, parts: PageServices, grid: ArtifactGrid) -> None:
        super().__init__()
        self._parts, self._grid = parts, grid
        look = parts.ui.look
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.count = look.label("", "section")
        row.addWidget(self.count)
        row.addStretch()
        self.compare = self._button(row, self.tr("Compare"), "columns-2", self._compare)
        self._button(row, self.tr("Collect"), "folder-plus", self._collect)
        for title, icon, call in (  # without words: there is no room for all in a small window
            (self.tr("Tag…"), "tag", self.ask_tag),
            (self.tr("Star"), "star", partial(self._do, _star)),
            (self.tr("Run workflow…"), "workflow", self._run_workflow),
        ):
            button = look.icon_button(icon, title)
            button.clicked.connect(lambda _=False, call=call: call())
            row.addWidget(button)
        self._button(row, self.tr("Export…"), "download", self._export)
        self.away = self._button(row, self.tr("Move to bin"), "trash-2", self.bin)
        self.back = self._button(row, self.tr("Restore"), "archive-restore", self._restore)
        grid.picked.connect(self.follow)
        self.hide()

    def follow(self) -> None:
        """Update to the current selection."""
        count = self._grid.selected_count()
        self.setVisible(count > 1)
        if count > 1:
            self.count.setText(self.tr("{count} selected").format(count=f"{count:,}"))
            self.compare.setEnabled(count <= MOST_COMPARED)
            first = self._grid.first_selected()
            binned = first is not None and first.binned_at is not None
            self.away.setVisible(not binned)
            self.back.setVisible(binned)

    def with_ids(self, then: Callable[[list[str]], None]) -> None:
        """Call ``then`` with the ids of the selection, in order."""
        keys, search = self._grid.selected_keys(), self._parts.studio.library.search
        self._parts.background.run(lambda: search.ids(keys), then, self._tell)

    def bin(self) -> None:
        """Move the selection to the bin, and offer Undo."""

        def moved(ids: list[str]) -> None:
            self._do(lambda library, _: library.bin(ids), ids)
            text = self.tr("{count} results were moved to the bin.").format(count=f"{len(ids):,}")
            self._parts.studio.notices.offer(
                text,
                self.tr("Undo"),
                lambda: self._do(lambda library, _: library.restore(ids), ids),
                key="bin-several",
            )

        self.with_ids(moved)

    def put_into(self, collection: str, ids: list[str]) -> None:
        """Add results to a collection and say so."""

        def put(library: Any, _: list[str]) -> None:
            library.collections.put(collection, ids)

        self._do(put, ids)

    def ask_tag(self) -> None:
        """Ask for a tag, and add it to the selection."""
        library, ui = self._parts.studio.library, self._parts.ui

        def ask(tags: dict[str, int]) -> None:
            title, done = self.tr("Tag for the selected results"), self.tr("Add tag")
            ask_name(ui.look, self, title, done, self._tag, known=sorted(tags))

        self._parts.background.run(library.tags.all, ask, self._tell)

    def fill_menu(self, menu: QMenu) -> None:
        """Add the actions on the selection to a menu."""
        icon, count = self._parts.ui.look.icons.icon, self._grid.selected_count()
        if count <= MOST_COMPARED:
            menu.addAction(icon("columns-2"), self.tr("Compare"), self._compare)
        menu.addAction(icon("tag"), self.tr("Tag…"), self.ask_tag)
        menu.addAction(icon("workflow"), self.tr("Run workflow…"), self._run_workflow)
        menu.addAction(icon("download"), self.tr("Export…"), self._export)
        menu.addAction(icon("trash-2"), self.tr("Move to bin"), self.bin)

    def _tag(self, tag: str) -> None:
        self._do(lambda library, ids: library.tags.add(tag, ids))

    def _restore(self) -> None:
        self._do(lambda library, ids: library.restore(ids))

    def _compare(self) -> None:
        self.with_ids(self.compare_wanted.emit)

    def _run_workflow(self) -> None:
        """Use the selection as the input of a workflow."""

        def show(ids: list[str]) -> None:
            self._parts.ui.open_page("studio.workflows")
            self._parts.studio.workflows.on_results(tuple(ids))

        self.with_ids(show)

    def _collect(self) -> None:
        """Offer the collections, and a new one."""
        library = self._parts.studio.library

        def offer(collections: list[Any]) -> None:
            menu = self._parts.ui.menu(self)
            menu.aboutToHide.connect(menu.deleteLater)
            for collection in collections:
                put = partial(self.put_into, collection.id)
                menu.addAction(collection.title, partial(self.with_ids, put))
            if collections:
                menu.addSeparator()
            menu.addAction(self.tr("New collection…"), self._new_collection)
            menu.popup(self.mapToGlobal(self.rect().bottomRight()))

        self._parts.background.run(library.collections.list, offer, self._tell)

    def _new_collection(self) -> None:
        def make(title: str) -> None:
            def put(library: Any, ids: list[str]) -> None:
                library.collections.put(library.collections.create(title).id, ids)

            self._do(put)

        ask_name(
            self._parts.ui.look, self, self.tr("New collection"), self.tr("Make collection"), make
        )

    def _export(self) -> None:
        folder, studio = self._parts.ui.pick_folder(self.tr("Export to")), self._parts.studio
        if folder is None:
            return
        exporter = Exporter(studio.library, studio.paths, studio.settings)
        export = partial(_export_all, exporter, exporter.disclosure)

        def write(ids: list[str]) -> None:
            self._parts.background.run(
                partial(export, ids, folder),
                partial(self._exported, folder),
                self._tell,
            )

        self.with_ids(write)

    def _exported(self, folder: Path, outcome: tuple[int, list[str]]) -> None:
        done, failed = outcome
        notices = self._parts.studio.notices
        if done:
            text = self.tr("{count} results were exported.").format(count=f"{done:,}")
            notices.info(text, str(folder), key="export")
        if failed:
            text = self.tr("{count} results could not be exported.").format(
                count=f"{len(failed):,}"
            )
            notices.error(f"{text} {failed[0]}", key="export-failed")

    def _do(self, change: Callable[[Any, list[str]], object], ids: list[str] | None = None) -> None:
        """Run ``change`` with the library and the ids beside the window, then look anew."""
        library, keys = self._parts.studio.library, self._grid.selected_keys()
        self._parts.background.run(
            lambda: change(library, library.search.ids(keys) if ids is None else ids),
            lambda _: self.changed.emit(),
            self._tell,
        )

    def _button(
        self, row: QHBoxLayout, title: str, icon: str, call: Callable[[], object]
    ) -> QWidget:
        button = self._parts.ui.look.button(title, icon, small=True)
        button.clicked.connect(lambda: call())
        row.addWidget(button)
        return button

    def _tell(self, error: Exception) -> None:
        self._parts.studio.notices.error(error, key="gallery")


def _star(library: Any, ids: list[str]) -> None:
    library.star(ids)


def _export_all(
    exporter: Exporter, disclosure: Disclosure, ids: list[str], folder: Path
) -> tuple[int, list[str]]:
    """Export each; return how many were, and why others were not."""
    done, failed = 0, list[str]()
    for id in ids:
        try:
            exporter.to_folder(id, folder, disclosure)
            done += 1
        except StudioError as error:
            failed.append(tr_filled(error))
    return done, failed
