"""Who has used the device since the runtime started, and how much. Measures; decides nothing."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import add
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import psutil

from studio.protocol.trace import Energy, PluginUse, Use
from studio.runtime.devices.energy import AboveIdle, EnergyMeter, Unmeasured
from studio.runtime.jobs.job import Job

_REST = 0.02
"""A smaller part of the time is only looking whether a wait is over: nobody computes."""
_NOT_YET = Unmeasured("Not measured yet: looking for devices.")


class ProcessorTime(NamedTuple):
    """Seconds of processor time, all threads together: of this process, and of all programs."""

    own: float
    everyone: float


@dataclass
class _Account:
    """Of one job."""

    job: Job
    seen: float = 0.0
    """Seconds of its steps that were shared out for."""
    use: Use = field(default_factory=Use)


class Usage:
    """The books. Jobs ask from the lanes' threads when they end, and the heartbeat all along."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        processor_time: Callable[[], ProcessorTime] | None = None,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._process = psutil.Process()
        self._processor_time = processor_time or self._read_processor_time
        self._processor = AboveIdle(_NOT_YET)
        self._card: AboveIdle | None = None
        self._accounts: dict[str, _Account] = {}
        self._plugins: defaultdict[str, Use] = defaultdict(Use)
        self._processes: dict[str, float] = {}
        self._started = self._settled_at = clock()
        self._settled_time = self._processor_time()

    def measure_with(
        self, processor: EnergyMeter | Unmeasured, card: EnergyMeter | Unmeasured | None = None
    ) -> None:
        """Say what measures the energy of the processor, and of the card that computes, if any."""
        with self._lock:
            self._processor = AboveIdle(processor)
            self._card = AboveIdle(card) if card else None

    @property
    def up_seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    def processor_seconds(self) -> float:
        """Return the processor time of this process, all threads together."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def settle(
        self,
        jobs: Iterable[tuple[Job, float]] = (),
        processes: Mapping[str, float] = MappingProxyType({}),
    ) -> tuple[Energy, tuple[PluginUse, ...]]:
        """Share out what was used since the last time; return the books.

        Args:
            jobs: Those that are not over, and the seconds of their steps, the one at hand included:
                a long step must not show as nothing, and then as more than all there is.
            processes: Plugin → processor seconds of its own processes so far.

        What a card used above its rest is divided by the seconds of steps with a model on it. Of
        what the processor used, jobs are charged the part that their processor time is of that of
        all programs. What is used while nobody makes steps is charged to nobody.
        """
        with self._lock:
            now, times = self._clock(), self._processor_time()
            passed, self._settled_at = now - self._settled_at, now
            before, self._settled_time = self._settled_time, times
            fresh = self._fresh(jobs)
            spent = self._spent(fresh, times.own - before.own, processes)
            all_spent = max(times.everyone - before.everyone, sum(spent.values()), 1e-9)
            on_card = {
                id: seconds if self._card and self._accounts[id].job.weights else 0.0
                for id, seconds in fresh.items()
            }
            at_rest = max(sum(fresh.values()), sum(spent.values())) < _REST * passed
            by_processor = self._processor.since(passed, at_rest)
            by_card = self._card.since(passed, at_rest) if self._card else None
            all_on_card = sum(on_card.values()) or 1.0
            for id, seconds in fresh.items():
                parts = [
                    (by_processor, spent[id] / all_spent),
                    (by_card, on_card[id] / all_on_card),
                ]
                self._charge(
                    self._accounts[id],
                    Use(
                        seconds,
                        sum(found[0] * share for found, share in parts if found),
                        sum(found[1] * share for found, share in parts if found),
                        on_card[id],
                        spent[id],
                        0.0 if by_processor else spent[id],
                        0.0 if by_card else on_card[id],
                    ),
                )
            return self._energy(), tuple(
                PluginUse(*msgspec.structs.astuple(use), plugin=plugin)
                for plugin, use in sorted(self._plugins.items())
            )

    def of(self, job: Job) -> Use:
        """Return what a job has used until it was last shared out."""
        with self._lock:
            account = self._accounts.get(job.id)
            return account.use if account else Use()

    def _fresh(self, jobs: Iterable[tuple[Job, float]]) -> dict[str, float]:
        """Return the seconds of steps since the last time, by job; forget those that are over."""
        accounts, self._accounts = self._accounts, {}
        fresh = {}
        for job, seconds in jobs:
            account = self._accounts[job.id] = accounts.get(job.id) or _Account(job)
            fresh[job.id] = max(0.0, seconds - account.seen)
            account.seen = max(account.seen, seconds)
        return fresh

    def _spent(
        self, fresh: Mapping[str, float], own: float, processes: Mapping[str, float]
    ) -> dict[str, float]:
        """Return the processor seconds since the last time, by job."""
        whole = sum(fresh.values())
        own = min(max(0.0, own), whole * (os.cpu_count() or 1))
        spent = {id: own * seconds / whole if whole else 0.0 for id, seconds in fresh.items()}
        for plugin, seconds in processes.items():
            theirs = [id for id in fresh if self._accounts[id].job.plugin == plugin]
            passed = max(0.0, seconds - self._processes.get(plugin, 0.0))
            self._processes[plugin] = seconds
            for id in theirs:
                spent[id] += passed / len(theirs)
        return spent

    def _charge(self, account: _Account, more: Use) -> None:
        account.use = _sum(account.use, more)
        plugin = account.job.plugin
        self._plugins[plugin] = _sum(self._plugins[plugin], more)

    def _energy(self) -> Energy:
        parts = [each.total for each in (self._card, self._processor) if each]
        sources = [part.source for part in parts if part.source]
        return Energy(
            sum(part.joules for part in parts),
            ", and ".join(sources),
            "" if sources else parts[0].missing,
        )

    def _read_processor_time(self) -> ProcessorTime:
        times = psutil.cpu_times()
        return ProcessorTime(self.processor_seconds(), times.user + times.system)


def _sum(one: Use, other: Use) -> Use:
    return Use(*map(add, msgspec.structs.astuple(one), msgspec.structs.astuple(other)))
