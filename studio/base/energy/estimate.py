"""Joules from computing time, where no counter is: watts a core, by a table or as the user says.

The table is the makers' thermal design power divided by the cores: the median of the processors of
a sort, and the range of the eight in ten around it. A core that computes at full clock takes about
that much beside what the machine uses when nobody computes.
"""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from studio.base.energy.grid import grid_factor
from studio.base.settings import Settings
from studio.protocol.energy import Amount, Rates, Watts, amount
from studio.protocol.trace import Energy, Use

WATTS_A_CORE = "energy.watts_a_core"
"""Setting: watts of one busy core; 0 for the table."""


_CORES = (
    (r"Apple M\d|^arm$", Watts(5.6, 4.0, 7.8)),
    # ^ Mac mini, by Apple: at most 39 W less 6.8 W at rest for 8 cores (M1), 100 W less 7 W for 12
    # (M2 Pro); between them the geometric mean. The system says “arm” for it.
    (r"Neoverse|Graviton|Ampere|Altra|aarch64", Watts(2.2, 1.5, 3.4)),
    # ^ the eleven Ampere Altra of 2020: Q64-24 95 W, Q80-23 150 W, Q64-33 220 W (heise, June 2020)
    (r"EPYC|Opteron", Watts(8.1, 3.9, 15.0)),  # 201 of AMD
    (r"Xeon", Watts(8.3, 5.6, 17.8)),  # 679 of Intel since 2015
    (r"Threadripper", Watts(11.2, 4.4, 22.5)),  # 37 of AMD
    (r"\d{3,5}([UPYHVM]|HS|HX|HK|HQ|HE|HL|MQ|UE|UL|G\d)\b|Ryzen AI", Watts(5.6, 2.5, 11.2)),
    # ^ laptops: 148 Ryzen, and 181 of Intel since 2015
    (r"Core\(TM\)|Ryzen|Core i\d", Watts(10.8, 3.8, 16.2)),
    # ^ desktops: 193 Ryzen, and 261 Core since 2015
)
"""Counted in the specifications of AMD and of Intel ARK that CodeCarbon collects
(``hardware/cpu_dataset_builder``, 2025), but for Apple and Arm."""
_ANY_CORE = Watts(7.8, 3.2, 17.5)
"""All 1,832 of these: Ryzen, EPYC, and those of Intel since 2015."""


def watts_a_core(processor: str, setting: float = 0.0) -> Watts:
    """Return the power of a busy processor core.

    Args:
        processor: Its name, as the system writes it.
        setting: The user's value, in watts; 0 for none. Taken as accurate within a quarter.
    """
    if setting > 0:
        return Watts(setting, setting * 0.75, setting * 1.25)
    watts_found = next((watts for name, watts in _CORES if re.search(name, processor)), _ANY_CORE)
    return Watts(*(value * _cores_a_thread() for value in watts_found))


class Estimator:
    """Converts the runtime's counters into joules, by the settings at that moment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def core(self) -> Watts:
        """The assumed power of a busy core."""
        setting = self._settings.get(WATTS_A_CORE, 0.0)
        return watts_a_core(processor_name(), setting)

    @property
    def rates(self) -> Rates:
        """The rates for the runtime's own estimates for tasks."""
        return Rates(self.core, grid_factor(self._settings))

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
