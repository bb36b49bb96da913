"""What weights were seen to take, against what was expected; remembered for the next time.

Memory is of the whole process or card, so only what a job did while no other had a lease counts.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from studio.api.worker.context import Loader, Requirements
from studio.protocol.regular_file import read_note
from studio.runtime.devices.device import Device

KEPT = 500
"""So many weights are remembered."""


@dataclass(frozen=True)
class MeasuredMemory:
    """What was seen last.

    Attributes:
        weights: Bytes that loading took.
        excess: Bytes by which a job's own memory went beyond what it had asked for.
    """

    weights: int = 0
    excess: int = 0


class MemoryMeasurements:
    """Truths by digest and kind of device. Any thread may ask."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = folder / "memory.json" if folder else None
        self._lock = threading.Lock()
        self._known = self._read()

    def needs(self, digest: str, device: Device, expected: Requirements) -> Requirements:
        """Return the larger of what is expected and what was seen."""
        truth = self._known.get(_key(digest, device), MeasuredMemory())
        return Requirements(
            max(expected.weights_bytes, truth.weights), expected.working_bytes + truth.excess
        )

    def saw_weights(self, digest: str, device: Device, taken: int) -> None:
        """Remember that loading took so many bytes."""
        truth = self._known.get(_key(digest, device), MeasuredMemory())
        self._keep(_key(digest, device), MeasuredMemory(max(0, taken), truth.excess))

    def saw_work(self, digest: str, device: Device, expected: int, taken: int) -> None:
        """Remember that a job that had asked for ``expected`` bytes took ``taken``."""
        truth = self._known.get(_key(digest, device), MeasuredMemory())
        self._keep(_key(digest, device), MeasuredMemory(truth.weights, max(0, taken - expected)))

    def _keep(self, key: str, truth: MeasuredMemory) -> None:
        with self._lock:
            old = self._known.pop(key, MeasuredMemory())
            self._known[key] = truth
            while len(self._known) > KEPT:
                del self._known[next(iter(self._known))]
            if not _alike(old, truth):
                self._write()

    def _read(self) -> dict[str, MeasuredMemory]:
        if self._file is None:
            return {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):  # absent or damaged: seen again
            known = msgspec.json.decode(read_note(self._file), type=dict[str, tuple[int, int]])
            return {key: MeasuredMemory(*values) for key, values in known.items()}
        return {}

    def _write(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):  # without it, headers alone decide
            self._file.parent.mkdir(0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix="memory-")
            known = {key: (truth.weights, truth.excess) for key, truth in self._known.items()}
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(known))
            os.replace(name, self._file)


@runtime_checkable
class Settles(Protocol):
    """What a loader of the runtime's own may offer: its models go on moving after their load.

    Until then they take more and more memory, whatever a job does.
    """

    def is_settled(self, loaded: Any) -> bool:
        """Return whether the model lies where it stays."""
        ...


def is_settled(loader: Loader, loaded: Any) -> bool:
    """Return whether what is seen of memory from now on is a job's own."""
    return not isinstance(loader, Settles) or loader.is_settled(loaded)


class Watch:
    """The memory of a device from now on."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._before = device.held()
        self._peak: Callable[[], int | None] = device.watch_peak()

    def grown(self) -> int:
        """Return by how many bytes more are held."""
        return max(0, self._device.held() - self._before)

    def peak(self) -> int | None:
        """Return by how many bytes more were held at the highest; None where nobody knows."""
        peak = self._peak()
        return None if peak is None else max(0, peak - self._before)


class Seen(Watch):
    """The memory of a device while one job has a lease, and no other.

    Attributes:
        number: How many leases there had been when it began: if there are more at its end, others
            were at work, too, and what was seen says nothing.
    """

    def __init__(self, device: Device, number: int) -> None:
        super().__init__(device)
        self.number = number

    def tell(
        self, measurements: MemoryMeasurements, digest: str, working: int, unread: int
    ) -> None:
        """Let ``measurements`` know of the work of a job that had asked for ``working`` bytes.

        Args:
            unread: Bytes of the weights that may have been mapped and not read at first: on a
                processor their pages come in while the job is at work.
        """
        peak = self.peak()
        if peak is not None:
            mapped = 0 if self._device.has_own_memory else unread
            measurements.saw_work(digest, self._device, working, peak - mapped)


def _key(digest: str, device: Device) -> str:
    return f"{digest} {device.kind}"


def _alike(one: MeasuredMemory, other: MeasuredMemory) -> bool:
    """Whether they differ by so little that it is not worth a write."""
    pairs = ((one.weights, other.weights), (one.excess, other.excess))
    return all(abs(a - b) <= 0.1 * max(a, b) for a, b in pairs)
