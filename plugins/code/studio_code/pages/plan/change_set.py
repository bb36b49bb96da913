"""The files that a run would change, each reviewed and taken by itself or all together.

Writes nothing itself: what is accepted goes through the workspace.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from studio_code.pages.editor.open_file import OpenFile
from studio_code.pages.workspace import Workspace

OPEN, ACCEPTED, DECLINED = "open", "accepted", "declined"


@dataclass(frozen=True)
class FileChange:
    """A proposed text of a file.

    Attributes:
        base: What it was made from; empty for a new file.
        state: What the user made of it.
        added, removed: Lines.
    """

    path: str
    base: str
    text: str
    state: str = OPEN
    added: int = 0
    removed: int = 0


class ChangeSet(QObject):
    """Changes proposed by one run, in order of arrival.

    Signals:
        changed: The list, or a state in it, changed.

    Attributes:
        why: Purpose of the run.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.files: list[FileChange] = []
        self.why = ""
        self.skipped: list[str] = []
        self._run = self._artifact = ""
        self._together: list[str] = []
        workspace.accepted.connect(self._on_accepted)
        workspace.declined.connect(self._on_declined)

    @property
    def open_files(self) -> list[FileChange]:
        """Undecided changes."""
        return [file for file in self.files if file.state == OPEN]

    def begin(self, why: str) -> None:
        """Start a new set; discard changes that were not accepted."""
        self.why, self.files, self._artifact = why, [], ""
        self._run = uuid.uuid4().hex[:16]
        self.changed.emit()

    def clear(self) -> None:
        """Discard all proposals; accepted changes stay."""
        self.files = []
        self.changed.emit()

    def take(self, edits: Iterable[Mapping[str, Any]], artifact_id: str = "") -> None:
        """Take the edits of a step: of a file that is open still the text is another one now."""
        self._artifact = artifact_id
        for row in edits:
            path, text = str(row["path"]), str(row["text"])
            before = next((file for file in self.open_files if file.path == path), None)
            base = before.base if before is not None else str(row.get("base") or "")
            added, removed = int(row.get("added") or 0), int(row.get("removed") or 0)
            if before is not None:  # of steps that come one after the other the sum is about right
                added, removed = added + before.added, removed + before.removed
            self.files = [file for file in self.files if file.path != path]
            self.files.append(FileChange(path, base, text, OPEN, added, removed))
        self.changed.emit()

    def texts(self) -> dict[str, str]:
        """Return the proposed texts that are not decided yet: the next step starts from them."""
        return {file.path: file.text for file in self.open_files}

    # --- deciding -----------------------------------------------------------------------------

    def review(self, path: str) -> None:
        """Have one file reviewed."""
        change = next((file for file in self.files if file.path == path), None)
        if change is None or change.state != OPEN:
            self._workspace.open(path)
            return
        self._workspace.propose(
            path, change.text, self.why, self._artifact, base=change.base, run=self._run
        )

    def accept_all(self) -> None:
        """Accept all that is open, file by file; one that was changed meanwhile is left out."""
        self._together = [file.path for file in self.open_files]
        self.skipped = []
        self._accept_next()

    def decline_all(self) -> None:
        """Decline all that is open."""
        self._together = []
        open_paths = [file.path for file in self.open_files]
        proposal = self._workspace.proposal
        if proposal is not None and proposal.path in open_paths:
            self._workspace.decline()
        self._mark(open_paths, DECLINED)

    def _accept_next(self) -> None:
        while self._together:
            path = self._together.pop(0)
            change = next((file for file in self.open_files if file.path == path), None)
            if change is None:
                continue
            if change.base:
                self._workspace.bring(path, partial(self._accept_open, change))
            else:
                self._accept(change, "")
            return
        if self.skipped:
            self.review(self.skipped[0])

    def _accept_open(self, change: FileChange, file: OpenFile) -> None:
        self._accept(change, file.text())

    def _accept(self, change: FileChange, present: str) -> None:
        if present != change.base:
            self.skipped.append(change.path)
            self._accept_next()
            return
        self._workspace.accept(change.path, change.text, self.why, self._artifact, self._run)

    def _on_accepted(self, path: str) -> None:
        self._settle(path, ACCEPTED)

    def _on_declined(self, path: str) -> None:
        self._settle(path, DECLINED)

    def _settle(self, path: str, state: str) -> None:
        if path not in {file.path for file in self.open_files}:
            return
        self._mark([path], state)
        if self._together:
            self._accept_next()
        elif self.open_files and self._workspace.proposal is None:
            self.review(self.open_files[0].path)  # the next one of those reviewed together

    def _mark(self, paths: Iterable[str], state: str) -> None:
        wanted = set(paths)
        self.files = [
            replace(file, state=state) if file.path in wanted else file for file in self.files
        ]
        self.changed.emit()

    # --- over a restart -----------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the proposals as plain data."""
        rows = [msgspec.to_builtins(file) for file in self.files]
        return {"why": self.why, "artifact": self._artifact, "files": rows, "run": self._run}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what ``state`` returned; bears anything else."""
        try:
            self.files = msgspec.convert(state.get("files"), list[FileChange])
        except msgspec.ValidationError:
            return
        self.why = str(state.get("why") or "")
        self._artifact, self._run = str(state.get("artifact") or ""), str(state.get("run") or "")
        self.changed.emit()
