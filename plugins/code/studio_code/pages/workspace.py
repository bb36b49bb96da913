"""The open folder and the open files: the one door through which files are read and changed.

Everything on the disk happens beside the window, in order. Knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from PySide6.QtCore import QObject, Signal

from studio.api import BadInput, PluginContext, StudioError, WorkQueue
from studio.api.window.language import tr
from studio_code.pages.editor.languages import language_named, language_of
from studio_code.pages.editor.open_file import OpenFile, blank
from studio_code.pages.editor.token_scanner import lexer_named
from studio_code.pages.files import disk_files
from studio_code.pages.files.file_save import Conflict, Saved, save
from studio_code.pages.files.text_format import TextFile
from studio_code.pages.history.checkpoints import Checkpoints
from studio_code.pages.history.journal import Entry, Journal
from studio_code.pages.review.proposal import Proposal

Then = Callable[[OpenFile], object]


class Workspace(QObject):
    """Open folder and files.

    Attributes:
        root: The open folder; None for none.
        files: The open files, in the order of the tabs.
        current: The file in view; None for none.
        proposal: The change under review; None for none.
        journal: Accepted changes.
        checkpoints: Runs over several files, with the old contents of these.

    Signals:
        leaving: The folder is about to be left; its files are still open.
        root_changed: Another folder is open.
        current_changed: Another file is in view, or none.
        file_changed: The text of an open file changed (its path).
        state_changed: Path, dirty mark or lock of an open file changed (its path).
        opened, closed: An ``OpenFile`` was added or removed.
        disk_changed: Something in the folder was added or removed (path within it; empty for all).
        proposed: A ``Proposal`` is to be reviewed.
        proposal_ended: It was accepted or declined.
        declined: A proposal was declined (its path).
        accepted: A change was accepted and is on the disk (its path).
        goto_asked: A line of the file in view is requested (its path, the line from 1).
        run_asked: The file in view is to be run (``run``) or tested (``test``).
        failed: A ``StudioError`` to be shown on the page.
    """

    leaving = Signal()
    root_changed = Signal()
    current_changed = Signal()
    file_changed = Signal(str)
    state_changed = Signal(str)
    opened = Signal(object)
    closed = Signal(object)
    disk_changed = Signal(str)
    proposed = Signal(object)
    proposal_ended = Signal()
    declined = Signal(str)
    accepted = Signal(str)
    goto_asked = Signal(str, int)
    run_asked = Signal(str)
    failed = Signal(object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.work_queue = WorkQueue(ctx)
        self.root: Path | None = None
        self.files: list[OpenFile] = []
        self.current: OpenFile | None = None
        self.proposal: Proposal | None = None
        self.journal = Journal(ctx, self.work_queue)
        self.checkpoints = Checkpoints(ctx, self.work_queue)
        self._opening: dict[str, list[Then]] = {}

    # --- the folder ---------------------------------------------------------------------------

    @property
    def homeless(self) -> list[OpenFile]:
        """Files written while no folder is open; they move to the first one opened."""
        return [file for file in self.files if file.untitled and self.root is None]

    def open_folder(self, path: Path) -> None:
        """Open a folder; close the files of the one before and store their drafts."""

        def show(folder: Path) -> None:
            if folder == self.root:
                return
            self.leaving.emit()
            coming = self.homeless
            for file in [file for file in self.files if file not in coming]:
                self.close(file)
            self.root = folder
            self.journal.open(folder)
            self.checkpoints.open(folder)
            self.root_changed.emit()

        self.work_queue.do(lambda: _checked_folder(path), show, self.failed.emit)

    def locate(self, path: str) -> Path:
        """Return where a file lies on the disk.

        Raises:
            StudioError: It lies outside the folder, or no folder is open.
        """
        if PurePosixPath(path).is_absolute() or Path(path).is_absolute():
            if self.find(path) is None and path not in self._opening:
                raise BadInput(f"{path} is not open, so it is left alone.")
            return Path(path)
        if self.root is None:
            raise BadInput(
                tr("Open a folder first: this file needs a place."),
                tr("Open a folder first."),
            )
        return disk_files.place(self.root, path)

    def name_of(self, path: Path) -> str:
        """Return the workspace path of a file on the disk: relative inside the folder."""
        if self.root is not None and path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return path.as_posix()

    # --- opening and closing ------------------------------------------------------------------

    def find(self, path: str) -> OpenFile | None:
        """Return an open file."""
        return next((file for file in self.files if file.path == path), None)

    def open(self, path: str, then: Then | None = None) -> None:
        """Bring a file into view, reading it beside the window if it is not open yet."""

        def shown(file: OpenFile) -> None:
            self.set_current(file)
            if then is not None:
                then(file)

        self.bring(path, shown)

    def bring(self, path: str, then: Then) -> None:
        """Open a file without showing it, then call ``then``; report failures."""
        file = self.find(path)
        if file is not None:
            then(file)
            return
        waiting = self._opening.setdefault(path, [])
        waiting.append(then)
        if len(waiting) > 1:
            return

        def failed(error: StudioError) -> None:
            self._opening.pop(path, None)
            self.failed.emit(error)

        def read(content: TextFile) -> None:
            calls = self._opening.pop(path, [])
            opened = self.find(path) or self.add(OpenFile(path, content))
            for call in calls:
                call(opened)

        try:
            where = self.locate(path)
        except StudioError as error:
            failed(error)
            return
        self.work_queue.do(lambda: read_file(where), read, failed)

    def add(self, file: OpenFile, at: int = -1) -> OpenFile:
        """Take an open file in."""
        file.setParent(self)
        file.changed.connect(lambda: self.file_changed.emit(file.path))
        file.state_changed.connect(lambda: self.state_changed.emit(file.path))
        self.files.insert(at if 0 <= at <= len(self.files) else len(self.files), file)
        self.opened.emit(file)
        return file

    def new(self, text: str = "", language: str = "python", path: str = "") -> OpenFile:
        """Open a text that has no file yet, and bring it into view."""
        file = OpenFile(path or self._free_name(language), blank(), untitled=True)
        file.set_text(text)
        self.add(file)
        self.set_current(file)
        return file

    def set_current(self, file: OpenFile | None) -> None:
        """Bring an open file into view."""
        if file is not self.current and (file is None or file in self.files):
            self.current = file
            self.current_changed.emit()

    def close(self, file: OpenFile) -> None:
        """Close a file; the page stores unsaved text so that it can be reopened."""
        if file not in self.files:
            return
        at = self.files.index(file)
        self.files.remove(file)
        if self.proposal is not None and self.proposal.path == file.path:
            self.decline()
        if self.current is file:
            beside = self.files[min(at, len(self.files) - 1)] if self.files else None
            self.current = beside
            self.current_changed.emit()
        self.closed.emit(file)
        file.deleteLater()

    def goto(self, path: str, line: int) -> None:
        """Bring a line of a file into view; lines count from 1."""
        self.open(path, lambda file: self.goto_asked.emit(file.path, line))

    # --- saving -------------------------------------------------------------------------------

    def save(self, file: OpenFile, then: Then | None = None) -> None:
        """Write an open file to the disk.

        Never over what changed there meanwhile: then ``file.outside`` is set.
        """
        self.write(file, file.path, lambda saved: then(file) if then else None)

    def save_as(self, file: OpenFile, where: Path) -> None:
        """Write an open file to the place picked by the user; overwrite an existing file."""
        path = self.name_of(where)
        if path == file.path and not file.untitled:
            self.save(file)
            return
        other = self.find(path)
        if other is not None and other is not file:
            self.failed.emit(
                BadInput(
                    tr("{name} is open itself, so it is not overwritten.").format(name=path),
                    tr("Close it first, or choose another name."),
                )
            )
            return
        self.write(file, path, lambda saved: None, where=where)

    def write(
        self,
        file: OpenFile,
        path: str,
        then: Callable[[Saved], object],
        commit: str = "",
        where: Path | None = None,
    ) -> None:
        """Write an open file off the GUI thread, then call ``then``; report failures.

        Args:
            path: Its workspace path from then on.
            commit: Message of the git commit, if the folder is a clean repository.
            where: Write there, overwriting an existing file.
        """
        moved = path != file.path or file.untitled
        text, form = file.text(), file.format
        expected = None if where is not None else "" if moved or file.gone else file.digest

        def done(saved: Saved) -> None:
            if moved:
                file.locked = ""
                file.set_path(path)
            file.saved(text, saved.digest)
            self.disk_changed.emit(path)
            then(saved)

        def failed(error: StudioError) -> None:
            if isinstance(error, Conflict) and not moved and error.found is not None:
                file.changed_outside(error.found)
            self.failed.emit(error)

        try:
            if file.locked and not moved:
                raise BadInput(file.locked, tr("Save it under another name."))
            place = where or self.locate(path)
        except StudioError as error:
            self.failed.emit(error)
            return
        inside = self.root if where is None and not Path(path).is_absolute() else None
        root, below = inside if commit else None, inside if moved else None
        self.work_queue.do(
            lambda: save(place, text, form, expected, root=root, commit=commit, below=below),
            done,
            failed,
        )

    # --- changes by a model -------------------------------------------------------------------

    def context(self, limit_chars: int) -> list[dict[str, str]]:
        """Return the open files as ``{path, text}``, the one in view first; whole files only."""
        order = sorted(self.files, key=lambda file: file is not self.current)
        texts, room = [], limit_chars
        for file in order:
            text = file.text()
            if len(text) <= room:
                texts.append({"path": file.path, "text": text})
                room -= len(text)
        return texts

    def propose(
        self,
        path: str,
        new_text: str,
        why: str,
        artifact_id: str = "",
        *,
        theirs: bool = False,
        base: str | None = None,
        run: str = "",
    ) -> None:
        """Have a new text for a file reviewed; nothing changes until it is accepted.

        Args:
            theirs: It is what lies on the disk.
            base: The text that it was made from, if the file may have changed since.
            run: The run over several files that it is of.
        """

        def show(old: str) -> None:
            self.proposal = Proposal(path, old, new_text, why, artifact_id, theirs, base, run)
            self.proposed.emit(self.proposal)

        file = self.find(path)
        if file is not None:
            self.set_current(file)
            show(file.text())
            return
        try:
            where = self.locate(path)
        except StudioError as error:
            self.failed.emit(error)
            return
        self.work_queue.do(lambda: where.is_file(), lambda there: self._review(path, there, show))

    def _review(self, path: str, there: bool, show: Callable[[str], None]) -> None:
        if there:
            self.open(path, lambda file: show(file.text()))
        else:
            show("")

    def decline(self) -> None:
        """End the review; nothing changes."""
        ended = self._end_proposal()
        if ended is not None:
            self.declined.emit(ended.path)

    def _end_proposal(self) -> Proposal | None:
        ended, self.proposal = self.proposal, None
        if ended is not None:
            self.proposal_ended.emit()
        return ended

    def accept(self, path: str, text: str, why: str, artifact_id: str = "", run: str = "") -> None:
        """Change a file to ``text``: the only way in which a model changes one.

        It goes into the editor, to the disk and into the journal, in this order; where the disk
        refuses, the text stays in the editor, unsaved, and the refusal is told.

        Args:
            run: The run over several files that it is of: what the file was is kept first.
        """
        ended = self._end_proposal()
        theirs = ended is not None and ended.theirs

        def change(file: OpenFile, created: bool = False) -> None:
            if file.locked:
                self.failed.emit(BadInput(file.locked, tr("Save it under another name first.")))
                return
            before = None if created else file.text()
            if run:
                self.checkpoints.keep(run, why, path, before, text, self.failed.emit)
            file.set_text(text)
            if theirs:  # what another program wrote was in the review; no model wrote it
                file.keep_mine()
                self.save(file)
            else:
                self._keep(file, before, why, artifact_id)

        file = self.find(path)
        if file is not None:
            change(file, file.untitled)
            return
        try:
            where = self.locate(path)
        except StudioError as error:
            self.failed.emit(error)
            return

        def there(exists: bool) -> None:
            if exists:
                self.open(path, change)
            else:
                change(self.new("", path=path), created=True)

        self.work_queue.do(lambda: where.is_file(), there)

    def _keep(self, file: OpenFile, before: str | None, why: str, artifact_id: str) -> None:
        """Save an accepted change and enter it into the journal."""
        after = file.text()
        words = self.journal.verdict_words(artifact_id)
        entry = Entry(path=file.path, why=why, artifact=artifact_id, verdict=words)

        def done(saved: Saved) -> None:
            self.journal.add(entry.made(file.path, before, after, saved.commit))
            self.accepted.emit(file.path)

        if self.root is None and file.untitled:  # nowhere to save it to: it stays an unsaved tab
            self.accepted.emit(file.path)
            return
        self.write(file, file.path, done, commit=entry.message)

    # --- names --------------------------------------------------------------------------------

    def _free_name(self, language: str) -> str:
        suffix = language_named(language).suffixes[0]
        taken = {file.path for file in self.files}
        names = (f"untitled-{number}{suffix}" for number in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def finish(self) -> None:
        """Complete pending disk writes before the window closes."""
        self.work_queue.finish()


def read_file(where: Path) -> TextFile:
    """Read a file, and make ready what colours it: both take a while, so beside the window."""
    content = disk_files.read(where)
    lexer_named(language_of(where.name).lexer)
    return content


def _checked_folder(path: Path) -> Path:
    try:
        folder = path.expanduser().resolve(strict=True)
        next(folder.iterdir(), None)
    except OSError as error:
        raise disk_files.explain(error, "open", path.name or str(path)) from error
    return folder
