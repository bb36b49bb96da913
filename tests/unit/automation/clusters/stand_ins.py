"""A cluster without Ray: the driver in a thread, slots with scripted runtimes in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from studio.api.manifest import API_VERSION
from studio.automation.clusters.cluster import Cluster
from studio.automation.clusters.driver import Coming, Driver, Gone, Ready, Said, Tell
from studio.automation.clusters.inventory import Home, Inventory
from studio.automation.clusters.slot import Slot
from studio.base.paths import StudioPaths
from studio.protocol.link import Link, handshake
from studio.protocol.messages import PROTOCOL_VERSION, Hello
from studio.testing.inproc import InprocChild
from tests.unit.automation.workflows.talker import Desk, Talker, desk_at

TAKE_SECONDS = 0.05


class Machine:
    """A machine with one slot.

    Attributes:
        talker: Its runtime.
        change: Makes of what it has what it says that it has.
        spoil: Makes of what it says what arrives.
    """

    def __init__(self) -> None:
        self.talker = Talker()
        self.change: Callable[[Inventory], Inventory] = lambda there: there
        self.spoil: Callable[[bytes], bytes] = lambda data: data
        self.is_lost = False


class LocalPool:
    """Slots of this process, each with a thread that listens."""

    def __init__(self, tell: Tell, machines: dict[str, Machine], home: Home) -> None:
        self._tell = tell
        self._machines = machines
        self._slots = {
            name: Slot(machine.talker.launch, home)
            for name, machine in machines.items()
            if not machine.is_lost
        }
        self._ended: set[str] = set()
        tell(Coming(len(self._slots)))
        self._threads = [
            threading.Thread(target=self._listen, args=(name,)) for name in self._slots
        ]
        for thread in self._threads:
            thread.start()

    def put(self, slot: str, parcel: bytes, blobs: Sequence[bytes], digests: Sequence[str]) -> None:
        self._slots[slot].put(parcel, *blobs)

    def drop(self, slot: str, *, banish: bool) -> None:
        self._ended.add(slot)

    def close(self) -> None:
        self._ended.update(self._slots)
        for thread in self._threads:
            thread.join()

    def _listen(self, name: str) -> None:
        machine, slot = self._machines[name], self._slots[name]
        there = msgspec.msgpack.decode(slot.inventory(), type=Inventory)
        self._tell(Ready(name, name, msgspec.msgpack.encode(machine.change(there))))
        self._tell(Coming(0))
        while name not in self._ended and not machine.is_lost:
            for data in slot.take(TAKE_SECONDS):
                self._tell(Said(name, machine.spoil(data)))
        slot.close()
        if machine.is_lost:
            self._tell(Gone(name, "it is out of reach."))


class Machines:
    """The machines that the driver of a studio finds.

    Attributes:
        drivers: Those that were started, the last one last.
        tell: Tells the last one what happens to its pool.
    """

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, *names: str) -> None:
        self.machines = {name: Machine() for name in names}
        self.drivers: list[InprocChild] = []
        self.tell: Tell = lambda event: None
        self._home = Home(StudioPaths(home))
        patch.setattr(Cluster, "_launch", lambda cluster: self.launch())

    def launch(self) -> InprocChild:
        """Start a driver, as a child process would be."""

        def serve(link: Link) -> None:
            handshake(link, Hello(PROTOCOL_VERSION, API_VERSION))
            driver = Driver(link, self._home.inventory())
            self.tell = driver.tell
            driver.serve(LocalPool(driver.tell, self.machines, self._home))

        self.drivers.append(InprocChild(serve))
        return self.drivers[-1]

    def holders(self) -> list[Machine]:
        """Return the machines that were given a step that stalls."""
        return [
            machine
            for machine in self.machines.values()
            if any("wait" in str(submit.params) for submit in machine.talker.submitted)
        ]

    def asked(self, machine: str) -> int:
        """Return how many steps a machine was given."""
        return len(self.machines[machine].talker.submitted)


class ClusterDesk(Machines):
    """A studio with a cluster."""

    def __init__(self, desk: Desk, patch: pytest.MonkeyPatch, *names: str) -> None:
        super().__init__(desk.home, patch, *names)
        self.desk = desk


@contextmanager
def cluster_desk(home: Path, patch: pytest.MonkeyPatch, *names: str) -> Iterator[ClusterDesk]:
    """Open a studio with a cluster of these machines."""
    with desk_at(home) as desk:
        yield ClusterDesk(desk, patch, *names)
