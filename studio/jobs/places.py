"""Where jobs can be computed, as the board asks for it; and the case of one runtime for all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from studio.api.jobs import HERE, JobRequest
from studio.api.manifest import TaskEntry
from studio.jobs.job import Job, Recipe
from studio.protocol.errors import StudioError
from studio.runtimes.supervisor import Supervisor


class Places(Protocol):
    """Says which runtime a job has. A place is called by its machine; the empty name is here."""

    def of(self, machine: str, /) -> Supervisor:
        """Return the supervisor of the runtime there."""
        ...

    def wish(self, request: JobRequest, entry: TaskEntry, /) -> str:
        """Return where a job is to run: ``HERE``, ``FREE`` or a name.

        Raises:
            StudioError: There is no such machine.
        """
        ...

    def check(self, recipe: Recipe, /) -> None:
        """Refuse what cannot run where it is to.

        Raises:
            StudioError: Why not.
        """
        ...

    def start(self, recipe: Recipe, /) -> None:
        """Have the runtimes at hand that may get a job."""
        ...

    def candidates(self, job: Job, unfit: Collection[str] = (), /) -> Sequence[str]:
        """Return the places that may get ``job`` now, but for those in ``unfit``; best first."""
        ...

    def may_go(
        self, job: Job, then: Callable[[], None], failed: Callable[[StudioError], None], /
    ) -> bool:
        """Return whether ``job`` can be sent to its place now; else ``then`` is called once it can,
        or ``failed`` with why not."""
        ...

    def words(self, machine: str, /) -> str:
        """Return the wait reason of a job on that machine; empty for none."""
        ...


class OnePlace:
    """All jobs go to one runtime; implements ``Places``."""

    def __init__(self, runtime: Supervisor) -> None:
        self._runtime = runtime

    def of(self, machine: str) -> Supervisor:
        """Return it."""
        return self._runtime

    def wish(self, request: JobRequest, entry: TaskEntry) -> str:
        """Return ``HERE`` for every request."""
        return HERE

    def check(self, recipe: Recipe) -> None:
        """Refuse nothing."""

    def start(self, recipe: Recipe) -> None:
        """Have it at hand."""
        self._runtime.start()

    def candidates(self, job: Job, unfit: Collection[str] = ()) -> Sequence[str]:
        """Return where the job is."""
        return (job.machine,)

    def may_go(
        self, job: Job, then: Callable[[], None], failed: Callable[[StudioError], None]
    ) -> bool:
        """Return whether it is ready."""
        return self._runtime.is_ready

    def words(self, machine: str) -> str:
        """Return the current activity."""
        return self._runtime.words
