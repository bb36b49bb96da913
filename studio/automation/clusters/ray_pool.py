"""Slots as actors of a Ray cluster. The only module that knows Ray.

What Ray is told is the name of the class ``Slot``, which was installed on each machine with the
studio, and bytes. See ``README.md`` beside this file.
"""

from __future__ import annotations

import collections
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

import studio
from studio.automation.clusters.address import Address
from studio.automation.clusters.driver import Coming, Cut, Gone, Ready, Said, Tell
from studio.automation.clusters.slot import Slot
from studio.protocol.errors import ErrorCode, StudioError

log = logging.getLogger("studio.cluster")

TRIES = 3
"""To connect."""
PROCESSORS = 4
"""Of a slot on a machine without a card, at most."""
LOOK_SECONDS = 2.0
"""Between two looks for new machines."""
TAKE_SECONDS = 20.0
"""A slot that has nothing to say is asked again after so long."""
DEATHS = 6
"""A machine whose slots died so often is not used any more; one that could start none, at once."""
STORE_BYTES = 512 << 20
"""Of a cluster that is started here, for blobs on their way."""
SHARED_FROM = 1 << 20
"""Larger blobs are sent to each machine once, whatever many rows name them."""
SHARED_BYTES = 256 << 20


def connect(address: Address) -> None:
    """Connect to the cluster at ``address``, or start one on this machine.

    Raises:
        StudioError: There is none, or it does not want us.
    """
    quiet = {"log_to_driver": False, "configure_logging": False}
    try:
        if not address.is_local:
            _join(address)
            return
        try:
            ray.init("auto", **quiet)
        except ConnectionError:  # none runs here
            ray.init("local", include_dashboard=False, object_store_memory=STORE_BYTES, **quiet)
    except Exception as error:  # of many kinds, some of grpc
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        why = lines[0] if lines else type(error).__name__
        if why.endswith(":"):  # what follows is a traceback
            why = f"{why} {lines[-1]}"
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"The cluster {address.text} cannot be used: {why[:300].rstrip('.')}.",
            "Check that it runs, that its address is right, and that its token is in "
            "~/.ray/auth_token or RAY_AUTH_TOKEN.",
        ) from error


def _join(address: Address) -> None:
    """Connect to the client server at ``address``.

    For each client it forks a process, which gRPC 1.85 brings down at times: then it is asked anew.
    """
    for _ in range(TRIES - 1):
        try:
            ray.init(address.text)
            return
        except ConnectionAbortedError as error:
            log.warning("%s; trying again", error)
    ray.init(address.text)


class RayPool:
    """The slots of the cluster that this process is connected to."""

    def __init__(self, tell: Tell) -> None:
        """Begin to look for machines; ``tell`` is called on a thread of the pool."""
        self._tell = tell
        self._actors: dict[str, Any] = {}
        """Slot → actor; those that have not answered, too."""
        self._machines: dict[str, str] = {}
        """Slot → node."""
        self._names: dict[str, str] = {}
        """Node → its name."""
        self._deaths: collections.Counter[str] = collections.Counter()
        self._refs: dict[Any, tuple[str, str]] = {}
        """What is waited for → slot, and what it is."""
        self._ready: set[str] = set()
        self._told = -1
        self._count = 0
        self._shared: collections.OrderedDict[str, tuple[Any, int]] = collections.OrderedDict()
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ray-pool", daemon=True)
        self._thread.start()

    def put(self, slot: str, parcel: bytes, blobs: Sequence[bytes], digests: Sequence[str]) -> None:
        """Hand a parcel with its blobs to a slot."""
        with self._lock, self._line():
            if actor := self._actors.get(slot):
                sent = [self._sent(blob, digest) for blob, digest in zip(blobs, digests)]
                self._refs[actor.put.remote(parcel, *sent)] = (slot, "put")

    def drop(self, slot: str, *, banish: bool) -> None:
        """End a slot; another one takes its place, unless its machine is used no more."""
        with self._lock:
            if node := self._machines.get(slot):
                self._deaths[node] += DEATHS if banish else 1
                self._forget(slot)

    def close(self) -> None:
        """End all slots, and let go of the cluster."""
        self._closed.set()
        self._thread.join()
        for slot in list(self._actors):
            self._forget(slot)
        ray.shutdown()

    # --- on its thread ------------------------------------------------------------------------

    def _run(self) -> None:
        looked = 0.0
        with self._line():
            while not self._closed.is_set():
                if time.monotonic() - looked > LOOK_SECONDS:
                    self._look()
                    looked = time.monotonic()
                self._wait()

    def _look(self) -> None:
        """Start slots on machines that have room, and are new or have lost one."""
        used = collections.Counter(self._machines.values())
        for node in ray.nodes():
            id, has = node["NodeID"], node["Resources"]
            if not node["Alive"] or self._deaths[id] >= DEATHS:
                continue
            self._names[id] = _name(node)
            cards, processors = int(has.get("GPU", 0)), int(has.get("CPU", 0))
            wanted = min(cards, processors) or -(-processors // PROCESSORS)
            for _ in range(wanted - used[id]):
                self._start(id, processors // wanted, bool(cards))
        self._tell_coming()

    def _start(self, node: str, processors: int, card: bool) -> None:
        self._count += 1
        slot = str(self._count)
        place = NodeAffinitySchedulingStrategy(node, soft=False)
        actor = (
            ray.remote(Slot)
            .options(
                num_cpus=processors,
                num_gpus=int(card),
                scheduling_strategy=place,
                max_concurrency=4,
            )
            .remote()
        )
        with self._lock:
            self._actors[slot], self._machines[slot] = actor, node
            self._refs[actor.inventory.remote()] = (slot, "inventory")

    def _wait(self) -> None:
        with self._lock:
            refs = list(self._refs)
        if not refs:
            self._closed.wait(0.2)
            return
        if ray.wait(refs, timeout=1.0)[0]:
            for ref in ray.wait(refs, num_returns=len(refs), timeout=0)[0]:
                self._arrived(ref)

    def _arrived(self, ref: Any) -> None:
        with self._lock:
            slot, what = self._refs.pop(ref)
            actor = self._actors.get(slot)
        if actor is None:  # it was dropped
            return
        try:
            value = ray.get(ref)
        except RayError as error:
            self._lose(slot, self._why(slot, error))
            return
        if what == "put":
            return
        if what == "inventory":
            self._ready.add(slot)
            self._tell(Ready(slot, self._names[self._machines[slot]], value))
            self._tell_coming()
        else:
            for data in value if isinstance(value, list) else [b""]:
                self._tell(Said(slot, data))
        with self._lock:
            if slot in self._actors:
                self._refs[actor.take.remote(TAKE_SECONDS)] = (slot, "take")

    def _why(self, slot: str, error: RayError) -> str:
        name = self._names[self._machines[slot]]
        if "No module named 'studio" in str(error):
            return (
                f"The machine “{name}” has no Offline Studio: install offline-studio "
                f"{studio.__version__} there, into the environment that Ray was started from."
            )
        if slot in self._ready:
            return "it is out of reach, or its process has ended."
        return f"The machine “{name}” could not start a runtime: {_first_line(error)}"

    def _lose(self, slot: str, why: str) -> None:
        with self._lock:
            self._deaths[self._machines[slot]] += 1 if slot in self._ready else DEATHS
            self._forget(slot)
        self._tell(Gone(slot, why))
        self._tell_coming()

    def _tell_coming(self) -> None:
        coming = len(self._actors.keys() - self._ready)
        if coming != self._told:
            self._told = coming
            self._tell(Coming(coming))

    def _forget(self, slot: str) -> None:
        actor = self._actors.pop(slot)
        del self._machines[slot]
        self._ready.discard(slot)
        with self._line():
            ray.kill(actor)

    @contextmanager
    def _line(self) -> Iterator[None]:
        """Tell of it if Ray is out of reach, which raises errors of many kinds then."""
        try:
            yield
        except Exception as error:
            log.warning("Ray is out of reach", exc_info=error)
            self._tell(Cut(_first_line(error).rstrip(".")))

    def _sent(self, blob: bytes, digest: str) -> Any:
        """Return what stands for a blob: itself, or what each machine gets once."""
        if len(blob) < SHARED_FROM:
            return blob
        if digest not in self._shared:
            self._shared[digest] = (ray.put(blob), len(blob))
            while sum(size for _, size in self._shared.values()) > SHARED_BYTES > len(blob):
                self._shared.popitem(last=False)
        self._shared.move_to_end(digest)
        return self._shared[digest][0]


def _name(node: dict[str, Any]) -> str:
    """Return the name that somebody gave to a node, else that of its host."""
    name, address = str(node["NodeName"]), str(node["NodeManagerAddress"])
    return str(node["NodeManagerHostname"]) if name == address else name


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]
