"""How code comes to the page: results of the library, files that are dropped. Saves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData

from studio.api import Kind, PluginContext, SavedArtifact
from studio_code.pages.editor.languages import language_named, language_of
from studio_code.pages.files import disk_files
from studio_code.pages.files.text_format import decode

if TYPE_CHECKING:
    from studio_code.pages.page import CodePage


class ImportController:
    """Brings code to the page."""

    def __init__(self, ctx: PluginContext, page: CodePage) -> None:
        self._ctx, self._page = ctx, page
        self._waiting: list[Callable[[], None]] = []
        page.session.loaded.connect(self._go_on)

    def _ready(self, call: Callable[[], None]) -> None:
        """Call once what was open last time is open again: it would close what comes now."""
        self._waiting.append(call)
        if not self._page.session.loading:
            self._go_on()

    def _go_on(self) -> None:
        calls, self._waiting = self._waiting, []
        for call in calls:
            call()

    def accept(self, artifact: SavedArtifact) -> None:
        """Open a result: a proposal for the file it was written for, else a tab of its own."""
        if not artifact.id:  # no result: a file that was dropped on the window
            self.bring([artifact.path])
            return

        def show(text: str) -> None:
            path = str(artifact.meta.get("path") or "")
            workspace = self._page.workspace
            file = workspace.find(path)
            if file is not None and not file.untitled:
                workspace.propose(path, text, artifact.title, artifact.id)
            else:
                workspace.new(text, *_called(artifact, path if file is None else ""))
            self._page.show_artifact(artifact)

        def read() -> str:
            return decode(disk_files.read_bytes(artifact.path), artifact.title).text

        self._ready(lambda: self._page.workspace.chores.do(read, show, self._page.tell))

    def takes(self, data: QMimeData) -> bool:
        """Whether something dragged may be opened."""
        return any(url.isLocalFile() for url in data.urls())

    def drop(self, data: QMimeData) -> None:
        """Open the folder that was dropped, or the files."""
        self.bring([Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()])

    def bring(self, paths: list[Path]) -> None:
        """Open a folder, or files wherever they lie."""

        def show(folders: list[Path]) -> None:
            if folders:
                self._page.workspace.open_folder(folders[0])
            for path in paths:
                if path not in folders:
                    self._page.workspace.open(self._page.workspace.name_of(path))

        def look() -> list[Path]:
            return [path for path in paths if path.is_dir()]

        self._ready(lambda: self._page.workspace.chores.do(look, show))


def _called(artifact: SavedArtifact, path: str) -> tuple[str, str]:
    """Return the language and the name of the tab of a result."""
    suffix = artifact.path.suffix
    named = language_named(str(artifact.meta.get("language") or ""))
    language = named if named.id != "text" else language_of(f"x{suffix}")
    return language.id, "" if Path(path).is_absolute() else path


def bring_file(ctx: PluginContext, path: Path) -> None:
    """Open a file that was dropped on the window: the page takes it as it takes results."""
    dropped = SavedArtifact("", Kind.CODE, path.name, "", path)
    for _title, run in list(ctx.send_to(dropped))[:1]:
        run()
