"""Makes room: models leave a card for the memory of the processor, or memory altogether, and why.

Only whoever has the pool's turn to build may call it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from studio.api.worker.context import Parks
from studio.protocol.errors import brief
from studio.protocol.messages import PoolEvent
from studio.runtime.devices.device import Device
from studio.runtime.devices.memory import as_size, give_back
from studio.runtime.jobs.error_translation import release
from studio.runtime.jobs.plugin_workers import Contained
from studio.runtime.pool.admission import host_room
from studio.runtime.pool.leases import Books, Loaded, Tier

log = logging.getLogger(__name__)


class Evictor:
    """Parks and drops models, and tells of each.

    Args:
        lock: Guards the books; never held while a loader works.
        tell: Takes an event.
    """

    def __init__(
        self, books: Books, lock: threading.Lock, tell: Callable[[PoolEvent], None]
    ) -> None:
        self._books = books
        self._lock = lock
        self._tell = tell

    def make_room(
        self,
        victims: Sequence[Loaded],
        device: Device,
        why: str,
        job: str = "",
        keep: Loaded | None = None,
    ) -> None:
        """Take ``victims`` from the device: to the processor's memory if there is room, or away.

        Args:
            keep: A parked model that must not give up its place, for the room is made for it.
        """
        for each in self._settled(victims, device):
            if not self._park(each, device, why, job, keep):
                self._drop(each, "evicted", why, job)
        if victims:
            give_back()

    def drop(
        self,
        victims: Sequence[Loaded],
        device: Device | None,
        what: str = "unloaded",
        why: str = "",
    ) -> None:
        """Take ``victims`` out of memory. ``why`` by default: their own reasons."""
        for each in self._settled(victims, device):
            self._drop(each, what, why or each.why_stale)
        if victims:
            give_back()

    def unpark(self, loaded: Loaded, device: Device, job: str) -> None:
        """Bring a parked model back to ``device``."""
        began = time.monotonic()
        loader = loaded.source.loader
        assert isinstance(loader, Parks)
        loader.unpark(loaded.model, device.torch_name)
        device.settle()
        with self._lock:
            loaded.tier = Tier.DEVICE
        self._say(loaded, "loaded", "it was in system memory", job, time.monotonic() - began)

    @staticmethod
    def _settled(victims: Sequence[Loaded], device: Device | None) -> Sequence[Loaded]:
        if victims and device is not None:
            device.settle()  # the other lane's stream may still read what it gave back
        return victims

    def _park(
        self, loaded: Loaded, device: Device, why: str, job: str, keep: Loaded | None
    ) -> bool:
        """Move a model to the processor's memory; return False if it cannot go there."""
        loader = loaded.source.loader
        may = device.has_own_memory and loaded.tier is Tier.DEVICE and isinstance(loader, Parks)
        if not may or not self._has_host_room(loaded, keep):
            return False
        assert isinstance(loader, Parks)
        began = time.monotonic()
        try:
            loader.park(loaded.model)
        except Contained as error:
            log.error("parking %s failed: %s", loaded.source.id, brief(error))
            release(error)
            return False
        with self._lock:
            loaded.tier = Tier.MEMORY
        self._say(loaded, "parked", why, job, time.monotonic() - began)
        return True

    def _has_host_room(self, loaded: Loaded, keep: Loaded | None) -> bool:
        """Whether it fits the processor's memory, once older parked models have left it."""
        while host_room(self._books) < loaded.size:
            idle = self._books.idle(keep)
            parked = [each for each in idle if each.tier is Tier.MEMORY]
            if not parked:
                return False
            self._drop(parked[0], "evicted", f"{loaded.source.title} was moved there instead")
        return True

    def _drop(self, loaded: Loaded, what: str, why: str, job: str = "") -> None:
        began = time.monotonic()
        with self._lock:
            self._books.loaded.remove(loaded)
        try:
            loaded.source.loader.unload(loaded.model)
        except Contained as error:
            log.error("unloading %s failed: %s", loaded.source.id, brief(error))
            release(error)
        loaded.model = None
        self._say(loaded, what, why, job, time.monotonic() - began)

    def _say(self, loaded: Loaded, what: str, why: str, job: str, seconds: float) -> None:
        log.info("%s %s (%s): %s", what, loaded.source.id, as_size(loaded.size), why)
        self._tell(PoolEvent(loaded.source.id, what, loaded.size, why, seconds, job))
