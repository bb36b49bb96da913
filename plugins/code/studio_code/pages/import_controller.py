"""How code comes to the page: results of the library, files that are dropped. Saves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studio.api import Kind, PluginContext, SavedArtifact, StudioError
from studio_code.pages.editor.languages import language_named, language_of
from studio_code.pages.files import disk_files
from studio_code.pages.files.open_files_store import OpenFilesStore
from studio_code.pages.files.text_format import decode
from studio_code.pages.workspace import Workspace


class ImportController:
    """Brings code to the page."""

    def __init__(
        self,
        workspace: Workspace,
        session: OpenFilesStore,
        show: Callable[[SavedArtifact], None],
        tell: Callable[[StudioError], None],
    ) -> None:
        """Bring code into ``workspace``.

        Args:
            show: Shows what is known of a result.
            tell: Says what went wrong.
        """
        self._workspace, self._session = workspace, session
        self._show, self._tell = show, tell
        self._waiting: list[Callable[[], None]] = []
        session.loaded.connect(self._go_on)

    def _ready(self, call: Callable[[], None]) -> None:
        """Call after the last session is restored: restoring would close files opened before."""
        self._waiting.append(call)
        if not self._session.loading:
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
            workspace = self._workspace
            file = workspace.find(path)
            if file is not None and not file.untitled:
                workspace.propose(path, text, artifact.title, artifact.id)
            else:
                workspace.new(text, *_called(artifact, path if file is None else ""))
            self._show(artifact)

        def read() -> str:
            return decode(disk_files.read_bytes(artifact.path), artifact.title).text

        self._ready(lambda: self._workspace.work_queue.do(read, show, self._tell))

    def bring(self, paths: list[Path]) -> None:
        """Open a folder, or files wherever they lie."""

        def show(folders: list[Path]) -> None:
            if folders:
                self._workspace.open_folder(folders[0])
            for path in paths:
                if path not in folders:
                    self._workspace.open(self._workspace.name_of(path))

        def look() -> list[Path]:
            return [path for path in paths if path.is_dir()]

        self._ready(lambda: self._workspace.work_queue.do(look, show))


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
