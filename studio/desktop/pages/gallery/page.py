"""The Gallery: everything that was made, to find, look at and make again. Stores nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.window.context import Page, PageAction
from studio.core.jobs.job import Job
from studio.core.library import Artifact, Conversation, Stats
from studio.desktop.appearance.kinds import own_titles
from studio.desktop.kit.drop_target import Accepted, DropTarget
from studio.desktop.pages.gallery.artifact_detail import ArtifactDetail
from studio.desktop.pages.gallery.artifact_grid import ArtifactGrid
from studio.desktop.pages.gallery.family_tree import show_family_tree
from studio.desktop.pages.gallery.kind_menu import MENU, KindMenu
from studio.desktop.pages.gallery.library_bin import MOST, BinnedConversations, ask_empty_bin
from studio.desktop.pages.gallery.verification_sheet import verify_files
from studio.desktop.pages.page_frame import PageFrame
from studio.desktop.pages.page_services import PageServices

BATCH = 200


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
    """Search, chips, grid, detail."""

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._parts, self._look = parts, parts.ui.look
        self._kinds: set[str] = set()
        self._starred = self._binned = False
        self._asked = 0.0
        self._wanted = ""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._frame = PageFrame(self._look, self.tr("Library"))
        layout.addWidget(self._frame, 1)
        self.search = self._search_field()
        self._frame.controls.addWidget(self.search)
        self._chips: dict[str, QPushButton] = {}
        self._frame.body.addLayout(self._chip_row())
        self._empty = parts.ui.empty_state(
            "layout-grid",
            self.tr("Nothing here yet"),
            self.tr(
                "Everything you create is saved here: text, pictures, music, molecules and code."
            ),
        )
        self._nothing = parts.ui.empty_state(
            "search",
            self.tr("Nothing found"),
            self.tr("No result fits your search and the filters."),
            [("x", self.tr("Show everything"), self._widen)],
        )
        self._bin_empty = parts.ui.empty_state(
            "trash-2",
            self.tr("The bin is empty"),
            self.tr("What you move to the bin waits here until you empty it."),
        )
        self.conversations = BinnedConversations(parts)
        self.conversations.restored.connect(self.refresh)
        self.conversations.hide()
        self.grid = ArtifactGrid(self._look, parts.studio.library, parts.background)
        self.grid.chosen.connect(self._show)
        self.grid.end_reached.connect(self._more)
        self.grid.menu_wanted.connect(self._show_menu)
        for state in (self._empty, self._nothing, self._bin_empty):
            state.hide()
            self._frame.body.addWidget(state, 1)
        self._frame.body.addWidget(self.conversations)
        self._frame.body.addWidget(self.grid, 1)
        self.detail = ArtifactDetail(parts)
        self.detail.changed.connect(self.refresh)
        self.detail.opened.connect(self._show_id)
        self.detail.hide()
        layout.addWidget(self.detail)
        files = Accepted(files=self._verify)
        self.drops = DropTarget(
            parts.ui, self._look, self, self.tr("Drop files to verify them"), files, None, ""
        )
        parts.studio.jobs.on_change(self._on_job)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)

    # --- what is shown ------------------------------------------------------------------------

    def on_shown(self) -> None:
        """Come into view: look again."""
        self.refresh()
        self.grid.setFocus()

    def _verify(self, files: list[Path]) -> None:
        verify_files(self._parts, files, self.window(), self._show_id)

    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.setFocus()
        self.search.selectAll()

    def refresh(self) -> None:
        """Ask the library again, beside the window."""
        self._asked = asked = time.monotonic()
        binned = self._binned and not (self._kinds or self._starred)
        self._parts.background.run(
            lambda: (
                self._find(0),
                self._talks() if binned else [],
                self._parts.studio.library.kinds(),
                self._in_the_bin(),
            ),
            lambda found: self._fill(asked, *found),
            self._tell,
        )

    def _in_the_bin(self) -> Stats | None:
        """Return how much there is, if the bin is looked at: a filter hides some of it."""
        return self._parts.studio.library.stats() if self._binned else None

    def show_saved(self, artifact: SavedArtifact) -> None:
        """Show one result, wherever it is in the grid."""
        self._wanted = artifact.id
        self.refresh()

    def _more(self) -> None:
        shown, asked = self.grid.count(), self._asked
        self._parts.background.run(
            lambda: self._find(shown),
            lambda found: self.grid.add(found) if asked == self._asked else None,
            self._tell,
        )

    def _find(self, offset: int) -> list[Artifact]:
        return self._parts.studio.library.find(
            self.search.text(),
            kinds=tuple(sorted(self._kinds)),
            starred=True if self._starred else None,
            binned=self._binned,
            limit=BATCH,
            offset=offset,
        )

    def _talks(self) -> list[Conversation]:
        listed = self._parts.studio.library.conversations.list
        return listed(self.search.text(), binned=True, limit=MOST)

    def _fill(
        self,
        asked: float,
        found: list[Artifact],
        talks: list[Conversation],
        kinds: list[str],
        bin: Stats | None,
    ) -> None:
        if asked != self._asked:
            return  # a later question is on its way
        # Those of plugins, and those that are left of plugins that are gone.
        self.more.offer([*self._look.kinds.of_plugins(), *kinds])
        self.grid.show_artifacts(found)
        if self._wanted:
            self._show_id(self._wanted)
            self._wanted = ""
        self.conversations.show_conversations(talks)
        deleted = bin.binned_messages if bin else 0
        self._empty_bin.setVisible(
            bin is not None and bool(bin.binned or bin.binned_conversations or deleted)
        )
        self.grid.setVisible(bool(found))
        searched = bool(self.search.text() or self._kinds or self._starred)
        none = not (found or talks)
        self._nothing.setVisible(none and searched)
        self._bin_empty.setVisible(none and bin is not None and not (searched or deleted))
        self._empty.setVisible(none and not searched and bin is None)
        self._frame.say(self._counted(len(found), len(talks), deleted))

    def _counted(self, found: int, talks: int, deleted: int) -> str:
        results = self.tr("1 result") if found == 1 else self.tr("{count} results")
        several = f"{found}{'+' if found == BATCH else ''}"
        told = [results.format(count=several)] if found else []
        if talks:
            words = self.tr("1 conversation") if talks == 1 else self.tr("{count} conversations")
            told.append(words.format(count=f"{talks}{'+' if talks == MOST else ''}"))
        if deleted:
            one, many = self.tr("1 deleted message"), self.tr("{count} deleted messages")
            told.append((one if deleted == 1 else many).format(count=deleted))
        return " · ".join(told)

    def _widen(self) -> None:
        """Take the search and all filters away."""
        self.search.clear()
        for chip in self._chips.values():
            chip.setChecked(False)
        self.more.choose(())
        self.refresh()

    def _show(self, artifact: Artifact | None) -> None:
        self.detail.setVisible(artifact is not None)
        if artifact is not None:
            self.detail.show_artifact(artifact)

    def show_family(self) -> None:
        """Show the family tree of what is selected."""
        if self.detail.isVisible() and self.detail.artifact is not None:
            show_family_tree(self._parts, self.detail.artifact.id, self, self._show_id)

    def _show_menu(self, artifact: Artifact, at: QPoint) -> None:
        menu = self._parts.ui.menu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        self.detail.fill_menu(menu, artifact)
        menu.popup(at)

    def _show_id(self, id: str) -> None:
        if not self.grid.select(id):
            self._show(self._parts.studio.library.artifact(id))

    def _on_job(self, job: Job) -> None:
        if job.artifacts and job.state.is_terminal and self.isVisible():
            self._timer.start(300)

    def _tell(self, error: Exception) -> None:
        self._parts.studio.notices.error(str(error), key="gallery")

    # --- narrowing ----------------------------------------------------------------------------

    def _search_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("Search prompts, titles and text"))
        field.setAccessibleName(self.tr("Search the library"))
        field.setClearButtonEnabled(True)
        field.setFixedWidth(280)
        field.textChanged.connect(lambda: self._timer.start(120))
        return field

    def _chip_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        for kind, title in own_titles().items():
            if kind in MENU:
                continue
            row.addWidget(self._chip(str(kind), title, self._on_kind))
        self.more = KindMenu(self._look, self._parts.ui.menu())
        self.more.toggled.connect(self._on_kind)
        row.addWidget(self.more.button)
        row.addStretch()
        row.addWidget(self._chip("starred", self.tr("Starred"), self._on_starred, "star"))
        row.addWidget(self._chip("binned", self.tr("Bin"), self._on_binned, "trash-2"))
        self._empty_bin = self._look.button(self.tr("Empty bin…"), "trash-2", small=True)
        self._empty_bin.clicked.connect(lambda: ask_empty_bin(self._parts, self.refresh))
        self._empty_bin.hide()
        row.addWidget(self._empty_bin)
        return row

    def _chip(self, name: str, title: str, call: Any, icon: str = "") -> QPushButton:
        chip = self._look.button(title, icon, small=True)
        chip.setCheckable(True)
        chip.toggled.connect(lambda on: call(name, on))
        self._chips[name] = chip
        return chip

    def _on_kind(self, kind: str, on: bool) -> None:
        self._kinds.symmetric_difference_update({kind})
        self.refresh()

    def _on_starred(self, name: str, on: bool) -> None:
        self._starred = on
        self.refresh()

    def _on_binned(self, name: str, on: bool) -> None:
        self._binned = on
        self.refresh()

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what narrows the view."""
        return {"query": self.search.text(), "kinds": sorted(self._kinds), "starred": self._starred}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Narrow the view as it was."""
        self.search.setText(str(state.get("query", "")))
        for kind in state.get("kinds", ()):
            if kind in self._chips:
                self._chips[kind].setChecked(True)
        self.more.choose(kind for kind in state.get("kinds", ()) if kind not in self._chips)
        self._chips["starred"].setChecked(bool(state.get("starred")))
