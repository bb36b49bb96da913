"""``studio device``: the device, who uses it, and its last hour as a file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from studio.base.energy.amount import Amount
from studio.base.energy.grid import GRID_FACTOR
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.cli.terminal.studio_session import StudioSession
from studio.library import Library
from studio.protocol.device_status import LoadedWeights
from studio.protocol.messages import Status
from studio.protocol.trace import FOLDER, Energy, PluginUse, Snapshot, Span
from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime
from tests.unit.cli.conftest import one_object

Command = Callable[..., Any]
STATUS = Status(
    "cpu",
    "A processor",
    2,
    700_000_000,
    24_000_000_000,
    (
        LoadedWeights("smollm2", 98_000_000, "cpu", ("job",), working=5_000_000, pinned=True),
        LoadedWeights("flux", 9_000_000_000, "cpu", (), 70.0, tier="memory"),
    ),
    step=9,
    plugins=(PluginUse(25.0, 50.0, plugin="echo"), PluginUse(1.0, plugin="gone")),
    up_seconds=100.0,
    processor_seconds=40.0,
    energy=Energy(500.0, "the processor"),
)


@pytest.fixture
def used(home: Path) -> None:
    """A runtime that is alive (its process is this one) has left what it does."""
    span = Span(time.time() - 5, 4.0, "steps", "echo.say", lane="batch", plugin="echo")
    started = psutil.Process().create_time() + 1
    encoded = msgspec.msgpack.encode(STATUS)
    folder = home / "cache" / FOLDER
    folder.mkdir(parents=True)
    snapshot = Snapshot(os.getpid(), started, time.time(), encoded, (span,))
    (folder / f"{os.getpid()}.msgpack").write_bytes(msgspec.msgpack.encode(snapshot))


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own runtime answers at once."""
    open_one = StudioSession.studio

    @contextmanager
    def with_scripted(self: StudioSession, *, read_only: bool = False) -> Iterator[Studio]:
        runtime = ScriptedRuntime("A processor")
        with open_one(self, read_only=read_only) as studio:
            studio.runtime._launch = runtime.launch
            yield studio

    monkeypatch.setattr(StudioSession, "studio", with_scripted)


def test_it_says_what_computes_and_who_uses_it(command: Command, used: None, device: None) -> None:
    code, out, _ = command("device")
    assert code == 0
    assert "A processor (cpu), 1 thread, 8.6 GB" in out
    assert "Energy: Not measured" in out
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "98.0 MB" in lines["smollm2"]
    assert "5.0 MB" in lines["smollm2"]
    assert "pinned" in lines["smollm2"]
    assert "memory" in lines["flux"]
    assert "idle 70 s" in lines["flux"]
    assert "25%" in lines["Echo"]
    assert "50 J" in lines["Echo"]
    assert "gone" in lines, "a plugin that was taken away meanwhile"


def test_it_says_so_when_nobody_uses_it(command: Command, device: None) -> None:
    assert "Not in use" in command("device")[1]


def test_the_same_as_json(command: Command, used: None, device: None) -> None:
    said = one_object(command("device", "--json")[1])
    assert said["device"]["name"] == "A processor"
    (runtime,) = said["runtimes"]
    assert runtime["alive"]
    assert [each["weights"] for each in runtime["loaded"]] == ["smollm2", "flux"]
    used = runtime["plugins"][0]
    assert (used["plugin"], used["busy"], used["joules"]) == ("echo", 25.0, 50.0)


def test_the_last_hour_is_saved_as_a_trace(command: Command, used: None, tmp_path: Path) -> None:
    path = tmp_path / "hour.json"
    code, out, _ = command("device", "trace", "--out", str(path))
    assert code == 0
    assert "1 events" in out
    names = [event["name"] for event in json.loads(path.read_text("utf-8"))["traceEvents"]]
    assert "echo.say" in names


def test_what_was_used_is_summed_for_the_terminal(command: Command, home: Path) -> None:
    assert "Nothing was made" in command("device", "energy")[1]
    with Library.open(StudioPaths.default()) as library:
        record = library.add_record("echo.say", {}, plugin="echo")
        library.records.complete(record.id, energy=Amount(40.0, 20.0, 80.0, 40.0, busy=3.0))
    Settings(StudioPaths.default().settings).set(GRID_FACTOR, 400.0)
    out = command("device", "energy", "--days", "1")[1]
    assert "about 40 J (20–80), estimated" in out
    assert "4.4 mg CO₂" in out
    found = one_object(command("device", "energy", "--json")[1])
    assert found["plugins"]["echo"]["joules"] == 40.0
    assert list(found["days"].values()) == [found["plugins"]["echo"]]


def test_an_hour_in_which_nothing_happened_is_said(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "hour.json"
    assert "Nothing ran" in command("device", "trace", "--out", str(path))[1]
    assert json.loads(path.read_text("utf-8"))["traceEvents"] == []
