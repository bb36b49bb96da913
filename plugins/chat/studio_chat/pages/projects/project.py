"""The projects there are, as the settings keep them. Draws nothing."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from studio.api import PluginContext, WorkQueue
from studio_chat.documents.passages import MAX_DOCUMENTS

PROJECTS = "projects"
MAX_TITLE, MAX_INSTRUCTIONS = 80, 40_000


@dataclass(frozen=True)
class Project:
    """A folder of conversations.

    Attributes:
        id: What conversations in it have as their folder.
        instructions: Said to the model in each of them, before their own system prompt.
        files: Paths of documents that each of them draws on.
        binned_at: When it went to the bin, in seconds since 1970; None while it is not there.
        binned: Conversations that went there with it, and come back with it.
    """

    id: str
    title: str
    instructions: str = ""
    files: tuple[str, ...] = ()
    binned_at: float | None = None
    binned: tuple[str, ...] = ()


def project_of(id: str, data: Any) -> Project | None:
    """Return the project that plain data are; None for anything else."""
    if not isinstance(data, Mapping):
        return None
    texts = [data.get(name, "") for name in ("title", "instructions")]
    lists = [data.get(name, []) for name in ("files", "binned")]
    if not all(isinstance(text, str) for text in texts) or not texts[0].strip():
        return None
    if not all(
        isinstance(paths, list) and all(isinstance(p, str) for p in paths) for paths in lists
    ):
        return None
    moment = data.get("binned_at")
    moment = float(moment) if isinstance(moment, int | float) else None
    files = tuple(lists[0][:MAX_DOCUMENTS])
    return Project(id, texts[0], texts[1], files, moment, tuple(lists[1]))


class Projects:
    """All projects, those in the bin too. Changes are saved off the GUI thread.

    Attributes:
        changed: Called after each change.
    """

    def __init__(self, ctx: PluginContext, work_queue: WorkQueue) -> None:
        self._ctx, self._work_queue = ctx, work_queue
        self._store = ctx.library.conversations
        self.changed: list[Callable[[], None]] = []
        saved: dict[str, Any] = ctx.settings.get(PROJECTS, {})
        projects = [project_of(id, data) for id, data in saved.items()]
        self._all = {project.id: project for project in projects if project}

    def all(self) -> list[Project]:
        """Return those that are not in the bin, by title."""
        there = [project for project in self._all.values() if project.binned_at is None]
        return sorted(there, key=lambda project: project.title.lower())

    def in_bin(self) -> list[Project]:
        """Return those in the bin, the latest first."""
        gone = [project for project in self._all.values() if project.binned_at is not None]
        return sorted(gone, key=lambda project: -(project.binned_at or 0))

    def get(self, id: str) -> Project | None:
        """Return a project; None if there is none of that id outside the bin."""
        project = self._all.get(id)
        return project if project is not None and project.binned_at is None else None

    @staticmethod
    def new_id() -> str:
        """Return an id that no project has."""
        return f"project-{secrets.token_hex(8)}"

    def put(self, project: Project) -> None:
        """Keep a project as it is now."""
        self._all[project.id] = project
        self._keep()

    def move(self, conversation: str, project: str) -> None:
        """Put a conversation into a project, or out of any for an empty id."""
        self._work_queue.do(
            lambda: self._store.update(conversation, folder=project), lambda _row: self._tell()
        )

    def bin(self, project: Project) -> None:
        """Put a project in the bin with its conversations."""

        def bin_all() -> list[str]:
            ids = [row.id for row in self._store.list(folder=project.id, limit=100_000)]
            # Which ones is written down first: a crash in between leaves too much to bring back.
            binned = replace(project, binned_at=time.time(), binned=tuple(ids))
            self._all[project.id] = binned
            self._write()
            self._store.bin_all(ids)
            return ids

        self._work_queue.do(bin_all, lambda _ids: self._tell())

    def restore(self, project: Project) -> None:
        """Take a project out of the bin with the conversations that went there with it."""

        def restore_all() -> None:
            gone = self._all.get(project.id, project)
            self._store.bin_all(gone.binned, binned=False)
            self._all[project.id] = replace(gone, binned_at=None, binned=())
            self._write()

        self._work_queue.do(restore_all, lambda _none: self._tell())

    def _keep(self) -> None:
        self._work_queue.do(self._write)
        self._tell()

    def _write(self) -> None:
        plain = {id: asdict(project) for id, project in dict(self._all).items()}
        for project in plain.values():
            del project["id"]
        self._ctx.settings.set(PROJECTS, plain)

    def _tell(self) -> None:
        for call in self.changed:
            call()
