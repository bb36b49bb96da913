"""Joules from computing time, where no counter is: watts a core, by a table or as the user says.

The table is the makers' thermal design power divided by the cores, for the types of processors that
have the same within a factor of two; the range says so. A core that computes at full clock takes
that much beside what the machine uses when nobody computes.
"""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

from studio.core.energy.amount import Amount
from studio.core.settings import Settings
from studio.protocol.trace import Energy, Use

WATTS_A_CORE = "energy.watts_a_core"
"""Setting: watts of one busy core; 0 for the table."""


class Watts(NamedTuple):
    """What a busy core, or a busy card, takes: typically, at least, at most."""

    typical: float
    low: float
    high: float


_CORES = (
    (r"Apple M\d", Watts(4.0, 2.0, 7.0)),  # 20-40 W for 8-12 cores
    (r"EPYC|Xeon|Opteron", Watts(6.0, 3.0, 10.0)),  # 180-400 W for 32-96 cores
    (r"Neoverse|Graviton|Ampere|Altra|Cortex", Watts(2.5, 1.0, 4.0)),  # 250 W for 80-128 cores
    (r"\d{4,5}(U|P|Y|H|HS|HX|HK|G\d)\b|Core\(TM\) Ultra|Ryzen AI", Watts(4.0, 2.0, 8.0)),
    # ^ laptops: 15-45 W for 6-14 cores
    (r"Threadripper", Watts(7.0, 4.0, 12.0)),  # 280-350 W for 24-64 cores
    (r"Core\(TM\)|Ryzen|Core i\d", Watts(10.0, 5.0, 18.0)),  # desktops: 65-170 W for 6-16 cores
)
_ANY_CORE = Watts(6.0, 3.0, 12.0)
_CARD = Watts(150.0, 60.0, 350.0)
"""Any graphics card without a counter."""
_UNIT = Watts(15.0, 5.0, 40.0)
"""The graphics part of a processor."""


def watts_a_core(processor: str, setting: float = 0.0) -> Watts:
    """Return what a busy core of a processor takes.

    Args:
        processor: Its name, as the system writes it.
        setting: What the user says, in watts; 0 for nothing. It is believed within a quarter.
    """
    if setting > 0:
        return Watts(setting, setting * 0.75, setting * 1.25)
    found = next((watts for name, watts in _CORES if re.search(name, processor)), _ANY_CORE)
    return Watts(*(each * _cores_a_thread() for each in found))


def amount(use: Use, core: Watts, device: str = "cpu", energy: Energy | None = None) -> Amount:
    """Return what work took that used ``use``.

    Args:
        core: Of one busy core.
        device: Kind of the device that computes: ``cpu``, ``cuda``, …
        energy: What the runtime measures with.
    """
    card = _UNIT if device in ("mps", "xpu") else _CARD
    low, guess, high = (
        use.unmeasured * each + use.unmeasured_accelerator * other
        for each, other in ((core.low, card.low), core[:1] + card[:1], (core.high, card.high))
    )
    sources = []
    if use.joules and energy:
        sources.append(energy.source)
    if guess:
        sources.append(f"estimated from processor time at {core.typical:.2g} W per thread")
    return Amount(
        use.joules + guess,
        max(0.0, use.joules - use.spread) + low,
        use.joules + use.spread + high,
        guess,
        ", ".join(filter(None, sources)),
        use.busy,
        use.processor,
        use.accelerator,
    )


class Estimator:
    """Turns what the runtime counted into joules, as the settings say at that moment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def core(self) -> Watts:
        """What a busy core is taken to use."""
        setting = self._settings.get(WATTS_A_CORE, 0.0)
        return watts_a_core(processor_name(), setting)

    def __call__(self, use: Use, device: str = "cpu", energy: Energy | None = None) -> Amount:
        """Return what work took that used ``use``; see ``amount``."""
        return amount(use, self.core, device, energy)


@cache
def processor_name() -> str:
    """Return the name of this machine's processor, as the system writes it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@cache
def _cores_a_thread() -> float:
    """Return how much of a core a second of processor time is: half, where two threads share one.

    Both threads of a core count their time in full, and together they take what the core does.
    """
    threads = psutil.cpu_count() or os.cpu_count() or 1
    return min(1.0, (psutil.cpu_count(logical=False) or threads) / threads)
