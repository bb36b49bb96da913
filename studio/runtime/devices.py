"""Which device computes, and how much memory it has. Asked by a function, never at import."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from studio.protocol.errors import ErrorCode, StudioError

log = logging.getLogger(__name__)

DEVICE_ENV = "STUDIO_DEVICE"
"""Set to ``cpu`` to leave a graphics card alone."""


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
        torch_name: What torch calls it; ROCm answers to ``cuda``.
        name: What a person calls it.
        threads: Processor threads for torch when one lane computes alone.
    """

    kind: str
    torch_name: str
    name: str
    threads: int

    def memory(self) -> Memory:
        """Return the memory of the device as it is now."""
        if self.kind in ("cuda", "rocm", "xpu"):
            return _card_memory(self.torch_name)
        if self.kind == "mps":
            return _metal_memory()
        return _host_memory()

    def settle(self) -> None:
        """Wait until what was copied to the device is there, whatever stream of it copies."""
        if self.kind in ("cuda", "rocm"):
            import torch

            torch.cuda.synchronize()


def find_device() -> Device:
    """Import torch and return the best device it can use.

    Raises:
        StudioError: ``NO_DEVICE``: torch cannot be loaded; says why.
    """
    try:
        import torch
    except Exception as error:  # a broken library raises OSError, RuntimeError and worse
        raise StudioError(
            ErrorCode.NO_DEVICE,
            f"PyTorch, which computes for the studio, cannot be loaded: {error}",
            "Install it again with the set-up command of the studio.",
        ) from error
    threads = min(torch.get_num_threads(), _processors_allowed())
    kind, torch_name, name = _best(torch)
    return Device(kind, torch_name, name, max(1, threads))


def _best(torch: Any) -> tuple[str, str, str]:
    if os.environ.get(DEVICE_ENV) != "cpu":
        try:
            card = _card(torch)
            if card is not None:
                (torch.ones(2, device=card[1]) + 1).sum().item()
                return card
        except Exception:  # drivers fail in many ways, and some only when they are put to work
            log.exception("the graphics card cannot be used; computing on the processor")
    return "cpu", "cpu", _processor_name()


def _card(torch: Any) -> tuple[str, str, str] | None:
    if torch.cuda.is_available():
        kind = "rocm" if torch.version.hip else "cuda"
        return kind, "cuda", torch.cuda.get_device_name()
    if torch.backends.mps.is_available():
        return "mps", "mps", "Apple graphics"
    if torch.xpu.is_available():
        return "xpu", "xpu", torch.xpu.get_device_name()
    return None


def _card_memory(torch_name: str) -> Memory:
    import torch

    card = torch.xpu if torch_name == "xpu" else torch.cuda
    free, total = card.mem_get_info()
    reserved = card.memory_reserved()
    # What torch has reserved and not handed out can be used again.
    return Memory(reserved, free + reserved - card.memory_allocated(), total)


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


def _processors_allowed() -> int:
    """How many processors this process may use, by its affinity and its container's quota."""
    allowed = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    # Outside cgroup v2 there is no such file, and "max" is no number.
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        allowed = min(allowed, math.ceil(int(quota) / int(period)))
    return max(1, allowed)


def _container_limit() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/memory.max").read_text("ascii"))
    return None


def _processor_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "Processor"
