"""What a task leaves behind in torch across a ``yield`` is kept for it and hidden from others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from studio.protocol.states import JobState, Lane
from studio.runtime.jobs import torch_state
from tests.runtime.desk import PATIENCE, Desk, Toy

pytestmark = pytest.mark.torch


def no_grad(torch: Any) -> Any:
    return torch.no_grad()


def inference(torch: Any) -> Any:
    return torch.inference_mode()


def autocast(torch: Any) -> Any:
    return torch.autocast("cpu", torch.bfloat16)


def meta_device(torch: Any) -> Any:
    return torch.device("meta")


def facts() -> dict[str, Any]:
    """What the thread's torch says of itself, asked and tried."""
    import torch

    product = torch.ones(2, 2) @ torch.ones(2, 2)
    weight = torch.ones(2, requires_grad=True) if product.device.type == "cpu" else None
    return {
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "product": product.dtype,
        "device": product.device.type,
        "follows": weight is not None and (weight * 2).requires_grad,
        "default": torch.get_default_dtype(),
    }


@pytest.mark.parametrize("context", [no_grad, inference, autocast, meta_device])
def test_a_context_held_across_a_yield_stays_with_its_job(
    desk: Desk, context: Callable[[Any], Any]
) -> None:
    import torch

    with context(torch):
        inside = facts()
    outside = facts()
    assert inside != outside  # the control: the context does change something
    seen: dict[str, list[dict[str, Any]]] = {"holder": [], "other": []}
    holds, looked = threading.Event(), threading.Event()

    def holder(ctx: Any, params: Toy) -> Iterator[Any]:
        with context(torch):
            seen["holder"].append(facts())
            holds.set()
            while not looked.is_set():
                yield None
            seen["holder"].append(facts())
        seen["holder"].append(facts())
        yield None

    def other(ctx: Any, params: Toy) -> Iterator[Any]:
        for _ in range(3):
            seen["other"].append(facts())
            yield None
        looked.set()

    desk.plugin("toy", {"holder": holder, "other": other})
    job = desk.submit("toy.holder")
    assert holds.wait(PATIENCE)
    desk.run("toy.other")
    assert desk.finished(job).state is JobState.DONE
    assert seen["other"] == [outside] * 3
    assert seen["holder"] == [inside, inside, outside]


def test_contexts_of_two_jobs_do_not_mix_and_nest(desk: Desk) -> None:
    import torch

    seen: dict[str, list[dict[str, Any]]] = {}
    done: set[str] = set()

    def holder(ctx: Any, params: Toy) -> Iterator[Any]:
        mine = inference if params.text == "A" else autocast
        seen[params.text] = []
        with mine(torch):
            while len(seen) < 2:
                yield None
            for _ in range(4):
                seen[params.text].append(facts())
                yield None
        done.add(params.text)
        while len(done) < 2:
            yield None
        seen[params.text].append(facts())

    desk.plugin("toy", {"holder": holder})
    jobs = [desk.submit("toy.holder", text=name) for name in "AB"]
    for job in jobs:
        assert desk.finished(job).state is JobState.DONE
    outside = facts()
    with inference(torch):
        inside_a = facts()
    with autocast(torch):
        inside_b = facts()
    assert seen["A"] == [inside_a] * 4 + [outside]
    assert seen["B"] == [inside_b] * 4 + [outside]


@pytest.mark.parametrize("ends", ["returns", "raises"])
def test_what_a_job_never_closes_does_not_outlive_it(desk: Desk, ends: str) -> None:
    import torch

    left: list[Any] = []
    seen: list[dict[str, Any]] = []

    def leaky(ctx: Any, params: Toy) -> Iterator[Any]:
        for mode in (torch.inference_mode(), torch.autocast("cpu", torch.bfloat16)):
            mode.__enter__()
            left.append(mode)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        yield None
        if ends == "raises":
            raise ValueError("no")

    def look(ctx: Any, params: Toy) -> Iterator[Any]:
        seen.append(facts())
        yield None

    desk.plugin("toy", {"leaky": leaky, "look": look})
    outside = facts()
    desk.run("toy.leaky")
    for _ in range(3):
        desk.run("toy.look")
    assert seen == [outside] * 3


def test_default_dtype_is_put_back_after_each_step(desk: Desk) -> None:
    import torch

    seen: list[Any] = []
    holds, looked = threading.Event(), threading.Event()

    def holder(ctx: Any, params: Toy) -> Iterator[Any]:
        torch.set_default_dtype(torch.float64)
        assert torch.ones(1).dtype is torch.float64
        holds.set()
        while not looked.is_set():
            yield None

    def other(ctx: Any, params: Toy) -> Iterator[Any]:
        seen.append(torch.ones(1).dtype)
        looked.set()
        yield None

    desk.plugin("toy", {"holder": holder, "other": other})
    job = desk.submit("toy.holder")
    assert holds.wait(PATIENCE)
    desk.run("toy.other")
    desk.finished(job)
    assert seen == [torch.float32]


def test_number_of_threads_is_the_schedulers(desk: Desk) -> None:
    import torch

    seen: list[int] = []
    desk.use_threads(3)

    def greedy(ctx: Any, params: Toy) -> Iterator[Any]:
        torch.set_num_threads(1)
        yield None
        seen.append(torch.get_num_threads())
        torch.set_num_threads(1)

    def other(ctx: Any, params: Toy) -> Iterator[Any]:
        seen.append(torch.get_num_threads())
        yield None

    desk.plugin("toy", {"greedy": greedy, "other": other})
    desk.run("toy.greedy")
    desk.run("toy.other")
    assert seen == [3, 3]


def test_a_jobs_randomness_depends_on_its_seed_alone(desk: Desk) -> None:
    import torch

    drawn: dict[tuple[str, int], list[float]] = {}

    def draw(ctx: Any, params: Toy) -> Iterator[Any]:
        mine = drawn.setdefault((params.text, ctx.rng.seed), [])
        for _ in range(3):
            mine.append(float(torch.rand(1, generator=ctx.rng.torch())))
            mine.append(float(ctx.rng.numpy().random()))
            yield None

    desk.plugin("toy", {"draw": draw})
    jobs = [
        desk.submit("toy.draw", text="one", seed=1),
        desk.submit("toy.draw", text="two", seed=2),
        desk.submit("toy.draw", text="three", seed=1),
    ]
    for job in jobs:
        desk.finished(job)
    assert drawn["one", 1] == drawn["three", 1]
    assert drawn["one", 1] != drawn["two", 2]
    assert len(set(drawn["one", 1])) == 6


class _Cuda:
    """Says it is there, and writes down which streams are made and used."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []
        self.used: list[Any] = []

    def is_initialized(self) -> bool:
        return True

    def Stream(self, device: str, priority: int) -> tuple[str, int]:
        self.made.append((device, priority))
        return self.made[-1]

    def set_stream(self, stream: Any) -> None:
        self.used.append(stream)


def test_streams_are_those_of_the_card_that_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = _Cuda()
    torch = SimpleNamespace(cuda=cuda, get_num_threads=lambda: 1)
    monkeypatch.setattr(torch_state, "_torch", torch)
    lane = torch_state.LaneTorch(Lane.INTERACTIVE)
    lane.begin_step(1)
    assert cuda.made == [], "the processor computes"
    for card in ("cuda:1", "cuda:0"):
        lane.use_card(card)
        lane.begin_step(1)
        lane.begin_step(1)
    assert cuda.made == [("cuda:1", -1), ("cuda:0", -1)]
    assert cuda.used == [("cuda:1", -1)] * 2 + [("cuda:0", -1)] * 2
