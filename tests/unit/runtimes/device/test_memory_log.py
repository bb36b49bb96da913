"""The log of memory: remembered over restarts, bounded, and not harmed by a torn line."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.protocol.messages import PoolEvent
from studio.runtimes.device import memory_log
from studio.runtimes.device.memory_log import MemoryEntry, MemoryLog, in_words


def test_what_happened_is_remembered_by_the_next_studio(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "memory.jsonl"
    log, heard = MemoryLog(path), list[MemoryEntry]()
    end = log.on_entry(heard.append)
    event = PoolEvent("small", "evicted", 100, "Pictures needs 1.2 GB for big", 0.5, "job1")
    log.add(event)
    end()
    log.add(PoolEvent("big", "loaded", 1200))
    assert [entry.event for entry in heard] == [event]
    assert [entry.event for entry in MemoryLog(path).entries()] == [
        event,
        PoolEvent("big", "loaded", 1200),
    ]


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_log, "KEPT", 10)
    path = tmp_path / "memory.jsonl"
    log = MemoryLog(path)
    for number in range(100):
        log.add(PoolEvent(str(number), "loaded"))
    assert len(log.entries()) == 10
    assert len(path.read_bytes().splitlines()) <= 20
    assert [entry.event.weights for entry in MemoryLog(path).entries()] == [
        str(number) for number in range(90, 100)
    ]


def test_a_torn_line_costs_that_line_only(tmp_path: Path) -> None:
    path = tmp_path / "memory.jsonl"
    MemoryLog(path).add(PoolEvent("small", "loaded"))
    with path.open("ab") as file:
        file.write(b'{"at": 1, "ev\xff\n' + b"x" * 100_000 + b"\n")
    MemoryLog(path).add(PoolEvent("big", "loaded"))
    assert [entry.event.weights for entry in MemoryLog(path).entries()] == ["small", "big"]


def test_an_event_is_told_in_words_with_its_reason() -> None:
    evicted = PoolEvent("flux", "evicted", 9_000_000_000, "SmolLM2 needs 1.2 GB")
    assert in_words(evicted, "Flux") == (
        "Flux was unloaded to make room, 9.0 GB: SmolLM2 needs 1.2 GB"
    )
    loaded = PoolEvent("smollm2", "loaded", 98_000_000, "for a chat", 0.84)
    assert in_words(loaded) == "smollm2 was loaded in 0.8 s, 98.0 MB: for a chat"
    assert in_words(PoolEvent("x", "something new")) == "x: something new"
