"""The runtime's trace of the last hour, and its snapshot on disk. Data only."""

from __future__ import annotations

import msgspec

FOLDER = "runtimes"
"""Folder in the studio's cache with one file of a :class:`Snapshot` for each runtime."""


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of time.

    Attributes:
        began: Seconds since the epoch.
        seconds: How long it was; 0 for what happened in a moment.
        what: ``steps`` (of one job, without a longer pause), ``loading``, ``waiting``, ``paused``;
            or of the memory: ``loaded``, ``evicted``, ``parked``, ``unloaded``, ``reduced``;
            ``measured``: what was in memory at its end, and the energy used since its begin.
        name: The task, or the weights.
        why: The reason in words, as the job or the pool told it.
        lane: ``interactive`` or ``batch``; empty for the memory.
        busy: Seconds of it in which a step was made.
        steps: How many those were.
        bytes: Of memory that was taken or freed; of what is measured, all that is taken.
        joules: That the device used, where that can be measured.
    """

    began: float
    seconds: float
    what: str
    name: str
    why: str = ""
    lane: str = ""
    plugin: str = ""
    job: str = ""
    busy: float = 0.0
    steps: int = 0
    bytes: int = 0
    joules: float = 0.0

    @property
    def ended(self) -> float:
        """When it was over, in seconds since the epoch."""
        return self.began + self.seconds


class JobUse(msgspec.Struct, frozen=True):
    """Device use of an unfinished job: seconds of its steps."""

    job: str
    task: str
    plugin: str
    busy: float = 0.0
    at_hand: float = 0.0
    """Seconds of the step that is being made now; 0 for none."""
    quiet: float = 0.0
    """Seconds since its plugin's own process made a step, where that computes; 0 for none."""


class Use(msgspec.Struct, frozen=True):
    """What work has used of the machine.

    Attributes:
        busy: Seconds of its steps.
        joules: Its part of what was measured, above what the device uses when nobody computes.
        spread: So many joules it may be more or less: what the device uses when nobody computes
            had not been seen yet.
        accelerator: Seconds of steps with a model on a card.
        processor: Seconds of processor time, all threads and processes together.
        unmeasured: Of the processor time, what no counter was there for.
        unmeasured_accelerator: Of the seconds on a card, likewise.
    """

    busy: float = 0.0
    joules: float = 0.0
    spread: float = 0.0
    accelerator: float = 0.0
    processor: float = 0.0
    unmeasured: float = 0.0
    unmeasured_accelerator: float = 0.0


class PluginUse(Use, frozen=True, kw_only=True):
    """Device use of a plugin's jobs since the runtime started."""

    plugin: str


class ProcessUse(msgspec.Struct, frozen=True):
    """Resource use of a plugin's own processes since the runtime started.

    Attributes:
        sandbox: Tier of the last one, ``none`` without a sandbox.
        start_seconds: Of the last one, until its packages were imported.
        crashes: How many ended unexpectedly, or had to be ended for a fault.
        memory, memory_peak: Bytes that they hold now, and that one held at most.
        connections: Sockets of the network that its Python code opened, or tried to.
    """

    plugin: str
    sandbox: str = ""
    starts: int = 0
    start_seconds: float = 0.0
    crashes: int = 0
    memory: int = 0
    memory_peak: int = 0
    processor_seconds: float = 0.0
    connections: int = 0


class Energy(msgspec.Struct, frozen=True):
    """Energy use of the device since the runtime started.

    Attributes:
        joules: Of the whole device, by all users; as far as it was measured.
        source: The measured quantity, in words; empty if there is none.
        missing: Why nothing is measured, or no longer, in a sentence.
    """

    joules: float = 0.0
    source: str = ""
    missing: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """The state one runtime writes to disk for other programs, every few seconds.

    Attributes:
        at, started: Seconds since the epoch.
        status: The last heartbeat, a ``device_status.Status`` as msgpack.
    """

    pid: int
    started: float
    at: float
    status: bytes
    spans: tuple[Span, ...]
