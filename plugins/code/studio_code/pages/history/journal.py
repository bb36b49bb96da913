"""Journal of accepted model changes: entries with both texts, for undo.

Stored in the drafts of the plugin, one list per folder. Changes no file itself.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.api import BadInput, PluginContext, StudioError, WorkQueue
from studio.api.window.language import tr
from studio.api.window.work_queue import Failed

_MAX_ENTRIES = 200


class Entry(msgspec.Struct, frozen=True):
    """One accepted change.

    Attributes:
        when: Seconds since 1970.
        artifact: The result of the library it came from; empty for none.
        verdict: What was shown about it, in words.
        commit: The git commit it became; empty where the repository took none.
        undone: Whether it was taken back.
    """

    path: str
    why: str
    id: str = ""
    when: float = 0.0
    artifact: str = ""
    verdict: str = ""
    commit: str = ""
    undone: bool = False
    before: str | None = None
    after: str = ""

    @property
    def message(self) -> str:
        """Return the message of its git commit."""
        first = " ".join(self.why.split())[:72] or tr("Change by a model")
        rest = [tr("Written by a model in Offline Studio and accepted by a person.")]
        rest += [tr("In view: {words}").format(words=self.verdict)] if self.verdict else []
        return f"{first}\n\n" + "\n".join(rest)

    def turned_words(self, *, undone: bool) -> str:
        """Return what undoing or redoing it is called."""
        words = tr("Undo: {why}") if undone else tr("Redo: {why}")
        return words.format(why=" ".join(self.why.split())[:60] or self.path)

    def made(self, path: str, before: str | None, after: str, commit: str) -> Entry:
        """Return the entry with what became of it."""
        return msgspec.structs.replace(
            self,
            id=uuid.uuid4().hex[:16],
            when=time.time(),
            path=path,
            before=before,
            after=after,
            commit=commit,
        )


class Journal(QObject):
    """The entries of the open folder, newest first.

    Signals:
        changed: Another list, or another entry in it.
    """

    changed = Signal()

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        super().__init__()
        self._ctx, self._work_queue = ctx, work_queue
        self._name = ""
        self.entries: list[Entry] = []

    def open(self, root: Path) -> None:
        """Read the list of a folder."""
        name = f"journal-{hashlib.sha256(str(root).encode()).hexdigest()[:20]}"
        self._name, self.entries = name, []
        self.changed.emit()

        def show(entries: list[Entry]) -> None:
            if name == self._name:
                self.entries = [*self.entries, *entries]
                self.changed.emit()

        self._work_queue.do(lambda: _read(self._ctx.drafts.get(name)), show)

    def add(self, entry: Entry) -> None:
        """Enter a change; its texts go to the disk first."""
        texts = msgspec.json.encode((entry.before, entry.after))
        stored = msgspec.structs.replace(entry, before=None, after="")
        self.entries.insert(0, stored)
        dropped, self.entries = self.entries[_MAX_ENTRIES:], self.entries[:_MAX_ENTRIES]
        self._write([(entry.id, texts)], [old.id for old in dropped])
        self.changed.emit()

    def turn(self, entry: Entry, *, undone: bool, commit: str = "") -> None:
        """Note that an entry was taken back, or made again."""
        for at, existing in enumerate(self.entries):
            if existing.id == entry.id:
                self.entries[at] = msgspec.structs.replace(
                    existing, undone=undone, commit=commit or existing.commit
                )
        self._write([], [])
        self.changed.emit()

    def texts(
        self, entry: Entry, then: Callable[[tuple[str | None, str]], None], failed: Failed
    ) -> None:
        """Read the text before and after a change: ``then((before, after))``."""

        def read() -> tuple[str | None, str]:
            data = self._ctx.drafts.get(f"change-{entry.id}")
            try:
                return msgspec.json.decode(data or b"", type=tuple[str | None, str])
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise BadInput(
                    tr("The texts of this change are no longer kept, so it cannot be undone."),
                    tr("Undo it by hand, or ask for a change that reverses it."),
                ) from error

        self._work_queue.do(read, then, failed)

    def verdict_words(self, artifact_id: str) -> str:
        """Return the verdict on a library result in words."""
        if not artifact_id:
            return ""
        try:
            verdict = self._ctx.library.artifact(artifact_id).verdict
        except StudioError:
            return ""  # it was thrown away meanwhile; the change itself is kept
        return " · ".join(c.evidence or c.name for c in verdict.checks) if verdict else ""

    def _write(self, texts: list[tuple[str, bytes]], dropped: list[str]) -> None:
        name, data = self._name, msgspec.json.encode(self.entries)
        if not name:
            return

        def write() -> None:
            for id, text in texts:
                self._ctx.drafts.put(f"change-{id}", text)
            self._ctx.drafts.put(name, data)
            for id in dropped:
                self._ctx.drafts.remove(f"change-{id}")

        self._work_queue.do(write)


def _read(data: bytes | None) -> list[Entry]:
    if data is None:
        return []
    try:
        return msgspec.json.decode(data, type=list[Entry])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []  # of another version; the texts themselves stay where they are
