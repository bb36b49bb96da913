"""The pool: loads weights, lends them to jobs, drops them when memory is short. Has no threads.

One job at a time builds or drops models; the others wait in words. Its lock is never held while a
job hands over, loads or unloads.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import LoadedWeights, WeightsEntry
from studio.protocol.states import JobState
from studio.runtime.devices import Device
from studio.runtime.digests import Digests
from studio.runtime.faults import brief
from studio.runtime.jobs import Job
from studio.runtime.memory import Budget, as_size, give_back
from studio.runtime.sources import Source, Sources, unreadable
from studio.runtime.workers import Contained

log = logging.getLogger(__name__)


@dataclass
class Loaded:
    """A model on the device.

    Attributes:
        users: Jobs that lease it → how often.
        is_stale: To be dropped as soon as nobody uses it.
    """

    source: Source
    model: Any
    digest: str
    users: Counter[Job] = field(default_factory=Counter)
    last_used: float = field(default_factory=time.monotonic)
    is_stale: bool = False

    @property
    def bytes(self) -> int:
        """Memory that its weights take."""
        return self.source.needs.weights_bytes


@dataclass(frozen=True)
class _Wait:
    reason: str


@dataclass(frozen=True)
class _Build:
    """Drop ``victims``, then load, unless ``loaded`` and only working memory was missing."""

    victims: list[Loaded]
    loaded: Loaded | None


class Pool:
    """Lends loaded models.

    Args:
        on_change: Called when memory or models became free, so that waiting jobs look again.
    """

    def __init__(
        self, *, sources: Sources, digests: Digests, on_change: Callable[[], None]
    ) -> None:
        self._sources = sources
        self._digests = digests
        self._on_change = on_change
        self._lock = threading.Lock()
        self._limit = 0
        self._device: Device | None = None
        self._no_device: StudioError | None = None
        self._loaded: dict[str, Loaded] = {}
        self._working: Counter[Job] = Counter()
        self._waiting: dict[Job, str] = {}
        self._builder = ""

    # --- what the server says -------------------------------------------------------------------

    def configure(self, weights: Iterable[WeightsEntry], memory_limit: int) -> None:
        """Take over the weights there are now; models whose file has another path become stale."""
        self._sources.configure(weights)
        with self._lock:
            self._limit = memory_limit
            for loaded in self._loaded.values():
                loaded.is_stale = loaded.is_stale or not self._sources.has(loaded.source)

    def use_device(self, device: Device | None, error: StudioError | None = None) -> None:
        """Say where to compute, or why nowhere."""
        with self._lock:
            self._device, self._no_device = device, error

    def unload(self, weights: str) -> None:
        """Drop ``weights`` now if nobody uses them, else when the last job gives them back."""
        with self._lock:
            if loaded := self._loaded.get(weights):
                loaded.is_stale = True
        self.sweep()

    def status(self) -> tuple[LoadedWeights, ...]:
        """Return what is loaded, for the memory bar."""
        now = time.monotonic()
        with self._lock:
            device = self._device.torch_name if self._device else ""
            return tuple(
                LoadedWeights(
                    each.source.id,
                    each.bytes,
                    device,
                    tuple(job.id for job in each.users),
                    0.0 if each.users else now - each.last_used,
                )
                for each in self._loaded.values()
            )

    # --- what jobs ask --------------------------------------------------------------------------

    def path(self, weights: str) -> Path:
        """Return where ``weights`` lie; see :meth:`Sources.path`."""
        return self._sources.path(weights)

    @contextlib.contextmanager
    def lease(self, job: Job, weights: str, working_bytes: int = 0) -> Iterator[Any]:
        """Lend the model of ``weights`` to ``job``, which waits and loads as need be.

        Args:
            working_bytes: What the job needs beside the weights; 0 for what the loader measures.

        Raises:
            StudioError: The weights are unknown, broken, or cannot fit; says what to do.
            Cancelled: The job was stopped while waiting or loading.
        """
        loaded, working = self._acquire(job, weights, working_bytes)
        job.weights[weights] = loaded.digest
        job.become(JobState.RUNNING)
        try:
            yield loaded.model
        finally:
            self._release(job, loaded, working)

    def _acquire(self, job: Job, weights: str, working_bytes: int) -> tuple[Loaded, int]:
        if self._no_device is not None:
            raise self._no_device
        source = self._sources.get(weights)
        working = working_bytes or source.needs.working_bytes
        self._retire_old(source)
        plan: Loaded | _Wait | _Build | None = None

        def reason_to_wait() -> str:
            nonlocal plan
            with self._lock:
                plan = self._plan(job, source, working)
                if isinstance(plan, _Wait):
                    self._waiting[job] = source.id
                    return plan.reason
                if isinstance(plan, _Build):
                    self._builder = source.id
                else:
                    self._lend(job, plan, working)
                return ""

        try:
            job.wait_until(reason_to_wait)
        finally:
            with self._lock:
                self._waiting.pop(job, None)
        if isinstance(plan, _Build):
            return self._build(job, source, working, plan), working
        assert isinstance(plan, Loaded)
        return plan, working

    def _retire_old(self, source: Source) -> None:
        """Drop the model of these weights if it was made from files that have changed since."""
        with self._lock:
            loaded = self._loaded.get(source.id)
            if loaded is not None and loaded.source.stamp != source.stamp:
                loaded.is_stale = True
        self.sweep()

    def _plan(self, job: Job, source: Source, working: int) -> Loaded | _Wait | _Build:
        """Decide, under the lock, how ``job`` comes to its model."""
        loaded = self._loaded.get(source.id)
        if loaded is not None and job in loaded.users:  # a second lease of the same job
            return loaded
        if loaded is not None and loaded.is_stale:
            return _Wait(f"waiting for the old {source.id} to go: {_who(loaded.users)}")
        if self._builder:
            return _Wait(f"waiting until {self._builder} is ready")
        need = working if loaded else source.needs.weights_bytes + working
        missing, victims = self._shortage(need, keep=source.id)
        if missing > 0:
            return _Wait(self._reason_to_wait(job, source.id, need, missing))
        if loaded is not None and not victims:
            return loaded
        return _Build(victims, loaded)

    def _shortage(self, need: int, keep: str) -> tuple[int, list[Loaded]]:
        """Return how many bytes are missing even without the idle models, and which to drop."""
        assert self._device is not None
        held = sum(each.bytes for each in self._loaded.values()) + self._working.total()
        room = Budget.of(self._device.memory(), self._limit, held).room
        idle = [each for each in self._loaded.values() if not each.users and each.source.id != keep]
        victims: list[Loaded] = []
        for each in sorted(idle, key=lambda loaded: loaded.last_used):
            if room >= need:
                break
            victims.append(each)
            room += each.bytes
        return need - room, victims

    def _reason_to_wait(self, job: Job, weights: str, need: int, missing: int) -> str:
        """Return what ``job`` waits for, or raise if waiting cannot help."""
        assert self._device is not None
        memory = self._device.memory()
        limit = Budget.of(memory, self._limit, 0).limit
        if need > limit:
            raise StudioError(
                ErrorCode.OUT_OF_MEMORY,
                f"{weights} needs {as_size(need)}, and the studio may use {as_size(limit)} "
                f"of the {as_size(memory.total)} of {self._device.name}.",
                "Choose smaller weights, or raise the limit in Settings.",
            )
        others = {user for each in self._loaded.values() for user in each.users} - {job}
        # Jobs that wait themselves will not give anything back before they go on.
        busy = others - self._waiting.keys()
        if not busy:
            raise StudioError(
                ErrorCode.OUT_OF_MEMORY,
                f"{weights} needs {as_size(need)}: {as_size(missing)} more than is free now.",
                "Close other programs, or choose smaller weights.",
            )
        return f"waiting for {as_size(missing)}: {_who(busy)}"

    def _build(self, job: Job, source: Source, working: int, plan: _Build) -> Loaded:
        """Make room, load in steps of the job, and lend the model. The turn is already taken."""
        job.is_building = True
        try:
            need = source.needs.weights_bytes + working
            self._drop(plan.victims, f"{source.id} needs {as_size(need)}")
            loaded = plan.loaded or self._load(job, source)
            with self._lock:
                self._loaded[source.id] = loaded
                self._lend(job, loaded, working)
            return loaded
        finally:
            job.is_building = False
            self._end_turn()

    def _load(self, job: Job, source: Source) -> Loaded:
        assert self._device is not None
        began = time.monotonic()
        path, device = source.path, self._device
        try:
            digest = source.entry.digest or self._digests.known(path)
            if not digest:
                digest = _finish(job, self._digests.compute(path), f"checking {source.id}")
            parts = source.loader.load(path, device.torch_name)
            model = _finish(job, parts, f"loading {source.id}")
        except OSError as error:
            raise unreadable(source.id, error) from error
        device.settle()
        log.info("loaded %s from %s in %.2f s", source.id, path, time.monotonic() - began)
        return Loaded(source, model, digest)

    def _lend(self, job: Job, loaded: Loaded, working: int) -> None:
        loaded.users[job] += 1
        self._working[job] += working

    def _release(self, job: Job, loaded: Loaded, working: int) -> None:
        with self._lock:
            loaded.last_used = time.monotonic()
            for books, key, amount in ((loaded.users, job, 1), (self._working, job, working)):
                books[key] -= amount
                if books[key] <= 0:
                    del books[key]
        self.sweep()
        self._on_change()

    # --- dropping -------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Drop stale models that nobody uses; if somebody builds, they go at the end of that."""
        with self._lock:
            stale = [each for each in self._loaded.values() if each.is_stale and not each.users]
            if not stale or self._builder:
                return
            self._builder = stale[0].source.id
        self._drop(stale, "it is no longer wanted")
        self._end_turn()

    def _drop(self, victims: Sequence[Loaded], why: str) -> None:
        if victims and self._device:
            self._device.settle()  # the other lane's stream may still read what it gave back
        for each in victims:
            log.info("dropping %s (%s): %s", each.source.id, as_size(each.bytes), why)
            with self._lock:
                del self._loaded[each.source.id]
            try:
                each.source.loader.unload(each.model)
            except Contained as error:
                log.error("unloading %s failed: %s", each.source.id, brief(error))
            each.model = None
        if victims:
            give_back()

    def _end_turn(self) -> None:
        with self._lock:
            self._builder = ""
        self.sweep()
        self._on_change()


def _finish(job: Job, parts: Iterator[Any], what: str) -> Any:
    """Run ``parts`` to its end in steps of the job, and return its value."""
    try:
        while True:
            try:
                share = next(parts)
            except StopIteration as end:
                return end.value
            job.loading(what, share)
    finally:
        if isinstance(parts, Generator):
            parts.close()


def _who(users: Iterable[Job]) -> str:
    tasks = sorted({f"{job.task} (paused)" if job.parked else job.task for job in users})
    if not tasks:
        return "others"
    return f"{' and '.join(tasks)} {'is' if len(tasks) == 1 else 'are'} using it"
