"""Out of memory is a state: each allocation of a job may fail, and the job ends well or in words.

A pretended allocator fails where it is told to. After each end the books are even, nothing that
was allocated is alive but what loaded models hold, and the next job runs as ever.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.api import Rung
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Finished, JobChanged, Produced
from studio.protocol.states import JobState
from tests.runtime.desk import Desk, Toy, ToyLoader, ToyModel, small_machine

pytestmark = pytest.mark.torch

ERRORS = (
    lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    MemoryError,
    lambda: RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate"),
)


class Block:
    """A piece of memory of some size."""

    def __init__(self, size: int) -> None:
        self.size = size


class Allocator:
    """Counts allocations.

    Attributes:
        fails: Told the number of an allocation (1 is the first) and its size, whether it fails.
    """

    def __init__(self) -> None:
        self.count = 0
        self.alive: weakref.WeakSet[Block] = weakref.WeakSet()
        self.fails: Any = lambda number, size: False

    def take(self, size: int) -> Block:
        self.count += 1
        if self.fails(self.count, size):
            raise ERRORS[self.count % len(ERRORS)]()
        block = Block(size)
        self.alive.add(block)
        return block

    def start(self, fails: Any) -> None:
        self.count, self.fails = 0, fails


class Allocating(ToyLoader):
    """A loader whose models are three blocks."""

    def __init__(self, memory: Allocator) -> None:
        super().__init__()
        self.memory = memory

    def load(self, path: Path, device: str) -> Iterator[Any]:
        model = ToyModel(path.stem)
        model.blocks = []  # type: ignore[attr-defined]
        for part in range(3):
            model.blocks.append(self.memory.take(10))  # type: ignore[attr-defined]
            yield part / 3
        self.loads.append(path.stem)
        return model

    def unload(self, loaded: ToyModel) -> None:
        loaded.blocks.clear()  # type: ignore[attr-defined]
        super().unload(loaded)


class Studio:
    """A desk with an allocator, and the tasks that use it."""

    def __init__(self, desk: Desk, memory: Allocator) -> None:
        self.desk, self.memory = desk, memory
        desk.plugin("toy", {"draw": self.draw, "plain": self.plain, "idle": self.idle})
        for name in ("model", "idle"):
            desk.weights(name, 100)

    def draw(self, ctx: Any, params: Toy) -> Iterator[Any]:
        """A task with a ladder, as an image is enlarged in tiles."""
        rungs = [Rung(side, f"tiles of {side} pixels") for side in (64, 32, 16)]
        with ctx.lease(params.weights) as model:

            def body(side: int) -> Iterator[Any]:
                held = [self.memory.take(side)]
                yield ctx.progress(1, 3)
                held.append(self.memory.take(side))
                yield ctx.progress(2, 3)
                held.append(self.memory.take(side))
                return f"{model.name} in {side}"

            said = yield from ctx.ladder(rungs, body)
            yield ctx.artifact("text", said.encode(), suffix=".txt")
            yield ctx.result(said=said)

    def plain(self, ctx: Any, params: Toy) -> Iterator[Any]:
        """A task that knows no ladder."""
        with ctx.lease(params.weights) as model:
            first = self.memory.take(30)
            yield ctx.progress(1, 2)
            number = float(ctx.rng.numpy().random())
            second = self.memory.take(30)
            yield ctx.result(said=f"{model.name} {first.size + second.size}", number=number)

    def idle(self, ctx: Any, params: Toy) -> Iterator[Any]:
        with ctx.lease("idle"):
            yield None

    def run(self, task: str, fails: Any = lambda number, size: False) -> Finished:
        """Run a task, the failures being counted from its first allocation."""
        self.memory.start(lambda number, size: False)
        self.desk.run("toy.idle")
        self.memory.start(fails)
        return self.desk.run(f"toy.{task}", weights="model")

    def is_even(self) -> bool:
        """Whether nothing is held but what loaded models hold."""
        loaded = self.desk.server._pool.status()
        assert all(not each.users and not each.working for each in loaded)
        books = self.desk.server._pool._books
        assert not books.waiting
        gc.collect()
        return len(self.memory.alive) == 3 * len(loaded)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with pytest.MonkeyPatch.context() as patch:
        small_machine(patch)
        memory = Allocator()
        desk = Desk(tmp_path_factory.mktemp("memory"), Allocating(memory))
        yield Studio(desk, memory)
        desk.close()


@pytest.fixture(autouse=True)
def fresh(studio: Studio) -> None:
    """Let each test begin with the model not loaded, so that its load is part of the job."""
    studio.memory.start(lambda number, size: False)
    studio.desk.server._pool.unload("model")
    studio.desk.heard_all()


ALLOCATIONS = 6
"""Of the task ``draw``: three blocks of the model, three of the work."""


@pytest.mark.parametrize("number", range(1, ALLOCATIONS + 1))
def test_one_failure_at_any_allocation_is_overcome_by_dropping_the_idle(
    studio: Studio, number: int
) -> None:
    end = studio.run("draw", lambda count, size: count == number)
    assert end.state is JobState.DONE
    assert end.result == {"said": "model in 64"}, "nothing had to be reduced"
    assert [each.weights for each in studio.desk.server._pool.status()] == ["model"]
    assert studio.is_even()


@pytest.mark.parametrize("number", range(4, ALLOCATIONS + 1))
def test_what_does_not_fit_is_made_smaller_and_the_user_is_told(
    studio: Studio, number: int
) -> None:
    """From the given allocation on, nothing larger than a tile of 16 can be had."""
    end = studio.run("draw", lambda count, size: count >= number and size > 16)
    assert end.state is JobState.DONE
    assert end.result["said"] == "model in 16"
    assert end.result["reduced"] == ["tiles of 32 pixels", "tiles of 16 pixels"]
    told = [each.reason for each in studio.desk.of(end.job, JobChanged)]
    assert "memory ran out: continuing with tiles of 16 pixels" in told
    reduced = [each.why for each in studio.desk.pool_events("reduced") if each.job == end.job]
    assert reduced == end.result["reduced"]
    (produced,) = studio.desk.of(end.job, Produced)
    assert produced.meta["reduced"] == reduced, "whoever runs it again knows of it"
    assert studio.is_even()


@pytest.mark.parametrize("number", range(1, ALLOCATIONS + 1))
@pytest.mark.parametrize("task", ["draw", "plain"])
def test_no_memory_at_all_ends_in_a_sentence_that_asks(
    studio: Studio, task: str, number: int
) -> None:
    end = studio.run(task, lambda count, size: count >= number)
    if task == "plain" and number > 5:  # it makes but five
        assert end.state is JobState.DONE
        return
    assert end.state is JobState.FAILED
    assert end.error is not None
    assert end.error.code is ErrorCode.OUT_OF_MEMORY
    assert end.error.message.startswith("Memory ran out during")
    assert "lose other programs" in end.error.hint
    if task == "draw" and number > 3:
        assert "even with tiles of 32 pixels and tiles of 16 pixels" in end.error.message
    assert studio.is_even()
    assert studio.run(task).state is JobState.DONE, "the next one runs as ever"
    assert studio.is_even()


@pytest.mark.parametrize("number", [4, 5])
def test_a_task_without_a_ladder_starts_again_once_the_idle_are_gone(
    studio: Studio, number: int
) -> None:
    expected = studio.run("plain").result
    studio.desk.server._pool.unload("model")
    studio.desk.heard_all()
    end = studio.run("plain", lambda count, size: count == number)
    assert end.state is JobState.DONE
    assert end.result == expected, "with the same random numbers"
    assert studio.is_even()


def test_an_error_that_is_no_lack_of_memory_is_not_tried_again(studio: Studio) -> None:
    tries: list[int] = []

    def body(setting: int) -> Iterator[Any]:
        tries.append(setting)
        yield None
        raise ValueError("a bug")

    def task(ctx: Any, params: Toy) -> Iterator[Any]:
        yield from ctx.ladder([Rung(2), Rung(1, "less")], body)

    studio.desk.plugin("bug", {"task": task})
    error = studio.desk.run("bug.task").error
    assert error is not None
    assert error.code is ErrorCode.PLUGIN_FAILED
    assert tries == [2]


def test_a_lease_that_can_never_fit_steps_down_the_ladder(studio: Studio) -> None:
    def task(ctx: Any, params: Toy) -> Iterator[Any]:
        def body(working: int) -> Iterator[Any]:
            with ctx.lease("model", working):
                yield None
            return working

        rungs = [Rung(2000), Rung(500, "half the batch")]
        yield ctx.result(working=(yield from ctx.ladder(rungs, body)))

    studio.desk.plugin("wide", {"task": task})
    end = studio.desk.run("wide.task")
    assert end.result == {"working": 500, "reduced": ["half the batch"]}
    assert studio.is_even()
