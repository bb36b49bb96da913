"""Taking accepted changes back and making them again. Overwrites nothing that came after them."""

from __future__ import annotations

from functools import partial

from studio.api import BadInput
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.files import disk_files
from studio_code.pages.files.file_save import Saved
from studio_code.pages.files.text_format import digest, encode
from studio_code.pages.history.journal import Entry
from studio_code.pages.phrases import tr
from studio_code.pages.workspace import Workspace


def turn(workspace: Workspace, entry: Entry, *, undone: bool) -> None:
    """Undo or redo ``entry``; a file that the change made is removed, or made again."""

    def with_texts(texts: tuple[str | None, str]) -> None:
        before, after = texts
        old, new = (after, before) if undone else (before, after)
        if old is None:
            _make(workspace, entry, new or "")
        else:
            workspace.bring(entry.path, partial(_swap, workspace, entry, old, new, undone))

    workspace.journal.texts(entry, with_texts, workspace.failed.emit)


def _swap(
    workspace: Workspace, entry: Entry, old: str, new: str | None, undone: bool, file: OpenFile
) -> None:
    if file.text() != old:
        _refuse(workspace, entry, new or "", undone, file)
    elif new is None:
        _remove(workspace, entry, file)
    else:
        file.set_text(new)
        workspace.set_current(file)
        message = entry.turned_words(undone=undone) if entry.commit else ""
        workspace.write(file, file.path, partial(_done, workspace, entry, undone), commit=message)


def _done(workspace: Workspace, entry: Entry, undone: bool, saved: Saved) -> None:
    workspace.journal.turn(entry, undone=undone, commit=saved.commit)


def _refuse(workspace: Workspace, entry: Entry, new: str, undone: bool, file: OpenFile) -> None:
    words = (
        tr("{name} was changed since, so this is not taken back as a whole.")
        if undone
        else tr("{name} was changed since, so this is not made again as a whole.")
    )
    hint = tr("The difference is shown: take parts.")
    workspace.failed.emit(BadInput(words.format(name=file.name), hint))
    workspace.propose(file.path, new, entry.turned_words(undone=undone), entry.artifact)


def _remove(workspace: Workspace, entry: Entry, file: OpenFile) -> None:
    """Remove the file that the change made; its text stays in the journal, for Redo."""
    path, expected = file.path, digest(encode(file.text(), file.format))
    where = workspace.locate(path)

    def done(_nothing: None) -> None:
        workspace.close(file)
        workspace.disk_changed.emit(path)
        workspace.journal.turn(entry, undone=True)

    workspace.chores.do(lambda: disk_files.remove(where, expected), done, workspace.failed.emit)


def _make(workspace: Workspace, entry: Entry, text: str) -> None:
    file = workspace.new(text, path=entry.path)
    message = entry.turned_words(undone=False) if entry.commit else ""
    workspace.write(file, file.path, partial(_done, workspace, entry, False), commit=message)
