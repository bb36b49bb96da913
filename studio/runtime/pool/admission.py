"""Who may load now, who has to wait and for what, and who never can. Decides; changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from studio.api.worker.context import Placement, Places, Requirements
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.memory_budget import most_bytes
from studio.runtime.devices.device import Device, host_memory
from studio.runtime.devices.memory import Budget, as_size, in_words
from studio.runtime.jobs.job import Job
from studio.runtime.pool.leases import Books, Loaded, Tier, who
from studio.runtime.pool.weights_registry import StoredWeights

STEPS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60)
"""Seconds that an estimate is rounded to; above, whole minutes. Finer would only flicker."""


@dataclass(frozen=True)
class Wait:
    """Not now: ``reason`` in words, ``missing`` bytes, and in how many seconds if anybody knows."""

    reason: str
    missing: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class Build:
    """Make room by ``victims``, then load, unless ``loaded`` and only memory was missing."""

    victims: Sequence[Loaded] = ()
    loaded: Loaded | None = None


@dataclass(frozen=True)
class Demand:
    """What a job asks for.

    Attributes:
        needs: Bytes of weights and of work, from headers and from what was seen before.
        placement: How a model that is larger than the device is divided; None for not at all.
        is_more: It has the model already, and asks for more to work with.
    """

    job: Job
    source: StoredWeights
    needs: Requirements
    placement: Placement | None = None
    digest: str = ""
    is_more: bool = False

    @property
    def weights_bytes(self) -> int:
        """Bytes of the device that the weights take."""
        return self.placement.device_bytes if self.placement else self.needs.weights_bytes

    @property
    def whole(self) -> int:
        """Bytes of the device in all."""
        return self.weights_bytes + self.needs.working_bytes


@dataclass
class Admission:
    """Decides on a device with a limit of the user's (0 for none).

    Attributes:
        alternatives: Returns other weights for the same purpose.
        builder: Title of what is being built or dropped; empty when nobody does.
    """

    books: Books
    alternatives: Callable[[StoredWeights], Iterable[StoredWeights]]
    device: Device | None = None
    limit: int = 0
    builder: str = ""

    def budget(self, held: int) -> Budget:
        """Return what there is to lend if ``held`` bytes are lent already."""
        assert self.device is not None
        return Budget.of(self.device.memory(), self.limit, held)

    def place(self, source: StoredWeights, needs: Requirements) -> Placement | None:
        """Return how ``source`` is divided if it is larger than the device, None if it is not.

        Raises:
            StudioError: It can never fit, not even in parts; says what would.
        """
        assert self.device is not None
        limit = self.budget(0).limit
        need = needs.weights_bytes + needs.working_bytes
        if need <= limit:
            return None
        if self.device.has_own_memory and isinstance(source.loader, Places):
            placement = source.loader.place(source.path, limit - needs.working_bytes)
            if placement is not None and placement.host_bytes <= host_room(self.books):
                return placement
        raise self._too_large(source, need, limit)

    def plan(self, demand: Demand) -> Loaded | Wait | Build:
        """Decide how the job of ``demand`` comes to its model.

        Raises:
            StudioError: Waiting cannot help.
        """
        job, source = demand.job, demand.source
        loaded = self.books.find(source, demand.digest)
        if loaded is not None and demand.is_more and not demand.needs.working_bytes:
            return loaded
        if loaded is not None and loaded.is_stale and not demand.is_more:
            return Wait(
                f"waiting for the old version of {source.title} to be released: {who(loaded.users)}"
            )
        if self.builder:
            return Wait(f"waiting for {self.builder} to load")
        is_here = loaded is not None and loaded.tier is not Tier.MEMORY
        need = demand.needs.working_bytes if is_here else demand.whole
        missing, victims = self._shortage(need, loaded)
        if missing > 0:
            others = self.books.waiting & self.books.users() - {job}
            if loaded and demand.is_more and others and not self._busy(job):
                # All wait for what all hold. One goes on with more than there should be, and the
                # others wait for it.
                return loaded
            return self._wait(demand, need, missing)
        if loaded is not None and is_here and not victims:
            return loaded
        return Build(victims, loaded)

    def _shortage(self, need: int, keep: Loaded | None) -> tuple[int, list[Loaded]]:
        """Return how many bytes are missing even without the idle models, and which must go."""
        room = self.budget(self.books.held).room
        victims: list[Loaded] = []
        for each in self.books.idle(keep):
            if room >= need:
                break
            if each.bytes:
                victims.append(each)
                room += each.bytes
        return need - room, victims

    def _wait(self, demand: Demand, need: int, missing: int) -> Wait:
        """Return what the job waits for, or raise if waiting cannot help."""
        busy = self._busy(demand.job)
        if not busy:
            raise self._too_full(demand, need, missing)
        seconds = self._seconds(busy, missing)
        about = f", about {as_time(seconds)}" if seconds is not None else ""
        return Wait(f"waiting for {as_size(missing)}: {who(busy)}{about}", missing, seconds)

    def _busy(self, job: Job) -> set[Job]:
        """Return the other jobs that will give something back.

        A job that holds nothing waits for whoever holds something. Among those that do, the ones
        that wait themselves give nothing back before they go on: where all wait for each other, one
        of them must go on with too much or give up.
        """
        users = self.books.users()
        return users - {job} - self.books.waiting if job in users else users

    def _seconds(self, busy: Iterable[Job], missing: int) -> float | None:
        """Return when ``missing`` bytes are free, if the jobs go on as they do; None: unknown."""
        known = [(left, job) for job in busy if (left := job.feed.seconds_left()) is not None]
        ended: list[Job] = []
        for left, job in sorted(known, key=lambda each: each[0]):
            missing -= self.books.frees(job, ended)
            if missing <= 0:
                return left
            ended.append(job)
        return None

    def _too_large(self, source: StoredWeights, need: int, limit: int) -> StudioError:
        assert self.device is not None
        total = self.device.memory().total
        choices = [f"choose a smaller model{self._fitting(source, limit)}"]
        if need <= most_bytes(total):
            choices.append("raise the memory limit in Settings")
        return StudioError(
            ErrorCode.OUT_OF_MEMORY,
            f"{source.title} needs {as_size(need)}, but only {as_size(limit)} of the "
            f"{as_size(total)} of {self.device.name} may be used.",
            in_words(choices),
        )

    def _too_full(self, demand: Demand, need: int, missing: int) -> StudioError:
        source, choices = demand.source, self.choices(demand.source)
        if demand.is_more:
            choices.insert(0, "reduce the size or length")
        more = " more for this job" if demand.is_more else ""
        return StudioError(
            ErrorCode.OUT_OF_MEMORY,
            f"{source.title} needs {as_size(need)}{more}, {as_size(missing)} more than is free "
            "now.",
            in_words(choices),
        )

    def choices(self, source: StoredWeights | None) -> list[str]:
        """Return what a person may do when ``source`` and its work do not fit now."""
        choices = ["close other programs"]
        if pinned := [each for each in self.books.loaded if self._is_only_pinned(each)]:
            named = " or ".join(f"{each.source.title} ({as_size(each.bytes)})" for each in pinned)
            choices.append(f"unpin {named}")
        if source is not None:
            room = self.budget(self.books.held).room
            room += sum(each.bytes for each in self.books.idle())
            choices.append(f"choose a smaller model{self._fitting(source, room)}")
        return choices

    def _is_only_pinned(self, loaded: Loaded) -> bool:
        return not loaded.users and loaded.bytes > 0 and self.books.is_pinned(loaded)

    def _fitting(self, source: StoredWeights, room: int) -> str:
        """Return, in brackets, the largest other weights for the same purpose that fit."""
        fits = [
            (each.needs.weights_bytes + each.needs.working_bytes, each.title)
            for each in self.alternatives(source)
            if each.needs.weights_bytes + each.needs.working_bytes <= room
        ]
        if not fits:
            return ""
        size, title = max(fits)
        return f" ({title} needs {as_size(size)})"


def host_room(books: Books) -> int:
    """Return the bytes of the processor's memory that parked models and halves may still take."""
    parked = sum(each.host_bytes for each in books.loaded)
    return Budget.of(host_memory(), 0, parked).room


def as_time(seconds: float) -> str:
    """Return a coarse length of time: ``8 s``, ``3 min``."""
    if seconds > STEPS[-1]:
        return f"{round(seconds / 60) or 1} min"
    return f"{next(itertools.dropwhile(lambda step: step < seconds, STEPS))} s"
