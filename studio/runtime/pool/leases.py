"""The books: what is loaded, who leases it, who waits. Loads and drops nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from studio.api.worker.context import Limits, Placement, Requirements
from studio.protocol.device_status import LoadedWeights
from studio.runtime.jobs.job import Job
from studio.runtime.pool.measured_memory import Seen
from studio.runtime.pool.weights_registry import StoredWeights


class Tier(StrEnum):
    """Where a model lies."""

    DEVICE = "device"
    MEMORY = "memory"
    """Parked in the memory of the processor until it is asked for."""
    SPLIT = "split"
    """Some layers on the device, the others with the processor."""


@dataclass(eq=False)
class Loaded:
    """A model in memory.

    Attributes:
        source: The weights it was made from.
        needs: Bytes it was expected to take.
        names: Ids under which it was leased: weights with the same digest share a copy.
        measured: Bytes it was seen to take; 0 for not known.
        users: Jobs that lease it → how often.
        working: Jobs that lease it → bytes they may take beside it.
        is_stale: To be dropped as soon as nobody uses it, for the reason ``why_stale``.
    """

    source: StoredWeights
    model: Any
    digest: str
    needs: Requirements
    placement: Placement | None = None
    tier: Tier = Tier.DEVICE
    measured: int = 0
    names: set[str] = field(default_factory=set)
    users: Counter[Job] = field(default_factory=Counter)
    working: Counter[Job] = field(default_factory=Counter)
    last_used: float = field(default_factory=time.monotonic)
    is_stale: bool = False
    why_stale: str = ""
    is_model: bool = True
    """Not memory that a job computes in by itself."""

    def __post_init__(self) -> None:
        self.names.add(self.source.id)

    @property
    def size(self) -> int:
        """Bytes of its weights, wherever they lie."""
        return self.needs.weights_bytes

    @property
    def bytes(self) -> int:
        """Bytes of its weights on the device."""
        if self.tier is Tier.MEMORY:
            return 0
        return self.placement.device_bytes if self.placement else self.size

    @property
    def host_bytes(self) -> int:
        """Bytes of its weights that lie in the memory of the processor for want of room."""
        if self.tier is Tier.MEMORY:
            return self.size
        return self.placement.host_bytes if self.placement else 0

    def expire(self, why: str) -> None:
        """Let it be dropped as soon as nobody uses it."""
        if not self.is_stale:
            self.is_stale, self.why_stale = True, why


class Books:
    """What is loaded, and by whom it is used. All of it under the pool's lock.

    Attributes:
        loaded: All models.
        waiting: Jobs that have looked since anything became free, and must wait for memory or a
            model all the same.
        pinned: Ids of the weights that stay, whoever needs memory.
        leases: How many leases there have been: tells whether a job was alone meanwhile.
    """

    def __init__(self) -> None:
        self.loaded: list[Loaded] = []
        self.waiting: set[Job] = set()
        self.pinned: frozenset[str] = frozenset()
        self.leases = 0

    @property
    def held(self) -> int:
        """Bytes of the device that are lent or taken by models."""
        return sum(each.bytes + each.working.total() for each in self.loaded)

    def find(self, source: StoredWeights, digest: str) -> Loaded | None:
        """Return the model of these weights: by name, else of any file with the same digest."""
        same = [
            each
            for each in self.loaded
            if source.id in each.names or (digest and each.digest == digest)
        ]
        of_family = (each for each in same if each.source.loader is source.loader)
        return min(of_family, key=lambda each: source.id not in each.names, default=None)

    def named(self, weights: str) -> list[Loaded]:
        """Return what was leased under the id ``weights``."""
        return [each for each in self.loaded if weights in each.names]

    def is_pinned(self, loaded: Loaded) -> bool:
        """Whether it stays, whoever needs memory."""
        return not loaded.names.isdisjoint(self.pinned)

    def idle(self, keep: Loaded | None = None) -> list[Loaded]:
        """Return what nobody uses and nobody pinned, except ``keep``; least recently used first."""
        idle = [
            each
            for each in self.loaded
            if not each.users and each is not keep and not self.is_pinned(each)
        ]
        return sorted(idle, key=lambda each: each.last_used)

    def lend(self, loaded: Loaded, name: str, job: Job, working: int) -> None:
        """Note that ``job`` leases ``loaded`` under the id ``name``."""
        self.leases += 1
        loaded.names.add(name)
        loaded.users[job] += 1
        loaded.working[job] += working

    def give_back(self, loaded: Loaded, job: Job, working: int) -> None:
        """Note that one lease of ``job`` is over."""
        loaded.last_used = time.monotonic()
        self.waiting.clear()
        for books, amount in ((loaded.users, 1), (loaded.working, working)):
            books[job] -= amount
        if loaded.users[job] <= 0:
            del loaded.users[job], loaded.working[job]

    def users(self) -> set[Job]:
        """Return the jobs that lease anything."""
        return {job for each in self.loaded for job in each.users}

    def frees(self, job: Job, others: Collection[Job]) -> int:
        """Return the bytes that become free when ``job`` ends, the ``others`` having ended."""
        gone = {job, *others}
        return sum(
            each.working[job] + (each.bytes if job in each.users and gone >= set(each.users) else 0)
            for each in self.loaded
        )

    def rows(self, device: str) -> tuple[LoadedWeights, ...]:
        """Return all models for the memory bar; ``device`` is torch's name of it."""
        now = time.monotonic()
        return tuple(
            LoadedWeights(
                weights=each.source.id,
                bytes=each.size,
                device="cpu" if each.tier is Tier.MEMORY else device,
                users=tuple(job.id for job in each.users),
                idle_seconds=0.0 if each.users else now - each.last_used,
                working=each.working.total(),
                pinned=self.is_pinned(each),
                tier=each.tier.value,
                aliases=tuple(sorted(each.names - {each.source.id})),
                measured=each.measured,
            )
            for each in self.loaded
            if each.is_model
        )


@dataclass
class Lease:
    """One ``with ctx.lease(...)`` of a job.

    Attributes:
        name: The id under which the weights were asked for.
        working: Bytes that the job may take beside them.
        seen: Sees how many it takes; None if another job was under way.
        context_limit: Tokens that a text may have at most; 0 for no limit.
    """

    job: Job
    name: str
    loaded: Loaded
    working: int
    seen: Seen | None
    context_limit: int = 0

    @property
    def model(self) -> Any:
        """The model, as far as the job may use it."""
        model, loader = self.loaded.model, self.loaded.source.loader
        if self.context_limit and isinstance(loader, Limits):
            return loader.limited(model, self.context_limit)
        return model


def who(users: Iterable[Job]) -> str:
    """Return who uses something, in words: ``Pictures and Music are using it``."""
    names = sorted({f"{job.owner} (paused)" if job.parked else job.owner for job in users})
    if not names:
        return "others are using it"
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} using it"
