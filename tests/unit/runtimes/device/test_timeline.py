"""The last hour as a timeline: rows that do not overlap, files of others, a trace to export."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import msgspec
import psutil
import pytest

from studio.protocol.device_status import LoadedWeights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Status
from studio.protocol.trace import FOLDER, Snapshot, Span
from studio.runtimes.device import timeline
from studio.runtimes.device.chrome_trace import write_chrome_trace

STATUS = Status("cpu", "A processor", 2, 100, 1000, (LoadedWeights("smollm2", 98, "cpu"),))
SPANS = (
    Span(10.0, 4.0, "steps", "chat.reply", lane="interactive", plugin="chat", busy=3.5, steps=70),
    Span(12.0, 1.0, "steps", "chat.reply", lane="interactive", plugin="chat"),
    Span(11.0, 9.0, "steps", "image.generate", lane="batch", plugin="image"),
    Span(14.0, 2.0, "waiting", "chat.reply", "waiting for 1.2 GB", lane="interactive"),
    Span(14.0, 3.0, "loading", "chat.reply", "loading smollm2", lane="interactive"),
    Span(13.0, 0.0, "evicted", "flux", "smollm2 needs 1.2 GB", bytes=9_000),
)


def leave(cache: Path, pid: int, *, at: float, started: float = 0.0) -> Path:
    """Write what a runtime leaves on disk."""
    spans = (Span(at - 10, 5.0, "steps", "a"), Span(at - 9_000, 5.0, "steps", "long ago"))
    snapshot = Snapshot(pid, started or at, at, msgspec.msgpack.encode(STATUS), spans)
    file = cache / FOLDER / f"{pid}.msgpack"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.msgpack.encode(snapshot))
    return file


def test_what_happened_at_once_is_in_rows_of_its_own() -> None:
    placed = timeline.place(SPANS)
    assert list(placed) == list(timeline.TRACKS)
    assert [(p.span.began, p.row) for p in placed["interactive"]] == [
        (10.0, 0),
        (12.0, 1),
        (14.0, 0),
    ]
    assert [p.span.what for p in placed["waiting"]] == ["waiting"]
    assert [p.span.name for p in placed["batch"]] == ["image.generate"]
    assert [p.span.name for p in placed["memory"]] == ["flux"]


def test_runtimes_of_the_last_hour_are_found_dead_or_alive(tmp_path: Path) -> None:
    now = time.time()
    started = psutil.Process().create_time()
    leave(tmp_path, os.getpid(), at=now, started=started + 1)
    leave(tmp_path, 2**22 + 1, at=now - 60)
    leave(tmp_path, 2**22 + 2, at=now - 2 * timeline.HOUR)
    seen = timeline.read(tmp_path)
    assert {each.pid: each.is_alive for each in seen} == {os.getpid(): True, 2**22 + 1: False}
    assert all(each.status == STATUS for each in seen)
    assert all([span.name for span in each.spans] == ["a"] for each in seen)
    assert "ended" in next(each.name for each in seen if not each.is_alive)


def test_a_process_that_only_has_the_same_number_is_not_the_runtime(tmp_path: Path) -> None:
    before = psutil.Process().create_time() - 100
    leave(tmp_path, os.getpid(), at=time.time(), started=before)
    assert [each.is_alive for each in timeline.read(tmp_path)] == [False]


@pytest.mark.parametrize(
    "content", [b"", b"\xc1\xff", b"\x95\x01\x02\x03\x04\x05", b"x" * 9_000_000]
)
def test_files_that_are_none_of_ours_are_left_out(tmp_path: Path, content: bytes) -> None:
    leave(tmp_path, 7, at=time.time()).write_bytes(content)
    assert timeline.read(tmp_path) == []
    assert timeline.read(tmp_path / "nowhere") == []


_COMMON = {"name", "cat", "ph", "pid", "tid", "ts", "args"}
FIELDS = {"M": {"name", "ph", "pid", "tid", "args"}, "X": _COMMON | {"dur"}, "i": _COMMON | {"s"},
          "C": _COMMON - {"cat"}}  # fmt: skip
"""Phase → what its events have: nothing is missing, and nothing that the format does not know."""

METADATA = {"process_name": {"name": str}, "thread_name": {"name": str},
            "thread_sort_index": {"sort_index": int}}  # fmt: skip
"""Kind of metadata → its arguments: others are passed over by who reads traces."""

TOUCHING = tuple(Span(20 + n / 3e6, 1 / 3e6, "steps", "brief", lane="batch") for n in range(9))
"""Shorter than the unit of a trace, end to end."""


MEASURED = (
    Span(10, 5, "measured", "", bytes=1_200_000_000, joules=100.0),
    Span(15, 5, "measured", "", bytes=300_000_000),
)


def test_the_trace_keeps_the_rules_of_its_format(tmp_path: Path) -> None:
    """Of the "Trace Event Format", as Perfetto reads it: events of a thread may only nest."""
    path = tmp_path / "trace.json"
    runtimes = [(7, "Runtime 7", SPANS + TOUCHING + MEASURED), (8, "Runtime 8", SPANS[:1])]
    assert write_chrome_trace(path, runtimes) == 16
    trace = json.loads(path.read_text("utf-8"))
    assert trace.keys() == {"traceEvents", "displayTimeUnit"}
    threads: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    curves: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    told: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for event in trace["traceEvents"]:
        assert event.keys() == FIELDS[event["ph"]]
        assert isinstance(event["name"], str)
        assert {type(event["pid"]), type(event["tid"])} == {int}
        if event["ph"] == "C":
            ((unit, value),) = event["args"].items()
            curves[event["name"], unit].append((event["ts"], value))
            continue
        if event["ph"] == "M":
            expected = METADATA[event["name"]]
            assert {key: type(value) for key, value in event["args"].items()} == expected
            told[event["name"]].add((event["pid"], event["tid"]))
            continue
        assert {type(event["ts"]), type(event.get("dur", 0))} == {int}
        assert event.get("s", "t") == "t"
        threads[event["pid"], event["tid"]].append((event["ts"], event.get("dur", 0)))
    assert set(threads) == told["thread_name"] == told["thread_sort_index"]
    assert {pid for pid, _ in told["process_name"]} == {7, 8}
    for events in threads.values():
        for (began, lasted), (next_began, _) in pairwise(sorted(events)):
            assert began + lasted <= next_began
    assert curves == {
        ("Memory in use", "MB"): [(15_000_000, 1200.0), (20_000_000, 300.0)],
        ("Power", "W"): [(10_000_000, 20.0), (15_000_000, 0.0)],
    }
    why = [event["args"].get("why") for event in trace["traceEvents"] if event["ph"] != "M"]
    assert "smollm2 needs 1.2 GB" in why


def test_a_trace_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    with pytest.raises(StudioError) as caught:
        write_chrome_trace(tmp_path / "nowhere" / "trace.json", [])
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert not list(tmp_path.iterdir())
