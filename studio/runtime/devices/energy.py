"""What the device has used, in joules, where the machine tells programs. Measures only."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.protocol.trace import Energy

log = logging.getLogger(__name__)

POWERCAP = Path("/sys/class/powercap")
_PROCESSOR = "the processor, all programs together (RAPL)"
_CARD = "the graphics card, all programs together (NVML)"


class EnergyMeter:
    """Adds up a counter of the machine from the moment it is made.

    Args:
        read: Returns joules since some moment; may start again at 0 after ``wraps_at`` joules.
        source: What is measured, in words.
    """

    def __init__(self, read: Callable[[], float], source: str, wraps_at: float = 0.0) -> None:
        self._read = read
        self._source = source
        self._wraps_at = wraps_at
        self._last = read()
        self._joules = 0.0
        self._failure = ""

    def energy(self) -> Energy:
        """Return what was used until now."""
        if self._failure:
            return Energy(missing=self._failure)
        try:
            now = self._read()
        except OSError as error:
            log.warning("the energy counter is gone: %s", error)
            self._failure = f"No longer measured: the counter cannot be read ({error})."
            return Energy(missing=self._failure)
        passed = now - self._last
        if passed < 0:
            passed = max(0.0, passed + self._wraps_at)
        self._joules += passed
        self._last = now
        return Energy(self._joules, self._source)


class Unmeasured:
    """Stands where nothing can be measured, and says why."""

    def __init__(self, why: str) -> None:
        self._energy = Energy(missing=why)

    def energy(self) -> Energy:
        """Return nothing, with the reason."""
        return self._energy


def card_id(torch_name: str) -> str:
    """Return the UUID of a card of NVIDIA's as its driver writes it; empty for other devices."""
    torch = sys.modules.get("torch")
    if torch is None or not torch_name.startswith("cuda") or torch.version.hip:
        return ""
    return f"GPU-{torch.cuda.get_device_properties(torch_name).uuid}"


def find_meter(kind: str, card: str = "", powercap: Path = POWERCAP) -> EnergyMeter | Unmeasured:
    """Return the meter of a device.

    Args:
        kind: ``cpu``, ``cuda``, …, as of ``devices.Device``.
        card: UUID of the graphics card, as its driver writes it.
    """
    if kind == "cuda":
        return _card_meter(card)
    if kind != "cpu":
        return Unmeasured("Not measured: this type of card has no readable energy counter.")
    return _processor_meter(powercap)


def _processor_meter(powercap: Path) -> EnergyMeter | Unmeasured:
    if not sys.platform.startswith("linux"):
        return Unmeasured(
            "Not measured: this system does not let programs read the processor's energy counter."
        )
    packages = sorted(powercap.glob("intel-rapl:?"))  # AMD's processors are found there too
    if not packages:
        return Unmeasured("Not measured: this processor has no readable energy counter.")
    meters = [_rapl(package) for package in packages]
    try:
        return _Sum([EnergyMeter(read, _PROCESSOR, wraps_at) for read, wraps_at in meters])
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

    def energy(self) -> Energy:
        parts = [meter.energy() for meter in self._meters]
        broken = next((part for part in parts if part.missing), None)
        return broken or Energy(sum(part.joules for part in parts), parts[0].source)


def _card_meter(uuid: str) -> EnergyMeter | Unmeasured:
    name = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return Unmeasured("Not measured: the driver library NVML is missing.")
    try:
        return EnergyMeter(nvml_counter(library, uuid), _CARD)
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
