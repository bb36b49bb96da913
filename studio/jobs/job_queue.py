"""The rows of the queue: their order, which of them may go, and what outlives the studio.

Starts no job: the board asks what is due, and is told where something changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.api.jobs import FREE
from studio.base.background import Background
from studio.base.notices import Notices
from studio.jobs.job import Job, Recipe
from studio.jobs.requests import Row, bare
from studio.jobs.store import LibraryJobStore
from studio.protocol.errors import StudioError
from studio.protocol.messages import Arrange, Message, Pause, Resume
from studio.protocol.states import JobState, Priority

HANDED_OVER = 16
"""Rows that the runtime has at a time, the first ones: as many as can be under way, and more.

The inputs of the others stay on the disk: there may be thousands.
"""
AT_ONCE = 2
"""Rows that a machine has at a time where any may have them: one computes, one is ready to."""
_RANK = {priority: number for number, priority in enumerate(Priority)}


def fitting(priority: Priority, others: Sequence[Priority], place: int) -> Priority:
    """Return the nearest class that a row may have where ``place`` of the others go first."""
    least = _RANK[others[place - 1]] if place else 0
    most = _RANK[others[place]] if place < len(others) else len(_RANK) - 1
    return list(Priority)[max(least, min(_RANK[priority], most))]


@dataclass(frozen=True)
class Hands:
    """The board's functions for the queue.

    Attributes:
        knows: Whether there is a job with this id.
        has: Whether the runtime has a job.
        send: Tells the runtime of a machine.
        places: Returns the machines that may get a job, the best first.
        jobs: Returns all jobs.
        changed: Tells who watches that a job is different.
        feed: Hands over what is due.
        recipe: Returns the recipe of a row, with its inputs or without; raises ``StudioError``.
        revive: Makes a job of a row that an earlier studio wrote; over, if it is in trouble.
        again: Begins a recipe in place of the job that failed.
    """

    knows: Callable[[str], bool]
    has: Callable[[Job], bool]
    send: Callable[[str, Message], None]
    jobs: Callable[[], list[Job]]
    changed: Callable[[Job], None]
    feed: Callable[[], None]
    recipe: Callable[[Row, Mapping[str, Any] | None], Recipe]
    revive: Callable[[Row, Recipe], Job]
    again: Callable[[Job, Recipe], None]
    places: Callable[[Job], Sequence[str]] = lambda job: (job.machine,)


class JobQueue:
    """All rows of the library's queue that have not begun, in the order they are to run.

    Each class goes before the next one, so a row that is moved takes the class of its new place.

    Attributes:
        is_kept: Whether new jobs become rows: no studio that only runs one command does that.
    """

    def __init__(
        self, hands: Hands, store: LibraryJobStore, disk: Background, notices: Notices
    ) -> None:
        self.is_kept = False
        self._hands = hands
        self._store = store
        self._disk = disk
        self._notices = notices
        self._order: list[Job] = []
        self._paused = False
        self._is_known = False
        """Whether what earlier studios left is known: the user may have paused it."""
        self._observers: list[Callable[[], None]] = []

    # --- what it is ---------------------------------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether the user lets all of it wait."""
        return self._paused

    def waiting(self) -> list[Job]:
        """Return the rows that have not begun, the next one first."""
        return list(self._order)

    def waits(self, job: Job) -> bool:
        """Whether the user lets a row wait."""
        return job.is_row and (self._paused or job.held)

    def on_change(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call when it was paused, resumed or arranged; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def when_kept(self, call: Callable[[], None]) -> None:
        """Call once all that was changed so far is in the library."""
        self._disk.run(lambda: None, lambda _: call(), self._notices.error)

    # --- what the board tells -----------------------------------------------------------------

    def add(self, job: Job) -> None:
        """Put a new row behind the others of its class."""
        rank = _RANK[job.recipe.priority]
        place = sum(_RANK[other.recipe.priority] <= rank for other in self._order)
        self._order.insert(place, job)

    def drop(self, job: Job) -> None:
        """Take out a row that has begun or is over; harmless when it is none."""
        if job in self._order:
            self._order.remove(job)

    def due(self) -> list[Job]:
        """Return the rows that the runtimes should have by now, in order, each with its machine.

        Of each page it is one on each machine: jobs that take turns would all be done late. Pages
        take turns.
        """
        if not self._is_known:
            return []
        live = [job for job in self._hands.jobs() if job.is_live and job.begun]
        busy = {(job.recipe.page, job.machine) for job in live if not self.waits(job)}
        load = Counter(job.machine for job in live)
        rows: list[Job] = []
        for job in self._order:
            place = None if self.waits(job) else self._place(job, load, busy)
            if place is not None:
                job.machine = place
                rows.append(job)
                busy.add((job.recipe.page, place))
                load[place] += 1
        return rows[:HANDED_OVER]

    def place(self, job: Job) -> str:
        """Return where a job goes that waits for no other: where the least is under way."""
        live = (other for other in self._hands.jobs() if other.is_live and self._hands.has(other))
        load = Counter(other.machine for other in live)
        return min(self._hands.places(job), key=lambda place: load[place], default=job.machine)

    def _place(
        self, job: Job, load: Mapping[str, int], busy: Collection[tuple[str, str]]
    ) -> str | None:
        """Return the machine whose turn it is to get a row; None if it has to wait."""
        is_free = job.recipe.machine == FREE and not self._hands.has(job)
        places = [
            place
            for place in self._hands.places(job)
            if (not job.recipe.page or (job.recipe.page, place) not in busy)
            and not (is_free and load[place] >= AT_ONCE)
        ]
        return min(places, key=lambda place: load[place], default=None)

    def arrange(self) -> None:
        """Send the runtimes the order of their jobs."""
        places: dict[str, list[tuple[str, Priority]]] = {}
        for job in self._order:
            if self._hands.has(job):
                places.setdefault(job.machine, []).append((job.id, job.recipe.priority))
        for machine, jobs in places.items():
            self._hands.send(machine, Arrange(tuple(jobs)))

    # --- what the user does -------------------------------------------------------------------

    def pause(self) -> None:
        """Let all rows wait, those that run at their next step, until ``resume``."""
        self._set_paused(True)

    def resume(self) -> None:
        """Let the rows go on, but for those that the user holds."""
        self._set_paused(False)

    def hold(self, job: Job, held: bool = True) -> None:
        """Hold one job while others run, or release it; stored for rows."""
        if not job.is_row:
            self._send(job, Pause if held else Resume)
        elif job.held != held:
            job.held = held
            self._disk.run(lambda: self._store.hold([job.id], held), failed=self._notices.error)
            self._show([job])

    def move(self, job: Job, place: int) -> None:
        """Put a row where ``place`` others are before it."""
        if job not in self._order:
            return
        self._order.remove(job)
        place = max(0, min(place, len(self._order)))
        others = [entry.recipe.priority for entry in self._order]
        job.prioritise(fitting(job.recipe.priority, others, place))
        self._order.insert(place, job)
        self._arranged(job)

    def prioritise(self, job: Job, priority: Priority) -> None:
        """Give a row another class; it goes behind the others of that."""
        if job in self._order:
            self._order.remove(job)
            job.prioritise(priority)
            self.add(job)
            self._arranged(job)

    def retry(self, jobs: Iterable[Job]) -> None:
        """Restart failed or lost rows with the same requests."""
        for job in [candidate for candidate in jobs if candidate.can_retry]:
            self._retry(job)

    def retry_failed(self, ids: Collection[str] = ()) -> None:
        """Begin once more all that failed or was lost, or what of it has one of these ids."""
        self.retry(job for job in self._hands.jobs() if not ids or job.id in ids)

    def _retry(self, job: Job) -> None:
        job.retrying = True
        self._hands.changed(job)

        def failed(error: StudioError) -> None:
            job.retrying, job.error = False, error
            self._notices.error(error, key=f"retry-{job.id}")
            self._hands.changed(job)

        def found(what: tuple[Row, dict[str, Any]]) -> None:
            try:
                self._hands.again(job, self._hands.recipe(*what))
            except StudioError as error:
                failed(error)

        self._disk.run(lambda: self._store.again(job.id), found, failed)

    # --- from one studio to the next ----------------------------------------------------------

    def restore(self, then: Callable[[Sequence[Job]], None] = lambda rows: None) -> None:
        """Load rows of earlier studios from the library, and store new ones from now on.

        Args:
            then: Called with the rows that wait, before any of them runs.
        """
        self.is_kept = True

        def restored(loaded: tuple[list[Row], list[Row], bool]) -> None:
            waiting, failed, paused = loaded
            self._is_known = True
            # What was asked for meanwhile is in the library, too.
            waiting, failed = (
                [row for row in rows if not self._hands.knows(row.entry.id)]
                for rows in (waiting, failed)
            )
            self._paused = self._paused or paused
            jobs = [self._revive(row) for row in waiting]
            for row in failed:
                self._hands.revive(row, bare(row))
            rows = [job for job in jobs if job.is_live]
            self._order = sorted([*rows, *self._order], key=lambda job: _RANK[job.recipe.priority])
            then(rows)
            self._show(rows)

        def unread(error: StudioError) -> None:
            self._notices.error(error, key="queue")
            restored(([], [], False))

        self._disk.run(self._store.rows, restored, unread)

    def _revive(self, row: Row) -> Job:
        try:
            return self._hands.revive(row, self._hands.recipe(row, None))
        except StudioError as error:
            return self._hands.revive(row._replace(trouble=error), bare(row))

    def close(self) -> None:
        """Let no row begin any more: the studio ends, and they stay in the library."""
        self._is_known = False

    # --- inside -------------------------------------------------------------------------------

    def _set_paused(self, paused: bool) -> None:
        if self._paused != paused:
            self._paused = paused
            self._disk.run(lambda: self._store.pause(paused), failed=self._notices.error)
            begun = [job for job in self._hands.jobs() if job.is_row and job.begun and job.is_live]
            self._show([*begun, *self._order])

    def _show(self, jobs: Iterable[Job]) -> None:
        """Update jobs, and the runtime, to the user's wishes."""
        for job in list(jobs):
            waits = self.waits(job)
            self._send(job, Pause if waits else Resume)
            if job.begun:
                continue  # the runtime says when it has come to that
            if waits and job.state is not JobState.PAUSED:
                job.become(JobState.PAUSED)
            elif not waits and job.state is JobState.PAUSED:
                job.become(JobState.WAITING)
            self._hands.changed(job)
        self.arrange()
        self._hands.feed()
        self.tell()

    def _send(self, job: Job, message: type[Pause | Resume]) -> None:
        for called in job.live_calls:
            self._send(called, message)
        if self._hands.has(job):
            self._hands.send(job.machine, message(job.id))

    def _arranged(self, job: Job) -> None:
        places = [(entry.id, entry.recipe.priority) for entry in self._order]
        self._disk.run(lambda: self._store.arrange(places), failed=self._notices.error)
        self._hands.feed()
        self.arrange()
        self._hands.changed(job)
        self.tell()

    def tell(self) -> None:
        """Tell who watches the queue that there is something new of it."""
        for call in list(self._observers):
            call()
