"""Actions on files of the folder: create, rename, bin, restore. Runs off the GUI thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_code.pages.files import folder_changes
from studio_code.pages.workspace import Workspace


class FileActions(QObject):
    """Actions whose outcome is reported by a signal of the workspace or a message.

    Signals:
        made: A file or folder was created (its path, whether it is a folder).
    """

    made = Signal(str, bool)

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace

    def make(self, folder: str, name: str, *, is_folder: bool) -> None:
        """Make an empty file, and open it, or a folder."""
        root = self._workspace.root
        if root is None:
            return

        def done(path: str) -> None:
            self._workspace.disk_changed.emit(path)
            self.made.emit(path, is_folder)
            if not is_folder:
                self._workspace.open(path)

        self._workspace.work_queue.do(
            lambda: folder_changes.make(root, folder, name, is_folder=is_folder),
            done,
            self._workspace.failed.emit,
        )

    def rename(self, path: str, name: str) -> None:
        """Call it otherwise; open files of it stay open."""
        root = self._workspace.root
        if root is None or name == path.rpartition("/")[2]:
            return

        def done(changed: str) -> None:
            for file in self._workspace.files:
                if file.path == path or file.path.startswith(f"{path}/"):
                    file.set_path(changed + file.path[len(path) :])
            self._workspace.disk_changed.emit(changed)

        self._workspace.work_queue.do(
            lambda: folder_changes.rename(root, path, name), done, self._workspace.failed.emit
        )

    def bin(self, path: str) -> None:
        """Move it to the system's trash; a notice offers the way back.

        Texts that are open stay open: what is unsaved in them is nobody's to throw away.
        """
        root = self._workspace.root
        if root is None:
            return

        def done(binned: Path) -> None:
            for file in list(self._workspace.files):
                if file.path == path or file.path.startswith(f"{path}/"):
                    if file.dirty:
                        file.lost()
                    else:
                        self._workspace.close(file)
            self._workspace.disk_changed.emit(path)
            name = path.rpartition("/")[2]
            self._ctx.notices.offer(
                tr("{name} is in the system's trash.").format(name=name),
                tr("Undo"),
                lambda: self._unbin(root, path, binned),
                key="code.bin",
            )

        self._workspace.work_queue.do(
            lambda: folder_changes.to_trash(root, path), done, self._workspace.failed.emit
        )

    def _unbin(self, root: Path, path: str, binned: Path) -> None:
        self._workspace.work_queue.do(
            lambda: folder_changes.from_trash(root, path, binned),
            lambda _nothing: self._workspace.disk_changed.emit(path),
            self._workspace.failed.emit,
        )
