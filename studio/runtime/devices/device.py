"""A device that computes, and how much memory it has. Chooses none; see ``discovery``."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from studio.api.worker.sentence import sentence

STARTING = str(sentence("Starting PyTorch…"))
"""What is waited for before any device is known."""
CAPTURING = threading.Lock()
"""Who captures a graph of a card holds it. To wait for the whole card meanwhile is an error."""


@dataclass(frozen=True)
class Memory:
    """Bytes of a device: what this process holds, what is free for it, and all there is."""

    used: int
    free: int
    total: int


@dataclass(frozen=True)
class Device:
    """Where tasks compute.

    Attributes:
        kind: ``cpu``, ``cuda``, ``rocm``, ``mps`` or ``xpu``.
        torch_name: What torch calls it: ``cpu``, ``cuda:1``; ROCm answers to ``cuda``.
        name: What a person calls it.
        threads: Processor threads for torch when one lane computes alone.
    """

    kind: str
    torch_name: str
    name: str
    threads: int

    @property
    def has_own_memory(self) -> bool:
        """Whether weights that leave it can be parked in the memory of the processor."""
        return self.kind in ("cuda", "rocm", "xpu")

    def memory(self) -> Memory:
        """Return the memory of the device as it is now."""
        if self.has_own_memory:
            return _card_memory(self.torch_name)
        if self.kind == "mps":
            return _metal_memory()
        return _host_memory()

    def settle(self) -> None:
        """Wait until what was copied to the device is there, whatever stream of it copies."""
        if self.kind in ("cuda", "rocm"):
            import torch

            with CAPTURING:
                torch.cuda.synchronize(self.torch_name)

    def held(self) -> int:
        """Return the bytes that live tensors (on a processor: all of the process) take now."""
        if self.has_own_memory:
            return int(_card(self.torch_name).memory_allocated(self.torch_name))
        return self.memory().used

    def watch_peak(self) -> Callable[[], int | None]:
        """Begin to watch; return what tells the most bytes held since, None where nobody knows."""
        if self.has_own_memory:
            card, name = _card(self.torch_name), self.torch_name
            card.reset_peak_memory_stats(name)
            return lambda: int(card.max_memory_allocated(name))
        return _host_peak() if self.kind == "cpu" else lambda: None


def host_memory() -> Memory:
    """Return the memory of the machine, in which what leaves a card may be parked."""
    return _host_memory()


def _card(torch_name: str) -> Any:
    import torch

    return torch.xpu if torch_name.startswith("xpu") else torch.cuda


def _card_memory(torch_name: str) -> Memory:
    card = _card(torch_name)
    free, total = card.mem_get_info(torch_name)
    reserved = card.memory_reserved(torch_name)
    # What torch has reserved and not handed out can be used again.
    return Memory(reserved, free + reserved - card.memory_allocated(torch_name), total)


def _metal_memory() -> Memory:
    import torch

    used = torch.mps.driver_allocated_memory()
    total = torch.mps.recommended_max_memory()
    return Memory(used, max(0, min(total - used, psutil.virtual_memory().available)), total)


def _host_memory() -> Memory:
    host = psutil.virtual_memory()
    used = psutil.Process().memory_info().rss
    total = min(host.total, _container_limit() or host.total)
    return Memory(used, max(0, min(host.available, total - used)), total)


def _container_limit() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text("ascii"))
    return None


def _host_peak() -> Callable[[], int | None]:
    """Linux keeps the most that was resident since it was last told to forget it."""
    status = Path("/proc/self/status")
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:  # another system, or a container that keeps it from us
        return lambda: None

    def peak() -> int | None:
        with contextlib.suppress(OSError, ValueError):
            for line in status.read_text("ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return None

    return peak
