"""Who has used the device since the runtime started, and how much. Measures; decides nothing."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import psutil

from studio.protocol.trace import Energy, PluginUse
from studio.runtime.devices.energy import EnergyMeter, Unmeasured
from studio.runtime.jobs.job import Job

_NOT_YET = Unmeasured("Not measured yet: looking for devices.")


class Usage:
    """The books. Steps come from the lanes' threads, questions from the heartbeat's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._process = psutil.Process()
        self._started = clock()
        self._meter: EnergyMeter | Unmeasured = _NOT_YET
        self._busy: defaultdict[str, float] = defaultdict(float)
        self._joules: defaultdict[str, float] = defaultdict(float)
        self._settled_busy: dict[str, float] = {}
        self._settled_at = self._started
        self._settled_joules = 0.0

    def measure_with(self, meter: EnergyMeter | Unmeasured) -> None:
        """Say what measures the energy of the device."""
        self._meter = meter

    def step(self, job: Job, began: float, ended: float) -> None:
        """Note a step."""
        with self._lock:
            self._busy[job.plugin] += ended - began

    @property
    def up_seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def processor_seconds(self) -> float:
        """Return the processor time of this process, all threads together."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def settle(
        self, at_hand: Iterable[tuple[Job, float]] = ()
    ) -> tuple[Energy, tuple[PluginUse, ...]]:
        """Share out what was used since the last time; return the books.

        Args:
            at_hand: Jobs and the seconds of their steps that are not over: a long step must not
                show as nothing, and then as more than all there is.

        A plugin whose jobs made steps for a third of the time is charged a third of the energy of
        that time. What the device used while nobody made steps is charged to nobody.
        """
        energy, now = self._meter.energy(), self._clock()
        with self._lock:
            used = energy.joules - self._settled_joules
            so_far = self._busy.copy()
            for job, seconds in at_hand:
                if seconds > 0:
                    so_far[job.plugin] += seconds
            fresh = {
                # A step may have ended since it was looked at: nothing runs backwards.
                plugin: max(0.0, busy - self._settled_busy.get(plugin, 0.0))
                for plugin, busy in so_far.items()
            }
            # Both lanes at work: together no more than all there is.
            whole = max(now - self._settled_at, sum(fresh.values()), 1e-9)
            for plugin, seconds in fresh.items():
                self._joules[plugin] += used * seconds / whole
            self._settled_joules, self._settled_at = energy.joules, now
            self._settled_busy = dict(so_far)
            return energy, tuple(
                PluginUse(plugin, busy, self._joules[plugin])
                for plugin, busy in sorted(so_far.items())
            )
