"""What the processes of plugins take: counted while they run, told with the heartbeat."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import psutil

from studio.plugin_process.process import PluginProcess
from studio.protocol.trace import ProcessUse
from studio.sandbox.inside.processes import descendants


@dataclass
class _Counts:
    sandbox: str = ""
    starts: int = 0
    start_seconds: float = 0.0
    crashes: int = 0
    memory_peak: int = 0
    connections: int = 0
    processor_before: float = 0.0
    """Of processes that have ended."""
    living: dict[int, tuple[int, float]] = field(default_factory=dict)
    """Process → bytes that it holds and processor seconds so far."""


class ProcessMeter:
    """The books by plugin; any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plugins: dict[str, _Counts] = {}

    def started(self, plugin: str, process: PluginProcess, seconds: float) -> None:
        """Note that a process is ready, and what that took."""
        with self._lock:
            counts = self._of(plugin)
            counts.starts += 1
            counts.start_seconds = seconds
            counts.sandbox = process.tier or "none"

    def crashed(self, plugin: str) -> None:
        """Note that a process ended that nobody had ended, or had to be ended for a fault."""
        with self._lock:
            self._of(plugin).crashes += 1

    def connected(self, plugin: str, times: int) -> None:
        """Note how often a job opened a socket of the network, or tried to."""
        with self._lock:
            self._of(plugin).connections += times

    def seen(self, plugin: str, process: PluginProcess, memory: int | None = None) -> None:
        """Note what a living process has spent, and the bytes it holds now, if that is known."""
        spent = _processor_seconds(process.pid)
        with self._lock:
            counts = self._of(plugin)
            counts.memory_peak = max(counts.memory_peak, memory or 0)
            held, before = counts.living.get(process.pid, (0, 0.0))
            held = held if memory is None else memory
            counts.living[process.pid] = (held, max(before, spent))

    def settle(self, living: set[int]) -> None:
        """Close the accounts of processes that are not among ``living``."""
        with self._lock:
            for counts in self._plugins.values():
                for gone in set(counts.living) - living:
                    counts.processor_before += counts.living.pop(gone)[1]

    def uses(self) -> tuple[ProcessUse, ...]:
        """Return the books."""
        with self._lock:
            return tuple(
                ProcessUse(
                    plugin,
                    counts.sandbox,
                    counts.starts,
                    counts.start_seconds,
                    counts.crashes,
                    sum(memory for memory, _ in counts.living.values()),
                    counts.memory_peak,
                    counts.processor_before + sum(each for _, each in counts.living.values()),
                    counts.connections,
                )
                for plugin, counts in sorted(self._plugins.items())
            )

    def _of(self, plugin: str) -> _Counts:
        return self._plugins.setdefault(plugin, _Counts())


def _processor_seconds(process: int) -> float:
    spent = 0.0
    for each in (process, *descendants(process)):
        try:
            times = psutil.Process(each).cpu_times()
        except psutil.Error:  # it has just ended
            continue
        spent += times.user + times.system
    return spent
