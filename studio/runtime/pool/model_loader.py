"""Makes models of weights, in steps of a job; when memory runs out it goes on with less.

Only whoever has the pool's turn to build may call it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from studio.api.worker.context import Places
from studio.protocol.errors import ErrorCode, StudioError, brief
from studio.protocol.messages import PoolEvent
from studio.runtime.devices.device import Device
from studio.runtime.devices.memory import give_back, out_of_memory, ran_out
from studio.runtime.jobs.error_translation import release
from studio.runtime.jobs.job import Job
from studio.runtime.jobs.plugin_workers import Contained
from studio.runtime.pool.admission import Demand
from studio.runtime.pool.digests import Digests
from studio.runtime.pool.eviction import Evictor
from studio.runtime.pool.leases import Books, Loaded, Tier
from studio.runtime.pool.measured_memory import Watch
from studio.runtime.pool.weights_registry import StoredWeights, WeightsRegistry, unreadable

log = logging.getLogger(__name__)

Choices = Callable[[StoredWeights], Sequence[str]]
"""Returns what a person may do when the weights do not fit."""


class ModelLoader:
    """Where one model at a time is built."""

    def __init__(
        self,
        books: Books,
        lock: threading.Lock,
        sources: WeightsRegistry,
        evictor: Evictor,
        tell: Callable[[PoolEvent], None],
    ) -> None:
        self._books = books
        self._lock = lock
        self._sources = sources
        self._evictor = evictor
        self._tell = tell

    def digest(self, job: Job, source: StoredWeights, digests: Digests) -> str:
        """Read the files of ``source`` and return their digest."""
        try:
            parts = digests.compute(source.path)
            return str(_finish(job, parts, f"checking {source.title}"))
        except OSError as error:
            raise unreadable(source.title, error) from error

    def load(self, demand: Demand, device: Device, choices: Choices) -> Loaded:
        """Load the weights of ``demand``; without enough memory, after the idle, then in parts.

        Raises:
            StudioError: It cannot be read, or does not fit whatever is done.
        """
        while True:
            try:
                return self._load(demand, device)
            except Contained as error:
                if not ran_out(error):
                    raise
                details = brief(error)
                release(error)
            give_back()
            demand = self._with_less(demand, device, choices, details)

    def _load(self, demand: Demand, device: Device) -> Loaded:
        job, source, placement = demand.job, demand.source, demand.placement
        began = time.monotonic()
        with self._lock:
            leases = self._books.leases
            watch = Watch(device) if not self._books.users() - {job} else None
        try:
            if placement is None:
                parts = source.loader.load(source.path, device.torch_name)
            else:
                assert isinstance(source.loader, Places)
                parts = source.loader.load_placed(source.path, device.torch_name, placement)
            model = _finish(job, parts, f"loading {source.title}")
        except OSError as error:
            raise unreadable(source.title, error) from error
        device.settle()
        loaded = Loaded(source, model, demand.digest, demand.needs, placement)
        loaded.tier = Tier.SPLIT if placement else Tier.DEVICE
        if not self._sources.is_as_it_was(source):
            source.loader.unload(model)
            raise _changed(source)
        if watch is not None and leases == self._books.leases:
            loaded.measured = watch.grown()
        self._say(demand, loaded, time.monotonic() - began)
        return loaded

    def _with_less(self, demand: Demand, device: Device, choices: Choices, details: str) -> Demand:
        """Return what to try after memory ran out: the same with more room, or with fewer layers.

        Raises:
            StudioError: Nothing is left to try.
        """
        source = demand.source
        with self._lock:
            victims = [each for each in self._books.idle() if each.bytes]
        if victims:
            why = f"memory ran out while loading {source.title}"
            self._evictor.make_room(victims, device, why, demand.job.id)
            return demand
        if device.has_own_memory and isinstance(source.loader, Places):
            placement = source.loader.place(source.path, demand.weights_bytes // 2)
            if placement is not None:
                return replace(demand, placement=placement)
        raise out_of_memory(f"loading {source.title}", details, tried=(), choices=choices(source))

    def _say(self, demand: Demand, loaded: Loaded, seconds: float) -> None:
        expected = demand.needs.weights_bytes
        log.info("loaded %s from %s in %.2f s", loaded.source.id, loaded.source.path, seconds)
        why = f"{demand.job.owner} needs it"
        if engine_why := getattr(loaded.model, "why", ""):
            why = f"{why}; engine: {loaded.model.engine} ({engine_why})"
        seen = (loaded.measured, expected) if loaded.measured else (expected, 0)
        self._tell(
            PoolEvent(loaded.source.id, "loaded", seen[0], why, seconds, demand.job.id, seen[1])
        )


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


def _changed(source: StoredWeights) -> StudioError:
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The file of “{source.title}” changed while it was being loaded: {source.path}.",
        "Wait until the file is complete, then try again.",
    )
