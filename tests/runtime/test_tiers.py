"""A card with less memory than models want: they wait beside it, or lie in two parts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import Placement, Requirements
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Inspect, Inspected, Unload
from studio.protocol.states import JobState
from tests.runtime.desk import PATIENCE, Card, Desk, Toy, ToyLoader, ToyModel, small_machine

pytestmark = pytest.mark.torch


class Parking(ToyLoader):
    """A loader whose models can leave the card; each layer of them takes 100 bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.moves: list[str] = []
        self.placed: list[Placement] = []

    def park(self, loaded: ToyModel) -> None:
        self.moves.append(f"park {loaded.name}")

    def unpark(self, loaded: ToyModel, device: str) -> None:
        self.moves.append(f"unpark {loaded.name}")

    def place(self, path: Path, budget: int) -> Placement | None:
        layers = self.measure(path).weights_bytes // 100
        here = budget // 100
        return Placement(here, layers, here * 100, (layers - here) * 100) if here else None

    def load_placed(self, path: Path, device: str, placement: Placement) -> Iterator[Any]:
        self.placed.append(placement)
        return self.load(path, device)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine of 1,000 bytes with a card of 1,000."""
    small_machine(monkeypatch)
    Card.put_in(monkeypatch)
    return monkeypatch


@pytest.fixture
def loader() -> Parking:
    return Parking()


@pytest.fixture
def desk(host: object, loader: Parking, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, loader)
    desk.plugin("toy", {"use": use})
    yield desk
    desk.close()


def use(ctx: Any, params: Toy) -> Iterator[Any]:
    with ctx.lease(params.weights) as model:
        yield ctx.result(name=model.name)


def tiers(desk: Desk) -> dict[str, str]:
    return {each.weights: each.tier for each in desk.status().loaded}


def run(desk: Desk, *names: str) -> None:
    for name in names:
        assert desk.run("toy.use", weights=name).result["name"] == name


def test_what_weights_take_is_told_for_the_device_that_computes(
    desk: Desk, loader: Parking, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def measure(path: Path, device: str = "") -> Requirements:
        asked.append(device)
        return Requirements(100, 0)

    monkeypatch.setattr(loader, "measure", measure)
    monkeypatch.setattr(desk.server, "_device", Card("fake", "cuda:1", "Toy card", 1))
    desk.send(Inspect("a", str(desk.weights("one", 100))))
    desk.wait(lambda each: isinstance(each, Inspected))
    assert asked == ["cuda:1"]


def test_how_weights_would_be_divided_is_told_before_they_load(
    desk: Desk, host: pytest.MonkeyPatch
) -> None:
    small_machine(host, total=3000)
    told = {}
    for name, size in (("whole", 500), ("split", 1500), ("never", 9000)):
        desk.send(Inspect(name, str(desk.weights(name, size))))
        answer = desk.wait(lambda each, n=name: isinstance(each, Inspected) and each.request == n)
        told[name] = (answer.facts.get("layers_here"), answer.facts.get("layers"))
    assert told == {"whole": (None, None), "split": (9, 15), "never": (None, None)}


def test_models_that_lose_their_place_wait_in_the_processors_memory(
    desk: Desk, loader: Parking, host: pytest.MonkeyPatch
) -> None:
    small_machine(host, total=2000)
    for name in ("one", "two"):
        desk.weights(name, 500)
    run(desk, "one", "two", "one")
    assert loader.loads == ["one", "two"], "nothing was read twice"
    assert loader.moves == ["park one", "park two", "unpark one"]
    assert tiers(desk) == {"one": "device", "two": "memory"}
    assert [each.why for each in desk.pool_events("parked")] == [
        "toy needs 500 bytes for two",
        "toy needs 500 bytes for one",
    ]


def test_without_room_beside_the_card_the_oldest_parked_one_goes(
    desk: Desk, loader: Parking
) -> None:
    for name in ("one", "two", "three", "four"):
        desk.weights(name, 400 if name != "four" else 800)
    run(desk, "one", "two", "three", "four")
    # The machine has room for 900 bytes: three of four hundred do not fit.
    assert loader.moves == ["park one", "park two", "park three"]
    assert loader.unloads == ["one"]
    assert tiers(desk) == {"two": "memory", "three": "memory", "four": "device"}


def test_a_parked_model_that_is_asked_for_does_not_lose_its_place_to_the_one_it_replaces(
    desk: Desk, loader: Parking
) -> None:
    for name in ("one", "two"):
        desk.weights(name, 500)
    run(desk, "one", "two", "one")  # beside the card there is no room for both
    assert loader.moves == ["park one", "unpark one"]
    assert loader.unloads == ["two"]
    assert tiers(desk) == {"one": "device"}


def test_a_machine_that_is_full_itself_parks_nothing(
    desk: Desk, loader: Parking, host: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        desk.weights(name, 500)
    run(desk, "one")
    small_machine(host, free=100)
    run(desk, "two")
    assert loader.moves == []
    assert loader.unloads == ["one"]


def test_a_parked_model_can_be_unloaded(desk: Desk, loader: Parking) -> None:
    for name in ("one", "two"):
        desk.weights(name, 500)
    run(desk, "one", "two")
    desk.send(Unload("one"))
    desk.wait(lambda each: loader.unloads == ["one"])
    assert tiers(desk) == {"two": "device"}


def test_a_parking_that_fails_drops_the_model(
    desk: Desk, loader: Parking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def park(loaded: ToyModel) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(loader, "park", park)
    for name in ("one", "two"):
        desk.weights(name, 500)
    run(desk, "one", "two")
    assert loader.unloads == ["one"]
    assert tiers(desk) == {"two": "device"}


def test_a_model_larger_than_the_card_lies_in_two_parts_and_the_record_says_so(
    desk: Desk, loader: Parking
) -> None:
    loader.working = 150
    desk.weights("large", 1200)
    end = desk.run("toy.use", weights="large")
    assert end.state is JobState.DONE
    assert loader.placed == [Placement(7, 12, 700, 500)]
    assert end.result["reduced"] == ["7 of 12 layers on Toy card"]
    assert tiers(desk) == {"large": "split"}


def test_a_model_larger_than_card_and_machine_together_is_refused(
    desk: Desk, loader: Parking
) -> None:
    desk.weights("giant", 2000)
    error = desk.run("toy.use", weights="giant").error
    assert error is not None
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert error.message.startswith("giant needs 2 kB, but only 900 bytes")
    assert loader.loads == []


def test_a_card_that_is_fuller_than_it_said_gets_fewer_layers(
    desk: Desk, loader: Parking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program took memory: the load fails, the idle go, then layers stay outside."""
    import torch

    def load(path: Path, device: str) -> Iterator[Any]:
        yield 0.5
        if not loader.placed or loader.placed[-1].layers > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return ToyModel(path.stem)

    desk.weights("idle", 100)
    desk.weights("model", 800)
    run(desk, "idle")
    monkeypatch.setattr(loader, "load", load)
    end = desk.run("toy.use", weights="model")
    assert end.state is JobState.DONE
    assert loader.moves == ["park idle"]
    assert [each.layers for each in loader.placed] == [4, 2]
    assert end.result["reduced"] == ["2 of 8 layers on Toy card"]


def test_waiting_for_a_card_ends_when_its_user_does(desk: Desk, loader: Parking) -> None:
    holds, go = threading.Event(), threading.Event()

    def hold(ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease(params.weights):
            holds.set()
            while not go.is_set():
                yield None

    desk.plugin("other", {"hold": hold})
    for name in ("one", "two"):
        desk.weights(name, 500)
    first = desk.submit("other.hold", weights="one")
    assert holds.wait(PATIENCE)
    second = desk.submit("toy.use", weights="two")
    desk.state(second, JobState.WAITING, "other is using it")
    go.set()
    assert desk.finished(first).state is JobState.DONE
    assert desk.finished(second).state is JobState.DONE
    assert loader.moves == ["park one"]
