"""Checkpoints of the files changed by a run, stored before the first write to each.

Stored in the drafts of the plugin, one per run, without git. A checkpoint is on disk before its
file is written, so that a run can be undone even after the studio was killed in the middle.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.api import PluginContext, WorkQueue
from studio.api.window.work_queue import Failed

_MOST_RUNS = 20


class Touched(msgspec.Struct, frozen=True):
    """A file before and after; ``before`` is None where there was none."""

    before: str | None
    after: str


class Checkpoint(msgspec.Struct, frozen=True):
    """One run: its purpose, and the files it changed by path."""

    id: str
    why: str
    when: float
    files: dict[str, Touched] = {}


class Checkpoints(QObject):
    """The runs of the open folder, newest first.

    Signals:
        changed: Another list, or another run in it.
    """

    changed = Signal()

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        super().__init__()
        self._ctx, self._work_queue = ctx, work_queue
        self._name = ""
        self.runs: list[Checkpoint] = []

    def open(self, root: Path) -> None:
        """Read the runs of a folder."""
        name = f"runs-{hashlib.sha256(str(root).encode()).hexdigest()[:20]}"
        self._name, self.runs = name, []
        self.changed.emit()

        def read() -> list[Checkpoint]:
            ids = _decoded(self._ctx.drafts.get(name), list[str]) or []
            checkpoints = (_decoded(self._ctx.drafts.get(f"run-{id}"), Checkpoint) for id in ids)
            return [run for run in checkpoints if run is not None]

        def show(checkpoints: list[Checkpoint]) -> None:
            if name == self._name:
                self.runs = [*self.runs, *checkpoints]
                self.changed.emit()

        self._work_queue.do(read, show)

    def keep(
        self, id: str, why: str, path: str, before: str | None, after: str, failed: Failed
    ) -> None:
        """Store the content of a file before it becomes ``after``; queued ahead of the write.

        On failure ``failed`` is called, and the file is still written.
        """
        run = next((run for run in self.runs if run.id == id), None)
        if run is None:
            run = Checkpoint(id, why, time.time())
            self.runs.insert(0, run)
        at = self.runs.index(run)
        first = run.files[path].before if path in run.files else before
        files = {**run.files, path: Touched(first, after)}
        self.runs[at] = run = msgspec.structs.replace(run, files=files)
        self._write(run, failed)
        self.changed.emit()

    def drop(self, id: str) -> None:
        """Forget a run: it was undone."""
        self.runs = [run for run in self.runs if run.id != id]
        self._write(None, lambda _error: None, gone=[id])
        self.changed.emit()

    def _write(self, run: Checkpoint | None, failed: Failed, gone: list[str] | None = None) -> None:
        runs = self.runs
        gone = [*(gone or []), *(checkpoint.id for checkpoint in runs[_MOST_RUNS:])]
        name, data = (
            self._name,
            msgspec.json.encode([checkpoint.id for checkpoint in runs[:_MOST_RUNS]]),
        )

        def write() -> None:
            if run is not None:
                self._ctx.drafts.put(f"run-{run.id}", msgspec.json.encode(run))
            if name:
                self._ctx.drafts.put(name, data)
            for id in gone:
                self._ctx.drafts.remove(f"run-{id}")

        self._work_queue.do(write, lambda _nothing: None, failed)


def _decoded(data: bytes | None, type: Any) -> Any:
    try:
        return msgspec.json.decode(data or b"", type=type)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # of another version, or cut
