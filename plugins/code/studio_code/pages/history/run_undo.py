"""Undo a run: restore every file that it changed."""

from __future__ import annotations

from functools import partial

from studio.api import BadInput
from studio.api.window.language import tr
from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.files import disk_files
from studio_code.pages.files.text_format import digest, encode
from studio_code.pages.history.checkpoints import Checkpoint, Touched
from studio_code.pages.workspace import Workspace


def undo_run(workspace: Workspace, run: Checkpoint) -> None:
    """Restore the files of a run; show files changed since instead of overwriting them.

    A file may never have been written, if the studio ended before: then it is skipped.
    """
    waiting = dict(run.files)
    changed: list[str] = []

    def settle(path: str) -> None:
        del waiting[path]
        if waiting:
            return
        if not changed:
            workspace.checkpoints.drop(run.id)
            return
        words = tr("{name} has changed since the run, so it can't be undone in one step.")
        hint = tr("Review the differences and undo them one by one.")
        workspace.failed.emit(BadInput(words.format(name=changed[0]), hint))
        why = tr("Undo: {why}").format(why=" ".join(run.why.split())[:60])
        workspace.propose(changed[0], run.files[changed[0]].before or "", why)

    def look(path: str, touched: Touched, there: bool) -> None:
        if workspace.find(path) is not None or there:
            workspace.bring(path, partial(put_back, path, touched))
        elif touched.before is None:
            settle(path)
        else:
            file = workspace.new(touched.before, path=path)
            workspace.write(file, path, lambda _saved: settle(path))

    def put_back(path: str, touched: Touched, file: OpenFile) -> None:
        text = file.text()
        if text == touched.before:
            settle(path)
        elif text != touched.after:
            changed.append(path)
            settle(path)
        elif touched.before is None:
            expected = digest(encode(text, file.format))
            where = workspace.locate(path)
            workspace.work_queue.do(
                lambda: disk_files.remove(where, expected),
                lambda _nothing: removed(path, file),
                workspace.failed.emit,
            )
        else:
            file.set_text(touched.before)
            workspace.write(file, path, lambda _saved: settle(path))

    def removed(path: str, file: OpenFile) -> None:
        workspace.close(file)
        workspace.disk_changed.emit(path)
        settle(path)

    for path, touched in run.files.items():
        where = workspace.locate(path)
        workspace.work_queue.do(where.is_file, partial(look, path, touched), workspace.failed.emit)
