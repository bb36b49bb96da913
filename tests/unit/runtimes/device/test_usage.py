"""Who uses the device now: rates between heartbeats."""

from __future__ import annotations

import pytest

from studio.protocol.messages import Status
from studio.protocol.trace import Energy, PluginUse
from studio.runtimes.device.usage import LOOK_BACK, DeviceUsage

METER = Energy(0.0, "a meter")


def beat(up: float, energy: Energy = METER, processor: float = 0.0, **busy: float) -> Status:
    plugins = tuple(PluginUse(seconds, seconds * 10, plugin=name) for name, seconds in busy.items())
    return Status(
        "cpu", "", 2, 0, 0,
        plugins=plugins, up_seconds=up, processor_seconds=processor, energy=energy,
    )  # fmt: skip


def test_shares_are_of_the_last_seconds_only() -> None:
    shares = DeviceUsage()
    shares.take(beat(0.0, chat=0.0))
    assert shares.busy("chat") == 0.0
    shares.take(beat(1.0, processor=1.5, chat=0.5, image=0.25))
    assert (shares.busy("chat"), shares.busy("image")) == (0.5, 0.25)
    assert shares.busy() == 0.75
    assert shares.processors == 1.5
    for second in range(2, 20):
        shares.take(beat(float(second), processor=1.5, chat=0.5, image=0.25))
    assert shares.busy() == 0.0, f"it was more than {LOOK_BACK} s ago"


def test_two_lanes_together_use_no_more_than_all_of_it() -> None:
    shares = DeviceUsage()
    shares.take(beat(0.0))
    shares.take(beat(1.0, chat=1.0, image=1.0))
    assert shares.busy() == 1.0


def test_a_new_runtime_counts_from_the_beginning() -> None:
    shares = DeviceUsage()
    shares.take(beat(100.0, chat=90.0))
    shares.take(beat(1.0, chat=0.5))
    assert shares.busy("chat") == 0.0
    shares.take(beat(2.0, chat=1.0))
    assert shares.busy("chat") == 0.5
    shares.take(None)
    assert shares.busy("chat") == 0.0


def test_power_is_told_only_where_it_is_measured() -> None:
    shares = DeviceUsage()
    shares.take(beat(0.0))
    shares.take(beat(2.0, Energy(30.0, "a meter"), chat=1.5))
    assert shares.watts == 15.0
    shares.take(beat(3.0, Energy(missing="Not measured any longer.")))
    assert shares.watts is None


def test_what_no_counter_saw_is_told_by_the_second() -> None:
    shares = DeviceUsage()
    for up, seconds in ((0.0, 0.0), (2.0, 3.0)):
        use = PluginUse(unmeasured=seconds, plugin="chat")
        shares.take(Status("cpu", "", 2, 0, 0, plugins=(use,), up_seconds=up))
    assert shares.unmeasured.unmeasured == pytest.approx(1.5)
