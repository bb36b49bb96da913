"""The Gallery: everything that was made, to find, look at and make again. Stores nothing.

The search line is the only truth of what is shown: chips and menus write into it.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.window.context import Page, PageAction
from studio.base.energy.amount import Amount
from studio.base.energy.grid import grid_factor
from studio.desktop import phrases
from studio.desktop.appearance.kinds import own_titles
from studio.desktop.kit.drop_target import Accepted, DropTarget
from studio.desktop.pages.gallery.artifact_detail import ArtifactDetail
from studio.desktop.pages.gallery.artifact_grid import ArtifactGrid
from studio.desktop.pages.gallery.family_tree import show_family_tree
from studio.desktop.pages.gallery.library_bin import MOST, BinnedConversations, ask_empty_bin
from studio.desktop.pages.gallery.search.field import SearchField
from studio.desktop.pages.gallery.search.filter_menu import FilterMenu
from studio.desktop.pages.gallery.search.kind_menu import MENU, KindMenu
from studio.desktop.pages.gallery.shelves.collection_bar import CollectionBar
from studio.desktop.pages.gallery.shelves.comparison import compare
from studio.desktop.pages.gallery.shelves.drag_out import DragOut
from studio.desktop.pages.gallery.shelves.selection_bar import SelectionBar
from studio.desktop.pages.gallery.verification_sheet import verify_files
from studio.desktop.pages.page_frame import PageFrame
from studio.desktop.pages.page_services import PageServices
from studio.desktop.viewers import artifact as viewers
from studio.desktop.widgets.flow_layout import flow_row
from studio.jobs.job import Job
from studio.library import Artifact, Collection, Conversation, Stats
from studio.library.search_line import has, put, terms_in
from studio.library.search_query import BIN, STARRED, Term, parse
from studio.protocol.errors import ErrorCode, StudioError

_PAUSE_MS, _PATIENCE_MS = 120, 700
"""Until what is typed is searched for, and until it is said that it means nothing."""


def build(parts: PageServices) -> Page:
    """Return the Gallery."""
    page = GalleryPage(parts)
    return Page(
        page,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.show_saved,
        actions=[
            PageAction(
                "gallery.search", page.tr("Search the library"), page.focus_search, "search"
            ),
            PageAction(
                "gallery.family",
                page.tr("Family tree"),
                page.show_family,
                "git-fork",
                "Ctrl+Shift+F",
            ),
            PageAction("gallery.verify", page.tr("Verify files…"), page.drops.pick, "shield-check"),
        ],
        focus=page.on_shown,
    )


class GalleryPage(QWidget):
    """Search line, chips, grid, detail."""

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._look = parts, parts.ui.look
        self._asked = 0.0
        self._wanted = ""
        self._following = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._frame = PageFrame(self._look, self.tr("Library"))
        layout.addWidget(self._frame, 1)
        self.search = SearchField(self._look)
        self.search.changed.connect(self._on_line)
        self.search.wanted.connect(self._complete)
        self._frame.body.addWidget(self.search)
        self._chips: dict[str, QPushButton] = {}
        self._frame.body.addLayout(self._chip_row())
        self._empty_states()
        self.conversations = BinnedConversations(parts)
        self.conversations.restored.connect(self.refresh)
        self.conversations.hide()
        self.grid = ArtifactGrid(
            self._look,
            parts.studio.library,
            parts.background,
            self._tell,
            lambda: viewers.drawers(parts),
        )
        self.grid.chosen.connect(self._show)
        self.grid.menu_wanted.connect(self._show_menu)
        self.grid.removal_wanted.connect(self._remove)
        self.collections = CollectionBar(parts)
        self.collections.chosen.connect(lambda title, on: self.write("in", title, on=on))
        self.collections.changed.connect(self.refresh)
        self.collections.dropped.connect(self._put_into)
        self.selection = SelectionBar(parts, self.grid)
        self.selection.changed.connect(self.refresh)
        self.selection.compare_wanted.connect(lambda ids: compare(parts, ids, self))
        self._drags = DragOut(parts, self.grid)
        for row in (self.collections, self.selection, self.conversations):
            self._frame.body.addWidget(row)
        self._frame.body.addWidget(self.grid, 1)
        self.detail = ArtifactDetail(parts)
        self.detail.changed.connect(self.refresh)
        self.detail.opened.connect(self._show_id)
        self.detail.played.connect(self._play_on)
        self.grid.play_wanted.connect(self.detail.toggle)
        self.detail.hide()
        layout.addWidget(self.detail)
        files = Accepted(files=self._verify)
        self.drops = DropTarget(
            parts.ui, self._look, self, self.tr("Drop files to verify them"), files, None, ""
        )
        parts.studio.jobs.on_change(self._on_job)
        self._timer, self._scold = QTimer(self), QTimer(self)
        for timer in (self._timer, self._scold):
            timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        self._error: StudioError | None = None
        self._scold.timeout.connect(lambda: self.search.tell(self._error))

    # --- what is shown ------------------------------------------------------------------------

    @property
    def line(self) -> str:
        """The search line."""
        return self.search.line

    def set_line(self, line: str) -> None:
        """Search by another line."""
        self.search.set_line(line)

    def on_shown(self) -> None:
        """Come into view: look again."""
        self.refresh()
        self.grid.setFocus()

    def _verify(self, files: list[Path]) -> None:
        if self._drags.made(files):
            return  # they come from here
        verify_files(self._parts, files, self.window(), self._show_id)

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.field.setFocus()
        self.search.field.selectAll()

    def refresh(self) -> None:
        """Ask the library again, beside the window."""
        self._asked = requested = time.monotonic()
        self.search.forget()
        line, library, around = self.line, self._parts.studio.library, self.grid.around()
        binned = has(line, "in", BIN)

        def read() -> tuple[Any, ...]:
            keys, terms = library.search.keys(line), parse(line)
            return (
                keys,
                library.search.rows(keys[around]),
                terms,
                _talks(library, terms) if binned else [],
                library.kinds(),
                library.collections.list(),
                library.stats() if binned else None,
            )

        self._parts.background.run(
            read,
            lambda results: self._fill(requested, *results),
            lambda error: self._refused(requested, error),
        )

    def show_saved(self, artifact: SavedArtifact) -> None:
        """Show one result, wherever it is in the grid."""
        self._wanted = artifact.id
        self.refresh()

    def _fill(
        self,
        requested: float,
        keys: array[int],
        artifacts: Mapping[int, Artifact],
        terms: tuple[Term, ...],
        talks: list[Conversation],
        kinds: list[str],
        collections: list[Collection],
        bin: Stats | None,
    ) -> None:
        if requested != self._asked:
            return  # a later question is on its way
        self._scold.stop()
        self.search.tell(None)
        # Those of plugins, and those that are left of plugins that are gone.
        self._following = True
        self.more.offer([*self._look.kinds.of_plugins(), *kinds])
        self._following = False
        self.collections.show_collections(collections, self.line)
        self._follow()
        self.grid.show_found(keys, artifacts, [term for term in terms if not term.field])
        if self._wanted:
            self._show_id(self._wanted)
            self._wanted = ""
        self.conversations.show_conversations(talks)
        deleted = bin.binned_messages if bin else 0
        self._empty_bin.setVisible(
            bin is not None and bool(bin.binned or bin.binned_conversations or deleted)
        )
        self.grid.setVisible(bool(keys))
        searched = any(not (term.field == "in" and term.value == BIN) for term in terms)
        none = not (keys or talks)
        self._nothing.setVisible(none and searched)
        self._bin_empty.setVisible(none and bin is not None and not (searched or deleted))
        self._empty.setVisible(none and not searched and bin is None)
        summary = self._counted(len(keys), len(talks), deleted)
        self._frame.say(summary)
        if keys and any(term.field == "in" and term.value != BIN for term in terms):
            self._sum_up(requested, keys, summary)

    def _sum_up(self, requested: float, keys: array[int], summary: str) -> None:
        """Add the total energy of a collection's results once computed."""
        library, settings = self._parts.studio.library, self._parts.studio.settings

        def say(amount: Amount) -> None:
            if requested == self._asked and amount.joules:
                self._frame.say(f"{summary} · {phrases.energy(amount, grid_factor(settings))}")

        self._parts.background.run(
            lambda: library.energy.of_artifacts(library.search.ids(keys)), say, self._tell
        )

    def _refused(self, requested: float, error: Exception) -> None:
        if requested != self._asked:
            return
        if isinstance(error, StudioError) and error.code is ErrorCode.BAD_INPUT:
            self._error = error
            self._scold.start(_PATIENCE_MS)  # it may be half typed
        else:
            self._tell(error)

    def _counted(self, count: int, talks: int, deleted: int) -> str:
        results = self.tr("1 result") if count == 1 else self.tr("{count} results")
        parts = [results.format(count=f"{count:,}")] if count else []
        if talks:
            words = self.tr("1 conversation") if talks == 1 else self.tr("{count} conversations")
            parts.append(words.format(count=f"{talks}{'+' if talks == MOST else ''}"))
        if deleted:
            one, many = self.tr("1 deleted message"), self.tr("{count} deleted messages")
            parts.append((one if deleted == 1 else many).format(count=deleted))
        return " · ".join(parts)

    def _empty_states(self) -> None:
        make = self._parts.ui.empty_state
        self._empty = make(
            "layout-grid",
            self.tr("Nothing here yet"),
            self.tr(
                "Everything you create is saved here: text, pictures, music, molecules and code."
            ),
        )
        self._nothing = make(
            "search",
            self.tr("Nothing found"),
            self.tr("No result fits your search."),
            [("x", self.tr("Show everything"), lambda: self.set_line(""))],
        )
        self._bin_empty = make(
            "trash-2",
            self.tr("The bin is empty"),
            self.tr("What you move to the bin waits here until you empty it."),
        )
        for state in (self._empty, self._nothing, self._bin_empty):
            state.hide()
            self._frame.body.addWidget(state, 1)

    def _show(self, artifact: Artifact | None) -> None:
        self.detail.setVisible(artifact is not None)
        if artifact is not None:
            self.detail.show_artifact(artifact)

    def _play_on(self) -> None:
        """Play the next of several that are selected."""
        self.detail.play_next(self.grid.go_on())

    def show_family(self) -> None:
        """Show the family tree of the selection."""
        if self.detail.isVisible() and self.detail.artifact is not None:
            show_family_tree(self._parts, self.detail.artifact.id, self, self._show_id)

    def _show_menu(self, artifact: Artifact, at: QPoint) -> None:
        menu = self._parts.ui.menu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        if self.grid.selected_count() > 1:
            self.selection.fill_menu(menu)
        else:
            self.detail.fill_menu(menu, artifact)
        menu.popup(at)

    def _remove(self) -> None:
        """Move the selection to the bin; items already there stay until it is emptied."""
        artifact = self.grid.first_selected()
        if artifact is not None and artifact.binned_at is None:
            self.selection.bin()

    def _put_into(self, collection: str, keys: list[int]) -> None:
        library = self._parts.studio.library
        self._parts.background.run(
            lambda: library.collections.put(collection, library.search.ids(keys)),
            lambda _: self.refresh(),
            self._tell,
        )

    def _show_id(self, id: str) -> None:
        if self.grid.select(id):
            return
        library = self._parts.studio.library

        def found(answer: tuple[int | None, Artifact]) -> None:
            key, artifact = answer
            if key is None or not self.grid.select_key(key):
                self._show(artifact)  # the search leaves it out

        self._parts.background.run(
            lambda: (library.search.key(id), library.artifact(id)), found, self._tell
        )

    def _on_job(self, job: Job) -> None:
        if job.artifacts and job.state.is_terminal and self.isVisible():
            self._timer.start(300)

    def _tell(self, error: Exception) -> None:
        self._parts.studio.notices.error(error, key="gallery")

    # --- narrowing ----------------------------------------------------------------------------

    def write(self, field: str, value: str = "", *, on: bool = True, alone: bool = False) -> None:
        """Ask for a value of a field in the search line, or no longer; see ``search_line.put``."""
        self.set_line(put(self.line, field, value, on=on, alone=alone))

    def _on_line(self) -> None:
        self._follow()
        self._timer.start(_PAUSE_MS)

    def _complete(self, field: str) -> None:
        search = self._parts.studio.library.search
        self._parts.background.run(
            lambda: search.values(field) if field else search.parameters(),
            lambda values: self.search.learn(field, values),
            self._tell,
        )

    def _chip_row(self) -> QHBoxLayout:
        chips: list[QWidget] = [
            self._chip("kind", str(kind), title)
            for kind, title in own_titles().items()
            if kind not in MENU
        ]
        self.more = KindMenu(self._look, self._parts.ui.menu())
        self.more.toggled.connect(lambda kind, on: self._on_chip("kind", kind, on))
        self.filters = FilterMenu(self._parts, lambda: self.line)
        self.filters.toggled.connect(
            lambda field, value, on, alone: self.write(field, value, on=on, alone=alone)
        )
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(flow_row([*chips, self.more.button, self.filters.button]), 1)
        row.addWidget(self._chip(STARRED, "", self.tr("Starred"), "star"))
        row.addWidget(self._chip("in", BIN, self.tr("Bin"), "trash-2"))
        self._empty_bin = self._look.button(self.tr("Empty bin…"), "trash-2", small=True)
        self._empty_bin.clicked.connect(lambda: ask_empty_bin(self._parts, self.refresh))
        self._empty_bin.hide()
        row.addWidget(self._empty_bin)
        return row

    def _chip(self, field: str, value: str, title: str, icon: str = "") -> QPushButton:
        chip = self._look.button(title, icon, small=True)
        chip.setCheckable(True)
        chip.toggled.connect(partial(self._on_chip, field, value))
        self._chips[f"{field}:{value}"] = chip
        return chip

    def _on_chip(self, field: str, value: str, on: bool) -> None:
        if not self._following:
            self.write(field, value, on=on)

    def _follow(self) -> None:
        """Synchronise the chips with the search line."""
        self._following = True
        line = self.line
        for name, chip in self._chips.items():
            field, _, value = name.partition(":")
            chip.setChecked(has(line, field, value))
        kinds = {
            value
            for term in terms_in(line)
            if term.field == "kind" and not term.negated
            for value in term.values
        }
        self.collections.follow(line)
        self.more.choose(kind for kind in kinds if f"kind:{kind}" not in self._chips)
        self._following = False

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what narrows the view."""
        return {"query": self.line}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Narrow the view as it was."""
        line = str(state.get("query", ""))
        for kind in state.get("kinds", ()):  # as it was written before there was a line
            line = put(line, "kind", str(kind))
        self.set_line(put(line, STARRED) if state.get("starred") else line)


def _talks(library: Any, terms: tuple[Term, ...]) -> list[Conversation]:
    """Return the conversations of the bin, unless something is asked that only results have."""
    if any(term.negated or term.field not in ("", "in") for term in terms):
        return []
    words = " ".join(term.value for term in terms if not term.field)
    conversations: list[Conversation] = library.conversations.list(words, binned=True, limit=MOST)
    return conversations
