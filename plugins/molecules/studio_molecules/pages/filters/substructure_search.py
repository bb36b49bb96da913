"""The search for a substructure: a job for each part of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.api import JobHandle, JobRequest, PluginContext, StudioError
from studio.api.window.language import tr
from studio_molecules.pages.table.collection import Collection

TASK = "molecules.match"
_PART = 2000


class SubstructureSearch(QObject):
    """One search at a time; the latest wins.

    Attributes:
        pattern: What is looked for, or was found; views mark it in the structures.

    Signals:
        problem: What is wrong with the pattern; empty if nothing.
        stepped: How far it is.
        ended: It is over.
    """

    problem = Signal(str)
    stepped = Signal(str)
    ended = Signal()

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        self._job: JobHandle | None = None
        self._matches: set[int] = set()
        self.pattern = ""

    @property
    def busy(self) -> bool:
        """Whether it is looking."""
        return self._job is not None

    def forget(self) -> None:
        """There is another table: nothing is looked for."""
        if self._job is not None:
            self._job.cancel()
        self._job, self.pattern, self._matches = None, "", set()

    def look_for(self, pattern: str) -> None:
        """Show only molecules that hold a pattern; all for an empty one."""
        self.forget()
        self.problem.emit("")
        self._collection.filters.matches = None
        self.pattern = pattern.strip()
        if self.pattern:
            self._look(0)
        else:
            self._show(None)

    def _look(self, first: int) -> None:
        molecules = self._collection.rows.molecules
        part = [molecule.smiles for molecule in molecules[first : first + _PART]]
        words = tr("Searching: {done} of {count}")
        self.stepped.emit(words.format(done=f"{first:,}", count=f"{len(molecules):,}"))
        params = {"pattern": self.pattern}
        try:
            job = self._ctx.tasks.submit(
                JobRequest(
                    TASK, params, title=tr("Substructures"), inputs={"smiles": part}, keep=False
                )
            )
        except StudioError as error:
            self._end(self._job, str(error))
            return
        self._job = job
        job.on_done(lambda result: self._on_done(job, first, result))
        job.on_failed(lambda error: self._end(job, str(error)))
        job.on_cancelled(lambda: self._end(job, ""))

    def _on_done(self, job: JobHandle, first: int, result: Mapping[str, Any]) -> None:
        if job is not self._job:  # there is another search
            return
        self._matches |= {first + int(place) for place in result.get("matches", ())}
        following = first + _PART
        if following < len(self._collection.rows):
            self._look(following)
            return
        self._job = None
        self._show(frozenset(self._matches))

    def _end(self, job: JobHandle | None, words: str) -> None:
        """Give up a search; ``words`` say why."""
        if job is not self._job:  # there is another search
            return
        self._job, self.pattern = None, ""
        self.problem.emit(words)
        self._show(None)

    def _show(self, matches: frozenset[int] | None) -> None:
        self._collection.filters.matches = matches
        self._collection.refilter()
        self.ended.emit()
