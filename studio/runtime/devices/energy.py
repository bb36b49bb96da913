"""What the device has used, in joules, where the machine tells programs. Measures only."""

from __future__ import annotations

import ctypes
import logging
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.protocol.trace import Energy

log = logging.getLogger(__name__)

POWERCAP = Path("/sys/class/powercap")
_PROCESSOR = "the processor, all programs together (RAPL)"
_CARD = "the graphics card, all programs together (NVML)"

MAX_WATTS = 3_000.0
"""More than any processor or card takes: a counter that says so was set back, or lies."""
IDLE_PACKAGE_WATTS = 8.0
IDLE_CARD_WATTS = 20.0
"""What a processor and a card typically use when nobody computes, until that was seen here."""
_IDLE_SECONDS = 0.5
"""A shorter rest says nothing: counters move some ten times a second."""
_IDLES = 120
"""So many rests are looked back on."""


class EnergyMeter:
    """Adds up a counter of the machine from the moment it is made.

    Args:
        read: Returns joules since some moment; may start again at 0 after ``wraps_at`` joules.
        source: What is measured, in words.
        idle_watts: What is typically used when nobody computes.
        clock: Seconds since some moment.
    """

    def __init__(
        self,
        read: Callable[[], float],
        source: str,
        wraps_at: float = 0.0,
        idle_watts: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._source = source
        self._wraps_at = wraps_at
        self._clock = clock
        self._last, self._at = read(), clock()
        self._joules = 0.0
        self._failure = ""
        self.idle_watts = idle_watts

    def energy(self) -> Energy:
        """Return what was used until now; what was counted stays when the counter vanishes."""
        if self._failure:
            return Energy(self._joules, missing=self._failure)
        try:
            last, now = self._read(), self._clock()
        except (OSError, ValueError) as error:
            log.warning("the energy counter is gone: %s", error)
            self._failure = f"No longer measured: the counter cannot be read ({error})."
            return Energy(self._joules, missing=self._failure)
        passed = last - self._last
        if passed < 0 and self._wraps_at:
            passed += self._wraps_at
        if 0 <= passed <= MAX_WATTS * max(1.0, now - self._at):  # else it was set back
            self._joules += passed
        self._last, self._at = last, now
        return Energy(self._joules, self._source)


class Unmeasured:
    """Stands where nothing can be measured, and says why."""

    idle_watts = 0.0

    def __init__(self, why: str) -> None:
        self._energy = Energy(missing=why)

    def energy(self) -> Energy:
        """Return nothing, with the reason."""
        return self._energy


class AboveIdle:
    """What a meter's device uses beyond what it does when nobody computes.

    That is learned: the lower quartile of what it used in the last rests, so that a burst of
    another program does not count as rest. Until one was seen a typical value stands for it.
    """

    def __init__(self, meter: EnergyMeter | Unmeasured) -> None:
        self._meter = meter
        self._joules = 0.0
        self._rests: deque[float] = deque(maxlen=_IDLES)
        self.total = Energy()

    def since(self, seconds: float, at_rest: bool) -> tuple[float, float] | None:
        """Return the joules since the last time, ``seconds`` ago, and how far they may be off.

        None where they were not measured. At rest it learns, and nothing was used above it.
        """
        self.total = self._meter.energy()
        used, self._joules = self.total.joules - self._joules, self.total.joules
        if self.total.missing:
            return None
        if at_rest:
            if seconds >= _IDLE_SECONDS:
                self._rests.append(used / seconds)
            return 0.0, 0.0
        rests = sorted(self._rests)
        watts = rests[len(rests) // 4] if rests else self._meter.idle_watts
        above = max(0.0, used - watts * seconds)
        return above, 0.0 if rests else min(above, watts * seconds)


def card_id(torch_name: str) -> str:
    """Return the UUID of a card of NVIDIA's as its driver writes it; empty for other devices."""
    torch = sys.modules.get("torch")
    if torch is None or not torch_name.startswith("cuda") or torch.version.hip:
        return ""
    return f"GPU-{torch.cuda.get_device_properties(torch_name).uuid}"


def processor_meter(powercap: Path = POWERCAP) -> EnergyMeter | Unmeasured:
    """Return the meter of the processor."""
    if not sys.platform.startswith("linux"):
        return Unmeasured(
            "Not measured: this system does not let programs read the processor's energy counter."
        )
    packages = sorted(powercap.glob("intel-rapl:?"))  # AMD's processors are found there too
    if not packages:
        return Unmeasured("Not measured: this processor has no readable energy counter.")
    counters = [_rapl(package) for package in packages]
    try:
        return _Sum(
            [
                EnergyMeter(read, _PROCESSOR, wraps_at, IDLE_PACKAGE_WATTS)
                for read, wraps_at in counters
            ]
        )
    except PermissionError:
        return Unmeasured(
            "Not measured: only administrators may read the processor's energy counter."
        )
    except (OSError, ValueError) as error:
        return Unmeasured(f"Not measured: the processor's energy counter does not work ({error}).")


def _rapl(package: Path) -> tuple[Callable[[], float], float]:
    def read() -> float:
        return int((package / "energy_uj").read_text()) / 1e6

    try:
        wraps_at = int((package / "max_energy_range_uj").read_text()) / 1e6
    except (OSError, ValueError):
        wraps_at = 0.0
    return read, wraps_at


class _Sum(EnergyMeter):
    """The packages of a machine with several processors, each with a counter that wraps alone."""

    def __init__(self, meters: list[EnergyMeter]) -> None:
        self._meters = meters
        self.idle_watts = sum(meter.idle_watts for meter in meters)

    def energy(self) -> Energy:
        parts = [meter.energy() for meter in self._meters]
        missing = next((part.missing for part in parts if part.missing), "")
        joules = sum(part.joules for part in parts)
        return Energy(joules, "" if missing else parts[0].source, missing)


def card_meter(kind: str, uuid: str) -> EnergyMeter | Unmeasured:
    """Return the meter of a card.

    Args:
        kind: ``cuda``, …, as of ``devices.Device``.
        uuid: As its driver writes it.
    """
    if kind != "cuda":
        return Unmeasured("Not measured: this type of card has no readable energy counter.")
    name = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return Unmeasured("Not measured: the driver library NVML is missing.")
    try:
        return EnergyMeter(nvml_counter(library, uuid), _CARD, idle_watts=IDLE_CARD_WATTS)
    except (OSError, AttributeError) as error:
        return Unmeasured(f"Not measured: this graphics card has no energy counter ({error}).")


def nvml_counter(library: Any, uuid: str) -> Callable[[], float]:
    """Return the counter of a card, in joules since its driver was loaded.

    Raises:
        OSError: NVML refuses; with its number.
    """
    handle = ctypes.c_void_p()
    _ask(library.nvmlInit_v2())
    _ask(library.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle)))

    def read() -> float:
        millijoules = ctypes.c_ulonglong()
        _ask(library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules)))
        return millijoules.value / 1e3

    read()
    return read


def _ask(code: int) -> None:
    if code:
        raise OSError(f"NVML says {code}")
