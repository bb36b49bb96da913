"""Runtime reports on devices, memory, and their users. Data only."""

from __future__ import annotations

import msgspec

from studio.protocol.connections.watch import Attempt
from studio.protocol.errors import ErrorInfo
from studio.protocol.message import Message
from studio.protocol.trace import Energy, JobUse, PluginUse, ProcessUse


class LoadedWeights(msgspec.Struct, frozen=True):
    """One loaded model, for the memory bar.

    Attributes:
        users: Jobs that lease it now.
        working: Bytes that those jobs may take beside the weights.
        tier: Where it lies: ``device``, ``memory`` (parked in that of the processor until it is
            asked for) or ``split`` (some layers on the device, the others with the processor).
        aliases: Other names of the same file, which share this copy.
        measured: Bytes it was seen to take; 0 for not known.
    """

    weights: str
    bytes: int
    device: str
    users: tuple[str, ...] = ()
    idle_seconds: float = 0.0
    working: int = 0
    pinned: bool = False
    tier: str = "device"
    aliases: tuple[str, ...] = ()
    measured: int = 0


class DeviceEntry(msgspec.Struct, frozen=True):
    """One device that could compute.

    Attributes:
        id: What the setting ``runtime.device`` and ``STUDIO_DEVICE`` call it: ``cpu``, ``cuda:1``.
        kind: ``cpu``, ``cuda``, ``rocm``, ``mps`` or ``xpu``.
        memory_total: Bytes.
    """

    id: str
    kind: str
    name: str
    memory_total: int = 0


class PoolEvent(Message, frozen=True):
    """What happened to memory, and why: a line of the log that people read.

    Attributes:
        weights: Id of the weights it is about.
        what: ``loaded``, ``evicted``, ``parked``, ``unloaded``, ``waiting`` or ``reduced``.
        bytes: Of memory that was taken, freed, or is waited for.
        why: In words.
        seconds: What it took; of a wait, what it will take if all goes on as it does (0: unknown).
        job: Id of the job it was done for; empty for none.
        estimate: Bytes that were expected where ``bytes`` is what was measured; else 0.
    """

    weights: str
    what: str
    bytes: int = 0
    why: str = ""
    seconds: float = 0.0
    job: str = ""
    estimate: int = 0


class DevicesFound(Message, frozen=True):
    """The available devices, the one in use, and the problems of the others."""

    devices: tuple[DeviceEntry, ...]
    chosen: str
    note: str = ""
    """A sentence: a card that cannot be used, and why; empty when all is well."""


class DeviceLost(Message, frozen=True):
    """The device stopped answering. The runtime must be started again to use it or another."""

    device: str
    error: ErrorInfo


class Status(Message, frozen=True):
    """Heartbeat, once a second and at changes: device, memory, models, running jobs."""

    device: str
    device_name: str
    threads: int
    memory_used: int
    """Resident bytes of the runtime on its device."""
    memory_total: int
    loaded: tuple[LoadedWeights, ...] = ()
    running: tuple[str, ...] = ()
    step: int = 0
    """Steps made since start: stands still when the work is stuck."""
    jobs: tuple[JobUse, ...] = ()
    """The jobs that are not over."""
    plugins: tuple[PluginUse, ...] = ()
    """All whose jobs made steps since the start."""
    processes: tuple[ProcessUse, ...] = ()
    """Of plugins that run in their own."""
    up_seconds: float = 0.0
    """Since the runtime started."""
    processor_seconds: float = 0.0
    """Processor time of the runtime, all threads together."""
    energy: Energy = Energy()
    connections: int = 0
    """Attempts to reach another machine since the start, of all plugins' processes too."""
    attempts: tuple[Attempt, ...] = ()
    """The last of them."""
    blocked: int = 0
    """Of ``connections``: those that the system refused."""


class Slots(Message, frozen=True):
    """The free job slots of a cluster; sent when they change.

    Attributes:
        ready: Jobs that it can run at once.
        coming: Places for jobs that have not answered yet.
        machines: Names of the machines that the ready places are on.
        trouble: Why others cannot be used, a sentence for each.
    """

    ready: int
    coming: int = 0
    machines: tuple[str, ...] = ()
    trouble: tuple[str, ...] = ()
