"""Notices what other programs do to the folder and to open files. Polls nothing; asks on focus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from studio.api import ErrorCode, PluginContext, StudioError, outcome
from studio.api.window.language import tr
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.files import disk_files
from studio_code.pages.workspace import Workspace

_AFTER_MS = 150
_MOST_FOLDERS = 256


class FileWatcher(QObject):
    """Keeps an eye on the open files and on the folders that the tree shows."""

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self._watcher = QFileSystemWatcher(self)
        self._folders: set[str] = set()
        self._looking: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._look)
        self._watcher.fileChanged.connect(lambda _path: self._timer.start())
        self._watcher.directoryChanged.connect(self._on_folder)
        workspace.opened.connect(lambda _file: self._watch())
        workspace.closed.connect(lambda _file: self._watch())
        workspace.root_changed.connect(self._on_root)
        workspace.accepted.connect(lambda _path: self._watch())
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.applicationStateChanged.connect(self._on_focus)

    # --- what is watched ----------------------------------------------------------------------

    def watch_folder(self, path: str) -> None:
        """Watch a folder that the tree shows now."""
        if len(self._folders) < _MOST_FOLDERS:
            self._folders.add(path)
            self._watch()

    def _on_root(self) -> None:
        self._folders = set()
        self._watch()

    def _watch(self) -> None:
        root = self._workspace.root
        files = {str(self._on_disk(file)) for file in self._workspace.files if not file.untitled}
        folders = {str(root / folder) for folder in self._folders} if root else set()
        wanted = files | folders | ({str(root)} if root else set())
        watched = {*self._watcher.files(), *self._watcher.directories()}
        if gone := watched - wanted:
            self._watcher.removePaths(list(gone))
        if new := wanted - watched:
            self._watcher.addPaths(list(new))

    def _on_disk(self, file: OpenFile) -> Path:
        path, root = Path(file.path), self._workspace.root
        return path if path.is_absolute() or root is None else root / path

    # --- what is seen -------------------------------------------------------------------------

    def _on_folder(self, folder: str) -> None:
        root = self._workspace.root
        if root is not None:
            inside = Path(folder)
            if inside == root or inside.is_relative_to(root):
                name = self._workspace.name_of(inside)
                self._workspace.disk_changed.emit("" if name == "." else f"{name}/")
        self._timer.start()

    def _on_focus(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self._timer.start()

    def look_now(self) -> None:
        """Look at every open file."""
        self._look()

    def _look(self) -> None:
        self._watch()  # a file that was replaced is not watched any more
        root = self._workspace.root
        if root is not None:
            self._ctx.run_later(root.is_dir, lambda there: None if there else self._root_gone(root))
        for file in self._workspace.files:
            if not file.untitled and file.path not in self._looking:
                self._look_at(file)

    def _look_at(self, file: OpenFile) -> None:
        where, path = self._on_disk(file), file.path
        self._looking.add(path)

        def show(content: Any) -> None:
            self._looking.discard(path)
            if file in self._workspace.files and file.path == path:
                self._compare(file, content)

        # In the order of the saves, so that none of ours is taken for another program's.
        self._workspace.work_queue.do(lambda: outcome(lambda: disk_files.read(where)), show, show)

    def _compare(self, file: OpenFile, content: Any) -> None:
        if isinstance(content, StudioError):
            if content.code == ErrorCode.NOT_FOUND and not file.gone:
                file.lost()
            return
        if content.digest == file.digest:
            if file.gone:  # it came back as it was
                file.gone = False
                file.saved(content.text, content.digest)
            if content.locked != file.locked:
                file.locked = content.locked
                file.state_changed.emit()
        elif not file.dirty:
            file.reloaded(content)
            words = tr("{name} was changed by another program and reloaded.")
            self._ctx.notices.info(words.format(name=file.name), key=f"code.reload.{file.path}")
        elif file.outside is None or file.outside.digest != content.digest:
            file.changed_outside(content)

    def _root_gone(self, root: Path) -> None:
        if root == self._workspace.root:
            self._workspace.failed.emit(
                StudioError(
                    ErrorCode.NOT_FOUND,
                    tr("The folder {name} no longer exists.").format(name=root.name),
                    tr(
                        "Your open files are kept here; save them when the folder is "
                        "back, or elsewhere."
                    ),
                )
            )
