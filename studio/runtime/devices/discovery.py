"""Which devices there are, and which of them computes. Asked by a function, never at import."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import platform
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.devices.device import Device

log = logging.getLogger(__name__)

DEVICE_ENV = "STUDIO_DEVICE"
"""Which device computes, as ``studio doctor`` lists them: ``cpu``, ``cuda:1``; else the best."""


@dataclass(frozen=True)
class Found:
    """The devices there are, cards first.

    Attributes:
        chosen: The one that computes.
        note: A sentence on what is not as one might expect; empty when all is well.
    """

    devices: tuple[Device, ...]
    chosen: Device
    note: str = ""


def find_devices(wanted: str | None = None) -> Found:
    """Import torch, look for devices, and choose the wanted or the best that works.

    Args:
        wanted: An id, or a kind for the first of it; by default what ``STUDIO_DEVICE`` says.

    Raises:
        StudioError: ``NO_DEVICE``: torch cannot be loaded; says why.
    """
    try:
        import torch
    except Exception as error:  # a broken library raises OSError, RuntimeError and worse
        raise StudioError(
            ErrorCode.NO_DEVICE,
            f"PyTorch cannot be loaded: {error}",
            "Run the setup of Offline Studio again.",
        ) from error
    wanted = os.environ.get(DEVICE_ENV, "") if wanted is None else wanted
    threads = max(1, min(torch.get_num_threads(), _processors_allowed()))
    processor = Device("cpu", "cpu", _processor_name(), threads)
    if wanted == "cpu":  # a card that is to be left alone is not even asked
        return Found((processor,), processor)
    cards, notes = _cards(torch, threads)
    chosen = next(_working(torch, _in_order(cards, wanted), notes), processor)
    if wanted and wanted not in (chosen.torch_name, chosen.kind, _kind_of_id(chosen)):
        notes.append(f"There is no working device “{wanted}”, so {chosen.name} is used instead.")
    return Found((*cards, processor), chosen, " ".join(notes))


def _in_order(cards: list[Device], wanted: str) -> list[Device]:
    """Return ``cards`` with the wanted ones first."""
    return sorted(cards, key=lambda card: wanted not in (card.torch_name, card.kind))


def _kind_of_id(device: Device) -> str:
    return device.torch_name.partition(":")[0]


def _working(torch: Any, cards: list[Device], notes: list[str]) -> Iterator[Device]:
    for card in cards:
        try:
            _works(torch, card)
        except Exception as error:  # drivers fail in many ways, and some only when put to work
            log.exception("%s cannot be used", card.name)
            notes.append(_complaint(card.name, error))
        else:
            yield card


def _works(torch: Any, card: Device) -> None:
    (torch.ones(2, device=card.torch_name) + 1).sum().item()


def _cards(torch: Any, threads: int) -> tuple[list[Device], list[str]]:
    """Return the cards that torch knows, and complaints about those it cannot reach."""
    cards: list[Device] = []
    notes: list[str] = []
    for kind, look in _KINDS.items():
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                cards += [Device(kind, id, name, threads) for id, name in look(torch)]
            except Exception as error:
                log.exception("looking for %s devices failed", kind)
                notes.append(_complaint("The graphics card", error))
        # The driver is asked first here, and what is wrong with it is said as a warning.
        notes += [_complaint("The graphics card", each.message) for each in said if _is_ill(each)]
    return cards, notes


def _nvidia(torch: Any) -> Iterator[tuple[str, str]]:
    if torch.cuda.is_available() and not torch.version.hip:
        yield from _numbered(torch.cuda, "cuda")


def _amd(torch: Any) -> Iterator[tuple[str, str]]:
    if torch.version.hip and torch.cuda.is_available():
        yield from _numbered(torch.cuda, "cuda")


def _apple(torch: Any) -> Iterator[tuple[str, str]]:
    if torch.backends.mps.is_available():
        yield "mps", "Apple graphics"


def _intel(torch: Any) -> Iterator[tuple[str, str]]:
    if torch.xpu.is_available():
        yield from _numbered(torch.xpu, "xpu")


def _numbered(module: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for index in range(module.device_count()):
        yield f"{prefix}:{index}", module.get_device_name(index)


_KINDS: dict[str, Callable[[Any], Iterator[tuple[str, str]]]] = {
    "cuda": _nvidia,
    "rocm": _amd,
    "mps": _apple,
    "xpu": _intel,
}
"""Kind → yields torch's name and a person's name of each card of it, the best kind first."""


def _is_ill(warning: warnings.WarningMessage) -> bool:
    """Whether a warning tells of a card that cannot be used. No driver at all is no news."""
    text = str(warning.message)
    return "initialization" in text and "no NVIDIA driver" not in text


def _complaint(name: str, error: object) -> str:
    """Return in a sentence why a card cannot be used, and what to do."""
    text = " ".join(str(error).split())
    if "too old" in text:
        return f"{name} cannot be used: its driver is too old for PyTorch. Update the driver."
    if "no kernel image" in text:
        return f"{name} cannot be used: this version of PyTorch does not support its generation."
    why = text.partition("(Triggered")[0].partition("Compile with")[0][:200].rstrip(" .")
    return f"{name} cannot be used: {why or 'no reason was given'}."


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


def _processor_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "Processor"
