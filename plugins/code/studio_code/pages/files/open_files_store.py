"""Store the open files and unsaved texts on disk within a second of every change.

Survives a crash and ``kill -9``: one list per folder, one draft per unsaved text. No widgets.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import ErrorCode, PluginContext, StudioError, WorkQueue
from studio_code.pages.editor.open_file import OpenFile, blank
from studio_code.pages.files import disk_files
from studio_code.pages.files.text_format import TextFile, TextFormat
from studio_code.pages.workspace import Workspace, read_file

_AFTER_MS, _A_MEGABYTE_MS = 400, 600
_CLOSED = 12
"""So many files that were closed unsaved can be had back."""


class _Tab(msgspec.Struct):
    """Stored state of an open file; ``draft`` names its unsaved text, if any."""

    path: str
    untitled: bool = False
    draft: str = ""
    digest: str = ""
    line: int = 1
    language: str = ""
    encoding: str = "utf-8"
    mark: bytes = b""
    newline: str = "\n"


class _Kept(msgspec.Struct):
    tabs: list[_Tab] = []
    current: int = 0
    closed: list[_Tab] = []


_Found = list[tuple[_Tab, TextFile | StudioError, str | None]]


class OpenFilesStore(QObject):
    """Follows the workspace.

    Signals:
        loaded: What was open in this folder last time is open again.
        goto_asked: A path and a line to put the cursor into.
    """

    loaded = Signal()
    goto_asked = Signal(str, int)

    def __init__(self, ctx: PluginContext, workspace: Workspace) -> None:
        super().__init__()
        self._ctx, self._workspace = ctx, workspace
        self.work_queue = WorkQueue(ctx)
        self._names: dict[int, str] = {}
        self._unwritten: set[int] = set()
        self._closed: list[_Tab] = []
        self._root = _key(None)
        self.loading = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.write)
        workspace.leaving.connect(self._leave)
        workspace.root_changed.connect(self.load)
        workspace.opened.connect(self._on_opened)
        workspace.closed.connect(self._on_closed)
        workspace.current_changed.connect(self._soon)
        workspace.state_changed.connect(lambda _path: self._soon())

    # --- following ----------------------------------------------------------------------------

    def _on_opened(self, file: OpenFile) -> None:
        self._names.setdefault(id(file), uuid.uuid4().hex[:20])
        file.changed.connect(lambda: self._on_text(file))
        self._on_text(file)

    def _on_text(self, file: OpenFile) -> None:
        self._unwritten.add(id(file))
        self._soon(file.document.characterCount())

    def _soon(self, characters: int = 0) -> None:
        if not self.loading and not self._timer.isActive():
            self._timer.start(_AFTER_MS + _A_MEGABYTE_MS * characters // 1_000_000)

    def _on_closed(self, file: OpenFile) -> None:
        if self.loading:
            return
        if file.dirty and (file.text() or not file.untitled):
            tabs = [self._tab(file), *self._closed]
            self._closed, dropped = tabs[:_CLOSED], tabs[_CLOSED:]
            name, text = self._draft(file), file.text()
            self.work_queue.do(lambda: self._ctx.drafts.put(name, _encode(text)))
            for old in dropped:
                self.work_queue.do(partial(self._ctx.drafts.remove, old.draft))
        else:
            name = self._draft(file)
            self.work_queue.do(lambda: self._ctx.drafts.remove(name))
        self._names.pop(id(file), None)
        self._unwritten.discard(id(file))
        self._soon()

    def _draft(self, file: OpenFile) -> str:
        return f"text-{self._names[id(file)]}"

    def _tab(self, file: OpenFile) -> _Tab:
        form = file.format
        return _Tab(
            file.path,
            file.untitled,
            self._draft(file) if file.dirty else "",
            file.digest,
            file.line,
            file.own_language,
            form.encoding,
            form.mark,
            form.newline,
        )

    # --- writing ------------------------------------------------------------------------------

    def write(self, without: Sequence[OpenFile] = ()) -> None:
        """Take what changed to the disk, beside the window: texts first, then the list.

        Args:
            without: Files that another list will name.
        """
        self._timer.stop()
        workspace, texts, done = self._workspace, [], []
        for file in workspace.files:
            if id(file) in self._unwritten and file.dirty:
                texts.append((self._draft(file), file.text()))
            elif not file.dirty:
                done.append(self._draft(file))
        self._unwritten.clear()
        current = workspace.files.index(workspace.current) if workspace.current else 0
        listed = [self._tab(file) for file in workspace.files if file not in without]
        session = _Kept(listed, current, self._closed)
        root = self._root

        def put() -> None:
            drafts = self._ctx.drafts
            for name, text in texts:
                drafts.put(name, _encode(text))
            drafts.put(root, msgspec.msgpack.encode(session))
            for name in done:
                drafts.remove(name)

        self.work_queue.do(put)

    def finish(self) -> None:
        """Wait for the disk: the window has closed, and ``write`` was asked for before."""
        self.work_queue.finish()

    def _leave(self) -> None:
        if not self.loading:
            self.write(self._workspace.homeless)
        self.loading = True
        self._timer.stop()

    # --- coming back --------------------------------------------------------------------------

    def load(self) -> None:
        """Open the stored files of this folder."""
        root = self._workspace.root
        self._root, self.loading = _key(root), True
        came = [id(file) for file in self._workspace.files]
        self._names = {file: self._names[file] for file in came}
        self._unwritten = set(came)
        key = self._root

        def show(session: tuple[_Kept, _Found]) -> None:
            if key == self._root:
                self._closed = session[0].closed
                self._open(session[0].current, session[1])

        def failed(error: StudioError) -> None:
            self.loading = False
            self._workspace.failed.emit(error)
            self.loaded.emit()

        self.work_queue.do(lambda: self._read(key, root), show, failed)

    def _read(self, key: str, root: Path | None) -> tuple[_Kept, _Found]:
        session = _decode(self._ctx.drafts.get(key))
        return session, [self._read_tab(tab, root) for tab in session.tabs]

    def _read_tab(
        self, tab: _Tab, root: Path | None
    ) -> tuple[_Tab, TextFile | StudioError, str | None]:
        data = self._ctx.drafts.get(tab.draft) if tab.draft else None
        text = None if data is None else data.decode("utf-8", "surrogatepass")
        content: TextFile | StudioError
        try:
            if tab.untitled:
                content = blank()
            elif Path(tab.path).is_absolute():
                content = read_file(Path(tab.path))
            elif root is not None:
                content = read_file(disk_files.place(root, tab.path))
            else:
                content = StudioError(ErrorCode.NOT_FOUND, f"{tab.path} has no folder any more.")
        except StudioError as error:
            content = error
        return tab, content, text

    def _open(self, current: int, tabs: _Found) -> None:
        shown: OpenFile | None = None
        for at, (tab, content, text) in enumerate(tabs):
            file = self._restore(tab, content, text)
            if file is not None and (at == current or shown is None):
                shown = file
            if file is not None and tab.line > 1:
                self.goto_asked.emit(file.path, tab.line)
        if self._workspace.current is None:
            self._workspace.set_current(shown)
        self.loading = False
        if self._unwritten:
            self._soon()
        self.loaded.emit()

    def _restore(
        self, tab: _Tab, content: TextFile | StudioError, text: str | None
    ) -> OpenFile | None:
        if self._workspace.find(tab.path) is not None:
            return None  # opened by hand meanwhile
        form = TextFormat(tab.encoding, tab.mark, tab.newline)
        if isinstance(content, StudioError):
            if text is None:
                return None  # gone, and nothing of it was unsaved
            file = OpenFile(tab.path, TextFile("", form, tab.digest))
            file.gone = True
        else:
            file = OpenFile(tab.path, content, untitled=tab.untitled)
        if tab.draft:
            self._names[id(file)] = tab.draft.removeprefix("text-")
        if text is not None:
            file.set_text(text)
            file.document.setModified(True)
            file.format = form
            if not tab.untitled and not isinstance(content, StudioError):
                file.digest = tab.digest
                if content.digest != tab.digest:
                    file.base = None
                    file.outside = content
        file.set_language(tab.language)
        return self._workspace.add(file)

    def reopen(self) -> None:
        """Open the file last closed with unsaved changes."""
        if not self._closed:
            return
        tab, root = self._closed.pop(0), self._workspace.root

        def show(result: tuple[_Tab, TextFile | StudioError, str | None]) -> None:
            file = self._restore(*result) or self._workspace.find(tab.path)
            self._workspace.set_current(file)
            self._soon()

        self.work_queue.do(lambda: self._read_tab(tab, root), show)


def _key(root: Path | None) -> str:
    return f"open-{hashlib.sha256(str(root or '').encode()).hexdigest()[:20]}"


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes | None) -> _Kept:
    if data is None:
        return _Kept()
    try:
        return msgspec.msgpack.decode(data, type=_Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Kept()  # of another version; the texts themselves stay where they are
