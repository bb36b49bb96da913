"""The page of code: folder, tabs, editor, dock put together. Reads no disk, runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QToolButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Role, SavedArtifact, StudioError, outcome
from studio.api.window.language import tr
from studio_code.pages.completion.controller import Completion
from studio_code.pages.dock import Dock
from studio_code.pages.editor.area import EditorArea
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.editor.token_scanner import lexer_named
from studio_code.pages.files.file_watcher import FileWatcher
from studio_code.pages.files.open_files_store import OpenFilesStore
from studio_code.pages.files.recent_folders import Folders
from studio_code.pages.history.timeline import Timeline
from studio_code.pages.import_controller import ImportController
from studio_code.pages.quick_box import QuickBox
from studio_code.pages.side import Side
from studio_code.pages.workspace import Workspace
from studio_code.pages.write.controller import WriteController
from studio_code.pages.write.panel import WritePanel

_WIDE = 1000
"""From here on the dock stands beside the editor, not below it."""
_NARROW, _LOW = 620, 480
_TREE_WIDE, _DOCK_WIDE, _DOCK_HIGH = 210, 360, 240
_LEXER_MS = 150
"""Pygments takes a moment the first time; while the page is drawn, it would hold the window too."""


class CodePage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        workspace: The open folder and the open files.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.workspace = Workspace(ctx)
        self.session = OpenFilesStore(ctx, self.workspace)
        self.watching = FileWatcher(ctx, self.workspace)
        self.folders = Folders(ctx, self.workspace.work_queue)
        self.panel = WritePanel(ctx, self.workspace)
        self.editor_area = EditorArea(
            ctx, self.workspace, {"open": self.pick_folder, "write": self.write_words}
        )
        self.side = Side(ctx, self.workspace)
        self.tree = self.side.tree
        self.timeline = Timeline(ctx, self.workspace)
        self.dock = Dock(ctx, self.workspace)
        chosen = self.dock.ask.composer.weights
        self.completion = Completion(ctx, lambda: chosen.weights, self)
        self.trouble = ctx.ui.trouble_row()
        self.writing = WriteController(
            ctx, self.workspace, self.panel, self.editor_area.writing, self.trouble
        )
        self.quick = QuickBox(ctx, self.workspace, self)
        self.arriving = ImportController(
            self.workspace, self.session, self.show_artifact, self.tell
        )
        self.drop_target = ctx.kit.drop_target(
            self, tr("Drop to open"), files=self.arriving.bring, folders=True
        )
        self._room = (True, True)
        self._lines: dict[str, int] = {}
        self._lay_out()
        self._connect()
        QTimer.singleShot(_LEXER_MS, self, lambda: ctx.run_later(lambda: lexer_named("python")))
        self.folders.load(self._begin)

    # --- putting it together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._changes = QToolButton()
        self._ctx.ui.wear(self._changes, Role.FOLD)
        self._changes.setCheckable(True)
        self._changes.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._changes.setIconSize(QSize(12, 12))
        self._changes.setStyleSheet("QToolButton:checked { background: transparent; }")
        self._changes.setToolTip(tr("Accepted changes by the model"))
        self.left = QWidget()
        self.left.setMinimumWidth(150)
        left = QVBoxLayout(self.left)
        left.setContentsMargins(0, 0, 0, 6)
        left.setSpacing(2)
        fold = QVBoxLayout()
        fold.setContentsMargins(14, 2, 8, 2)
        fold.addWidget(self._changes)
        left.addWidget(self.side, 3)
        left.addLayout(fold)
        left.addWidget(self.timeline, 2)
        self._beside = QSplitter(Qt.Orientation.Vertical)
        self._beside.addWidget(self.editor_area)
        self._beside.addWidget(self.dock)
        self._beside.setStretchFactor(0, 1)
        self._beside.setCollapsible(0, False)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._across.addWidget(self.left)
        self._across.addWidget(self._beside)
        self._across.setStretchFactor(1, 1)
        self._across.setCollapsible(1, False)
        self._across.setSizes([_TREE_WIDE, 10_000])
        self._beside.setSizes([10_000, _DOCK_HIGH])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.trouble.widget)
        column.addWidget(self._across, 1)
        self._fold_changes(False)
        self._show_count()

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.failed.connect(self.tell)
        workspace.proposal_ended.connect(self.trouble.hide)  # what it told of has been looked at
        workspace.root_changed.connect(self._on_root)
        workspace.run_asked.connect(self._run)
        workspace.journal.changed.connect(self._show_count)
        workspace.checkpoints.changed.connect(self._show_count)
        self.side.git.difference_made.connect(self.editor_area.show_difference)
        self.side.git.committed.connect(self.editor_area.drop_difference)
        self.tree.menu_asked.connect(self._show_folders)
        self.tree.model.listed.connect(self.watching.watch_folder)
        self.editor_area.tabs.close_asked.connect(self.close_file)
        self.editor_area.edit_changed.connect(lambda: self.completion.watch(self.editor_area.edit))
        self.completion.asking.connect(self.editor_area.status.suggesting.setVisible)
        self.session.loaded.connect(self._on_loaded)
        self.session.goto_asked.connect(self._remember_line)
        self._changes.toggled.connect(self._fold_changes)
        self.writing.began.connect(lambda: self.editor_area.show_writing(True))
        self.writing.ended.connect(lambda: self.editor_area.show_writing(False))
        self.writing.written.connect(self.show_artifact)
        self.timeline.artifact_asked.connect(lambda id: self._show_evidence(id, opened=True))
        session, work = self.session, workspace

        def finish() -> None:
            session.finish()
            work.finish()

        self.editor_area.tabs.destroyed.connect(finish)

    def _begin(self) -> None:
        """Restore the last session."""
        if self.folders.here and self.folders.recent and self.workspace.root is None:
            self.workspace.open_folder(self.folders.recent[0])
            self.workspace.work_queue.do(lambda: None, lambda _nothing: self._without_folder())
        elif self.workspace.root is None:
            self.session.load()

    def _without_folder(self) -> None:
        if self.workspace.root is None:  # it is gone; that was told
            self.session.load()

    def _on_root(self) -> None:
        if self.workspace.root is not None:
            self.folders.opened(self.workspace.root)
        self.trouble.hide()

    def _on_loaded(self) -> None:
        for path, line in self._lines.items():
            file = self.workspace.find(path)
            if file is not None:
                block = file.document.findBlockByNumber(line - 1)
                if block.isValid():
                    file.cursor.setPosition(block.position())
        self._lines.clear()
        self.editor_area.show_current()
        self.watching.look_now()

    def _remember_line(self, path: str, line: int) -> None:
        self._lines[path] = line

    # --- hands --------------------------------------------------------------------------------

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        self.editor_area.take_focus()

    def tell(self, error: StudioError, again: Callable[[], None] | None = None) -> None:
        """Say what went wrong above everything."""
        self.trouble.tell(error, again)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the dock beside the text if it fits; hide the least needed parts first."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        way = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._beside.orientation() != way:
            self._beside.setOrientation(way)
            self._beside.setSizes([10_000, _DOCK_WIDE if wide else _DOCK_HIGH])
        room = self.width() >= _NARROW, self.height() >= _LOW
        for fits, before, part in zip(room, self._room, (self.left, self.dock)):
            if fits != before:
                part.setVisible(fits)
        self._room = room

    # --- folders ------------------------------------------------------------------------------

    def pick_folder(self) -> None:
        """Ask for a folder and open it."""
        path = self._ctx.ui.pick_folder(tr("Open a folder"))
        if path is not None:
            self.workspace.open_folder(path)

    def _show_folders(self, at: QPoint) -> None:
        menu = self._ctx.ui.menu()
        menu.addAction(
            self._ctx.ui.icon("folder-open"), tr("Open a folder…  Ctrl+O"), self.pick_folder
        )
        others = [path for path in self.folders.recent if path != self.workspace.root]
        if others:
            menu.addSeparator()
        for path in others:
            action = menu.addAction(
                self._ctx.ui.icon("folder", "mute"),
                path.name.replace("&", "&&") or str(path),
                partial(self.workspace.open_folder, path),
            )
            action.setToolTip(str(path))
        menu.setToolTipsVisible(True)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def toggle_files(self) -> None:
        """Show or hide the files."""
        self.left.setVisible(not self.left.isVisible())

    def find_in_folder(self) -> None:
        """Put the keyboard into the field that finds in the folder; the selection is looked for."""
        file = self.workspace.current
        words = file.selection()[0] if file is not None else ""
        self.show_pane("search")
        self.side.search.begin(words if words.strip() and "\n" not in words else "")

    def show_pane(self, name: str) -> None:
        """Show a pane of the left column: ``files``, ``search``, ``problems`` or ``git``."""
        self.left.show()
        self.side.show_pane(name)

    def go_to_definition(self) -> None:
        """Go to where the name at the cursor is defined."""
        if name := self._name_at_cursor():
            self.side.search.definition(name)

    def find_references(self) -> None:
        """List where the name at the cursor stands."""
        if name := self._name_at_cursor():
            self.side.search.references(name)

    def _name_at_cursor(self) -> str:
        edit = self.editor_area.edit
        return edit.name_at_cursor() if edit is not None else ""

    def _run(self, mode: str) -> None:
        self.dock.show()
        self.dock.start_run(mode)

    def show_ask(self) -> None:
        """Put the keyboard into the conversation."""
        self.dock.show()
        self.dock.show_ask()

    def show_plan(self) -> None:
        """Put the keyboard into the plan of a change over several files."""
        self.dock.show()
        self.dock.show_plan()

    def toggle_dock(self) -> None:
        """Show or hide the dock below or beside the text."""
        self.dock.setVisible(not self.dock.isVisible())

    def show_changes(self) -> None:
        """Show the changes made by the model."""
        self.left.show()
        self._changes.setChecked(True)

    def _fold_changes(self, shown: bool) -> None:
        self.timeline.setVisible(shown)
        icon = "chevron-down" if shown else "chevron-right"
        self._changes.setIcon(self._ctx.ui.icon(icon, "mute"))

    def _show_count(self) -> None:
        count = len(self.workspace.journal.entries)
        words = tr("CHANGES BY THE MODEL")
        self._changes.setText(f"{words}  {count}" if count else words)
        self._changes.setVisible(count > 0)
        if not count:
            self._changes.setChecked(False)

    # --- files --------------------------------------------------------------------------------

    def new_file(self) -> None:
        """Open an empty text."""
        self.workspace.new()
        self.editor_area.take_focus()

    def save(self) -> None:
        """Save the file in view; one that was never saved gets a name first."""
        file = self.workspace.current
        if file is None:
            return
        if file.untitled:
            self.save_as()
        elif file.dirty or file.gone:
            self.trouble.hide()
            self.workspace.save(file)

    def save_as(self) -> None:
        """Ask for a name, and save under it."""
        file = self.workspace.current
        if file is None:
            return
        root = self.workspace.root
        start = str(root / file.path) if root is not None else file.name
        path = self._ctx.ui.save_file(tr("Save {name}").format(name=file.name), start)
        if path is not None:
            self.trouble.hide()
            self.workspace.save_as(file, path)

    def save_all(self) -> None:
        """Save every file that has a place."""
        for file in self.workspace.files:
            if file.dirty and not file.untitled and not file.locked and file.outside is None:
                self.workspace.save(file)

    def close_current(self) -> None:
        """Close the file in view."""
        if self.workspace.current is not None:
            self.close_file(self.workspace.current)

    def close_file(self, file: OpenFile) -> None:
        """Close a file; unsaved text is stored and can be restored."""
        unsaved = file.dirty and bool(file.text().strip())
        name = file.name
        self.workspace.close(file)
        if unsaved:
            self._ctx.notices.offer(
                tr("{name} was closed with unsaved changes; they are kept.").format(name=name),
                tr("Reopen"),
                self.session.reopen,
                key="code.closed",
            )

    def ask_line(self) -> None:
        """Ask for a line and go there."""
        edit = self.editor_area.edit
        if edit is not None:

            def go(line: int) -> None:
                edit.go_to(line)
                edit.setFocus()

            self.quick.go_to_line(edit.blockCount(), go)

    def toggle_wrap(self) -> None:
        """Break long lines at the edge, or not."""
        self.editor_area.set_wrap(not self.editor_area.wrap)

    # --- writing ------------------------------------------------------------------------------

    def write(self) -> None:
        """Write code for the description; in a review: write the accepted hunks; in a tab: send."""
        if self.editor_area.in_review:
            self.editor_area.review.write_accepted()
        elif not self.dock.send():
            self.writing.runner.run()

    def write_words(self, words: str) -> None:
        """Describe something and write it."""
        self.panel.set_description(words)
        self.writing.runner.run()

    def show_artifact(self, artifact: SavedArtifact) -> None:
        """Show the evidence for a result."""
        self.panel.show_artifact(artifact)

    def _show_evidence(self, id: str, *, opened: bool) -> None:
        def show(result: Any) -> None:
            if not isinstance(result, StudioError):
                self.panel.show_artifact(result, opened=opened)
            elif opened:
                self.tell(result)

        self._ctx.run_later(lambda: outcome(lambda: self._ctx.library.artifact(id)), show)

    # --- the last session ---------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart; folder, tabs and texts are stored apart."""
        self.session.write()
        return {
            "panel": self.panel.save_state(),
            "wrap": self.editor_area.wrap,
            "zoom": self.editor_area.zoom,
            "files": self.left.isVisibleTo(self),
            "dock": self.dock.isVisibleTo(self),
            "docked": self.dock.state(),
            "across": self._across.sizes(),
            "beside": self._beside.sizes(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        panel = state.get("panel")
        if isinstance(panel, Mapping):
            self.panel.restore_state(panel)
            if shown := str(panel.get("shown") or ""):
                self._show_evidence(shown, opened=False)
        self.editor_area.set_wrap(state.get("wrap") is True)
        zoom = state.get("zoom")
        self.editor_area.set_zoom(float(zoom) if isinstance(zoom, int | float) else 0.0)
        self.left.setVisible(state.get("files") is not False)
        self.dock.setVisible(state.get("dock") is not False)
        docked = state.get("docked")
        if isinstance(docked, Mapping):
            self.dock.restore(docked)
        for splitter, name in ((self._across, "across"), (self._beside, "beside")):
            sizes = state.get(name)
            if isinstance(sizes, list) and all(isinstance(size, int) for size in sizes):
                splitter.setSizes([max(0, min(size, 10_000)) for size in sizes])
