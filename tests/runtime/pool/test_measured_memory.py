"""What weights were seen to take counts for the next time, and outlives the runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from studio.api import Requirements
from studio.protocol.states import JobState
from studio.runtime.devices.device import Device
from studio.runtime.pool.measured_memory import MemoryMeasurements
from tests.runtime.desk import Card, Desk, Toy, ToyLoader

pytestmark = pytest.mark.torch

DEVICE = Device("cpu", "cpu", "Processor", 1)


def test_the_larger_of_what_is_expected_and_what_was_seen_counts(tmp_path: Path) -> None:
    measurements = MemoryMeasurements(tmp_path / "cache")
    expected = Requirements(100, 10)
    assert measurements.needs("ab", DEVICE, expected) == expected
    measurements.saw_weights("ab", DEVICE, 130)
    measurements.saw_work("ab", DEVICE, 10, 25)
    assert measurements.needs("ab", DEVICE, expected) == Requirements(130, 25)
    assert measurements.needs("ab", DEVICE, Requirements(100, 1000)) == Requirements(130, 1015)
    assert MemoryMeasurements(tmp_path / "cache").needs("ab", DEVICE, expected) == Requirements(
        130, 25
    )
    measurements.saw_weights("ab", DEVICE, 90)
    assert measurements.needs("ab", DEVICE, expected).weights_bytes == 100
    card = Device("cuda", "cuda:0", "Card", 1)
    assert measurements.needs("ab", card, expected) == expected, "another device is another story"


@pytest.mark.parametrize("rubbish", [b"", b"\xff", b"[]", b'{"a": 1}', b'{"a": ["x", 2]}'])
def test_a_damaged_memory_is_begun_anew(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "memory.json").write_bytes(rubbish)
    measurements = MemoryMeasurements(tmp_path)
    assert measurements.needs("ab", DEVICE, Requirements(1, 1)) == Requirements(1, 1)
    measurements.saw_weights("ab", DEVICE, 5)
    assert MemoryMeasurements(tmp_path).needs("ab", DEVICE, Requirements(1, 1)) == Requirements(
        5, 1
    )


@dataclass(frozen=True)
class Gauged(Card):
    """A card that says what is held: what the test puts into ``held_now`` and ``peak_now``."""

    gauge: dict[str, int] = field(default_factory=lambda: {"held": 0, "peak": 0})

    def held(self) -> int:
        return self.gauge["held"]

    def watch_peak(self) -> Callable[[], int | None]:
        return lambda: self.gauge["peak"]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Gauged:
    card = Gauged.put_in(monkeypatch)
    assert isinstance(card, Gauged)
    return card


@pytest.fixture
def desk(card: Gauged, tmp_path: Path) -> Iterator[Desk]:
    class Loader(ToyLoader):
        def load(self, path: Path, device: str) -> Iterator[Any]:
            card.gauge["held"] += 130
            return super().load(path, device)

        def unload(self, loaded: Any) -> None:
            card.gauge["held"] -= 130
            super().unload(loaded)

    def use(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease(params.weights, params.number):
            card.gauge["peak"] = card.gauge["held"] + 450
            yield None

    desk = Desk(tmp_path, Loader())
    desk.plugin("toy", {"use": use})
    yield desk
    desk.close()


def test_what_a_load_and_a_job_took_is_seen_told_and_kept_for_the_next(
    desk: Desk, card: Gauged
) -> None:
    desk.weights("model", 100)
    desk.weights("idle", 400)
    assert desk.run("toy.use", weights="model", number=400).state is JobState.DONE
    (loaded,) = desk.pool_events("loaded")
    assert (loaded.bytes, loaded.estimate) == (130, 100)
    (status,) = desk.status().loaded
    assert (status.bytes, status.measured) == (100, 130)
    assert desk.run("toy.use", weights="idle", number=1).state is JobState.DONE
    # By its own words the next job needs 500 bytes, and 500 of 900 are free; it needs 450 more.
    assert desk.run("toy.use", weights="model", number=400).state is JobState.DONE
    assert desk.loader.unloads == ["idle"]


def test_while_weights_are_still_moving_nothing_is_seen_of_a_job(
    desk: Desk, card: Gauged, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.weights("model", 100)
    needed = []
    for settled in (False, True):
        monkeypatch.setattr(ToyLoader, "is_settled", lambda *_, s=settled: s, raising=False)
        assert desk.run("toy.use", weights="model", number=400).state is JobState.DONE
        digest = desk.server._digests.known(path)
        found = desk.server._pool._measurements.needs(digest, card, Requirements(100, 400))
        needed.append(found.working_bytes)
    assert needed == [400, 450]


def test_what_was_seen_refuses_nobody(desk: Desk, card: Gauged) -> None:
    desk.weights("model", 100)
    assert desk.run("toy.use", weights="model", number=1).state is JobState.DONE
    assert desk.run("toy.use", weights="model", number=700).state is JobState.DONE
