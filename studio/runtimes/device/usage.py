"""Who uses the device now, from the counters of the latest heartbeats. Reads no clock itself."""

from __future__ import annotations

from collections import deque

from studio.protocol.messages import Status
from studio.protocol.trace import Use

LOOK_BACK = 5.0
"""Seconds that are looked back on: long enough to be steady, short enough to be now."""


class DeviceUsage:
    """What changed between the oldest heartbeat that is looked back on and the newest."""

    def __init__(self) -> None:
        self._beats: deque[Status] = deque()

    def take(self, status: Status | None) -> None:
        """Take in a heartbeat; None while there is no runtime."""
        if status is None or (self._beats and status.up_seconds < self._beats[-1].up_seconds):
            self._beats.clear()  # another runtime counts from 0
        if status is None:
            return
        self._beats.append(status)
        while len(self._beats) > 2 and self._seconds > LOOK_BACK:
            self._beats.popleft()

    def busy(self, plugin: str = "") -> float:
        """Return the share of the time in which jobs of ``plugin`` (or any) made steps, 0 to 1."""
        if not plugin:
            names = {use.plugin for beat in self._beats for use in beat.plugins}
            return min(1.0, sum(map(self.busy, names)))
        return min(1.0, self._rate([_of(beat, plugin) for beat in self._beats]))

    @property
    def processors(self) -> float:
        """How many processors the runtime keeps busy."""
        return self._rate([beat.processor_seconds for beat in self._beats])

    @property
    def watts(self) -> float | None:
        """The device's power draw; None where it is not measured."""
        if len(self._beats) < 2 or any(beat.energy.missing for beat in self._beats):
            return None
        return self._rate([beat.energy.joules for beat in self._beats])

    @property
    def unmeasured(self) -> Use:
        """The unmeasured use in each second, from which the power is estimated."""
        uses = [beat.plugins for beat in self._beats]
        return Use(
            unmeasured=self._rate([sum(use.unmeasured for use in second) for second in uses]),
            unmeasured_accelerator=self._rate(
                [sum(use.unmeasured_accelerator for use in second) for second in uses]
            ),
        )

    @property
    def _seconds(self) -> float:
        return self._beats[-1].up_seconds - self._beats[0].up_seconds

    def _rate(self, counter: list[float]) -> float:
        if len(counter) < 2 or self._seconds <= 0:
            return 0.0
        return max(0.0, counter[-1] - counter[0]) / self._seconds


def _of(status: Status, plugin: str) -> float:
    """Return the busy seconds of a plugin."""
    return next((use.busy for use in status.plugins if use.plugin == plugin), 0.0)
