"""The pool: loads weights, lends them to jobs, drops them when memory is short. Has no threads.

One job at a time builds or drops models; the others wait in words. Its lock is never held while a
job hands over, loads or unloads. ``admission`` decides, ``leases`` keeps the books, ``eviction``
makes room.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.api.worker.context import Loader, Placement, Requirements
from studio.protocol.device_status import LoadedWeights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import PoolEvent, WeightsEntry
from studio.protocol.states import JobState
from studio.runtime.devices.device import Device
from studio.runtime.devices.memory import as_size, out_of_memory
from studio.runtime.jobs.job import Job
from studio.runtime.pool.admission import Admission, Build, Demand, Wait, as_time
from studio.runtime.pool.digests import Digests
from studio.runtime.pool.eviction import Evictor
from studio.runtime.pool.leases import Books, Lease, Loaded, Tier
from studio.runtime.pool.measured_memory import MemoryMeasurements, Seen, is_settled
from studio.runtime.pool.model_loader import ModelLoader
from studio.runtime.pool.weights_registry import StoredWeights, WeightsRegistry
from studio.runtime.pool.workspace import workspace

log = logging.getLogger(__name__)


class Pool:
    """Lends loaded models.

    Args:
        on_change: Called when memory or models became free, so that waiting jobs look again.
        tell: Takes what happened to memory, and why.
    """

    def __init__(
        self,
        *,
        sources: WeightsRegistry,
        digests: Digests,
        on_change: Callable[[], None],
        measurements: MemoryMeasurements | None = None,
        tell: Callable[[PoolEvent], None] = lambda event: None,
    ) -> None:
        self._sources = sources
        self._digests = digests
        self._measurements = measurements or MemoryMeasurements()
        self._on_change = on_change
        self._tell = tell
        self._lock = threading.Lock()
        self._books = Books()
        self._admission = Admission(self._books, sources.alternatives)
        self._evictor = Evictor(self._books, self._lock, tell)
        self._room = ModelLoader(self._books, self._lock, sources, self._evictor, tell)
        self._idle_seconds = 0.0
        self._no_device: StudioError | None = None

    # --- what the server says -------------------------------------------------------------------

    def configure(
        self,
        weights: Iterable[WeightsEntry],
        memory_limit: int,
        pinned: Iterable[str] = (),
        idle_seconds: float = 0.0,
    ) -> None:
        """Take over the weights there are now; models whose file has another path become stale."""
        self._sources.configure(weights)
        with self._lock:
            self._admission.limit = memory_limit
            self._books.pinned = frozenset(pinned)
            self._idle_seconds = idle_seconds
            self._books.waiting.clear()
            for loaded in self._books.loaded:
                if not self._sources.has(loaded.source):
                    loaded.expire("its file was moved")

    def use_device(self, device: Device | None, error: StudioError | None = None) -> None:
        """Say where to compute, or why nowhere."""
        self._sources.use_device(device.torch_name if device else "cpu")
        with self._lock:
            self._admission.device, self._no_device = device, error

    def pin(self, weights: str, pinned: bool) -> None:
        """Keep ``weights`` once they are loaded, whoever needs memory; or no longer."""
        with self._lock:
            rest = self._books.pinned - {weights}
            self._books.pinned = rest | {weights} if pinned else rest
            self._books.waiting.clear()
        self._on_change()

    def unload(self, weights: str) -> None:
        """Drop ``weights`` now if nobody uses them, else when the last job gives them back."""
        with self._lock:
            for loaded in self._books.named(weights):
                loaded.expire("you unloaded it")
        self.sweep()

    def status(self) -> tuple[LoadedWeights, ...]:
        """Return what is loaded, for the memory bar."""
        with self._lock:
            device = self._admission.device
            return self._books.rows(device.torch_name if device else "")

    # --- what jobs ask --------------------------------------------------------------------------

    def path(self, weights: str) -> Path:
        """Return where ``weights`` lie; see :meth:`Sources.path`."""
        return self._sources.path(weights)

    def find_base(self, weights: str, digest: str) -> Path:
        """Return where the base of an adapter lies; see ``WeightsRegistry.find_base``."""
        return self._sources.find_base(weights, digest)

    def placement(self, path: Path, loader: Loader, needs: Requirements) -> Placement | None:
        """Return how weights would be divided; None where they fit whole, or not at all."""
        if self._admission.device is None:
            return None
        source = StoredWeights(WeightsEntry(path.stem, str(path)), loader, needs, "")
        try:
            return self._admission.place(source, needs)
        except StudioError:  # too large for that, too: their needs say so
            return None

    def held_by(self, job: Job) -> str:
        """Return the title of a model that ``job`` leases; empty for none."""
        with self._lock:
            return next((each.source.title for each in self._books.loaded if job in each.users), "")

    @contextlib.contextmanager
    def lease(self, job: Job, weights: str, working_bytes: int = 0) -> Iterator[Any]:
        """Lend the model of ``weights`` to ``job``, which waits and loads as need be.

        Args:
            working_bytes: What the job needs beside the weights; 0 for what the loader measures.

        Raises:
            StudioError: The weights are unknown, broken, or cannot fit; says what to do.
            Cancelled: The job was stopped while waiting or loading.
        """
        lease = self._acquire(job, weights, working_bytes)
        try:
            job.weights[weights] = lease.loaded.digest
            if engine := getattr(lease.loaded.model, "engine", ""):
                job.engines[weights] = str(engine)
            job.become(JobState.RUNNING)
            yield lease.model
        finally:
            self._release(lease)

    @contextlib.contextmanager
    def reserve(self, job: Job, bytes: int) -> Iterator[None]:
        """Lend ``bytes`` of the device to what ``job`` computes by itself; make room, or wait.

        Raises:
            StudioError: It cannot fit; says what to do.
            Cancelled: The job was stopped while waiting.
        """
        if self._no_device is not None:
            raise self._no_device
        place = workspace(job, bytes)
        demand = Demand(job, place.source, place.needs)
        self._admission.place(place.source, place.needs)
        plan = self._await_turn(demand)
        assert isinstance(plan, Build)
        try:
            device = self._admission.device
            assert device is not None
            why = f"{job.owner} needs {as_size(bytes)}"
            self._evictor.make_room(plan.victims, device, why, job.id)
            with self._lock:
                self._books.loaded.append(place)
                self._books.lend(place, place.source.id, job, bytes)
        finally:
            self._end_turn()
        try:
            job.become(JobState.RUNNING)
            yield
        finally:
            with self._lock:
                self._books.loaded.remove(place)
                self._books.waiting.clear()
            self._on_change()

    def relieve(self, job: Job) -> int:
        """Free what nobody uses, for memory ran out in ``job``; return how many bytes that was."""
        self._take_turn(job, job.owner)
        try:
            with self._lock:
                device = self._admission.device
                victims = [each for each in self._books.idle() if each.bytes]
            freed = sum(each.bytes for each in victims)
            if device is not None:
                self._evictor.make_room(victims, device, f"{job.owner} ran out of memory", job.id)
            return freed
        finally:
            self._end_turn()
            job.become(JobState.RUNNING)

    def reduced(self, job: Job, words: str) -> None:
        """Note that ``job`` goes on with less, as it ran out of memory."""
        if words not in job.reduced:  # a job of many parts meets the same limit in each
            job.reduced.append(words)
        self._tell(PoolEvent(next(iter(job.weights), ""), "reduced", 0, words, job=job.id))

    def too_much(self, job: Job, details: str) -> StudioError:
        """Return the error for a ``job`` that could not be made small enough: asks what to do."""
        with self._lock:
            leased = [each.source for each in self._books.loaded if job in each.users]
            choices = self._admission.choices(leased[0] if leased else None)
        choices.insert(0, "reduce the size or length")
        return out_of_memory(job.task, details, tried=job.reduced, choices=choices)

    # --- coming to a model ----------------------------------------------------------------------

    def _acquire(self, job: Job, weights: str, working_bytes: int) -> Lease:
        if self._no_device is not None:
            raise self._no_device
        source = self._sources.get(weights)
        demand = self._demand(job, source, working_bytes)
        self._retire_old(source)
        plan = self._await_turn(demand)
        if isinstance(plan, Loaded):
            return self._lease(demand, plan)
        return self._build(demand, plan)

    def _demand(self, job: Job, source: StoredWeights, working: int) -> Demand:
        """Return what ``job`` asks for; what can never fit is refused before a byte is read.

        What was seen before may make the job wait for more room, and refuses nobody. A job that has
        the weights already asks for the bytes ``working`` alone.
        """
        asked = replace(source.needs, working_bytes=working or source.needs.working_bytes)
        placement = self._admission.place(source, asked)
        digest = self._digest(job, source)
        demand = Demand(job, source, asked, placement, digest)
        with self._lock:
            loaded = self._books.find(source, digest)
            if loaded is not None and job in loaded.users:
                needs = replace(asked, working_bytes=working)
                return replace(demand, needs=needs, is_more=True)
        assert self._admission.device is not None
        seen = self._measurements.needs(digest, self._admission.device, asked)
        larger = replace(demand, needs=seen)
        return larger if larger.whole <= self._admission.budget(0).limit else demand

    def _await_turn(self, demand: Demand) -> Loaded | Build:
        """Wait until the job may have its model: lent already, or to be built."""
        job, source = demand.job, demand.source
        plan: Loaded | Wait | Build | None = None
        is_told = False

        def reason_to_wait() -> str:
            nonlocal plan, is_told
            with self._lock:
                self._books.waiting.discard(job)  # whoever looks from now on sees that it goes on
                plan = self._admission.plan(demand)
                if isinstance(plan, Wait):
                    self._books.waiting.add(job)
                elif isinstance(plan, Build):
                    self._admission.builder = source.title
                else:
                    self._books.lend(plan, source.id, job, demand.needs.working_bytes)
                    return ""
            if isinstance(plan, Build):
                return ""
            if plan.missing and not is_told:
                is_told = True
                self._tell(
                    PoolEvent(
                        source.id, "waiting", plan.missing, plan.reason, plan.seconds or 0.0, job.id
                    )
                )
            return plan.reason

        try:
            job.wait_until(reason_to_wait)
        finally:
            with self._lock:
                self._books.waiting.discard(job)
        assert isinstance(plan, Loaded | Build)
        return plan

    def _build(self, demand: Demand, plan: Build) -> Lease:
        """Make room, load in steps of the job, and lend the model. The turn is already taken."""
        job, device = demand.job, self._admission.device
        assert device is not None
        job.is_building = True
        try:
            why = f"{job.owner} needs {as_size(demand.whole)} for {demand.source.title}"
            self._evictor.make_room(plan.victims, device, why, job.id, keep=plan.loaded)
            loaded = plan.loaded
            if loaded is None:
                loaded = self._room.load(demand, device, self._admission.choices)
                if loaded.measured:
                    self._measurements.saw_weights(loaded.digest, device, loaded.measured)
            elif loaded.tier is Tier.MEMORY:
                self._evictor.unpark(loaded, device, job.id)
            with self._lock:
                if loaded not in self._books.loaded:
                    self._books.loaded.append(loaded)
                self._books.lend(loaded, demand.source.id, job, demand.needs.working_bytes)
            if loaded.placement is not None:
                part = loaded.placement
                self.reduced(job, f"{part.layers} of {part.of} layers on {device.name}")
            return self._lease(demand, loaded)
        finally:
            job.is_building = False
            self._end_turn()

    def _lease(self, demand: Demand, loaded: Loaded) -> Lease:
        """Return the lease of a model that is already lent."""
        job, device = demand.job, self._admission.device
        assert device is not None
        with self._lock:
            alone = self._books.users() == {job} and loaded.users[job] == 1
            tells = alone and is_settled(loaded.source.loader, loaded.model)
            seen = Seen(device, self._books.leases) if tells else None
        entry = demand.source.entry
        working = demand.needs.working_bytes
        return Lease(job, entry.id, loaded, working, seen, entry.context_limit)

    def _release(self, lease: Lease) -> None:
        loaded = lease.loaded
        if lease.seen is not None and lease.seen.number == self._books.leases:
            unread = max(0, loaded.size - loaded.measured)
            lease.seen.tell(self._measurements, loaded.digest, lease.working, unread)
        is_old = not self._sources.is_as_it_was(loaded.source)
        if is_old:
            lease.job.weights[lease.name] = ""  # nobody can say any more what it computed with
        with self._lock:
            self._books.give_back(loaded, lease.job, lease.working)
            if is_old:
                loaded.expire("its file changed on disk")
        self.sweep()
        self._on_change()

    def _retire_old(self, source: StoredWeights) -> None:
        """Drop the model of these weights if it was made from files that have changed since."""
        with self._lock:
            for loaded in self._books.named(source.id):
                if loaded.source.id == source.id and loaded.source.stamp != source.stamp:
                    loaded.expire("its file changed on disk")
        self.sweep()

    def _digest(self, job: Job, source: StoredWeights) -> str:
        """Return the digest of ``source``, read once for each state of its files.

        Raises:
            StudioError: ``BAD_WEIGHTS``: it is not what its description says.
        """
        digest = self._digests.known(source.path)
        if not digest:
            self._take_turn(job, source.title)
            job.is_building = True
            try:
                digest = self._room.digest(job, source, self._digests)
            finally:
                job.is_building = False
                self._end_turn()
        if source.entry.digest and digest != source.entry.digest:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                f"“{source.title}” does not match its checksum: the file is damaged or another "
                "version.",
                "Download it again on the Models page.",
                f"expected {source.entry.digest}, found {digest}",
            )
        return digest

    # --- turns ----------------------------------------------------------------------------------

    def _take_turn(self, job: Job, title: str) -> None:
        """Wait until nobody builds, and take the turn."""

        def reason_to_wait() -> str:
            with self._lock:
                if self._admission.builder:
                    return f"waiting for {self._admission.builder} to load"
                self._admission.builder = title
                return ""

        job.wait_until(reason_to_wait)

    def _end_turn(self) -> None:
        with self._lock:
            self._admission.builder = ""
            self._books.waiting.clear()
        self.sweep()
        self._on_change()

    def sweep(self) -> None:
        """Drop models that are stale or were idle too long; after the turn of whoever builds."""
        with self._lock:
            gone = self._unwanted()
            if not gone or self._admission.builder:
                return
            self._admission.builder = gone[0].source.title
            device = self._admission.device
        self._evictor.drop(gone, device)
        self._end_turn()

    def _unwanted(self) -> list[Loaded]:
        now = time.monotonic()
        for each in self._books.idle() if self._idle_seconds else ():
            if now - each.last_used >= self._idle_seconds:
                each.expire(f"unused for {as_time(self._idle_seconds)}")
        return [each for each in self._books.loaded if each.is_stale and not each.users]
