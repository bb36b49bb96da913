"""Jobs of every family in a real runtime with a pretended card, whose memory runs out in them.

Which places of a task fail well is shown beside each plugin; here, that the pool's books are even
after any failure, that the record says what was reduced, and that the next job runs as ever.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.api import Inputs
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Finished, Produced
from studio.protocol.states import JobState
from studio.runtime.devices import device as devices
from studio_image.restyle.features import Features
from studio_image.schema import Restyle
from studio_image.tasks.style_transfer import restyle
from studio_molecules.schema import Analogues, Improve
from studio_molecules.smiles import sampler
from studio_molecules.tasks.analogues import analogues
from studio_molecules.tasks.optimisation import improve
from studio_music.compose.chorales.masked_sampler import MaskedSampler
from studio_music.compose.tunes import composer
from studio_music.schema import Compose, Harmonise
from studio_music.tasks.composition import compose
from studio_music.tasks.harmonisation import harmonise
from tests.plugins.test_every_task import CASES, GOAL, _picture, _smiles, _tune
from tests.plugins.test_parking import _features
from tests.runtime.desk import Card, Desk, Toy, ToyLoader, ToyModel, small_machine

pytestmark = pytest.mark.torch

FAILURES = 6
"""So many of the first allocations of a job fail, one a job."""


class Memory:
    """Counts allocations; ``fails`` is told the number of each, 1 for the first."""

    def __init__(self) -> None:
        self.count = 0
        self.fails: Callable[[int], bool] = lambda number: False

    def start(self, fails: Callable[[int], bool]) -> None:
        self.count, self.fails = 0, fails

    def taken_by(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``function``, which now takes memory."""

        def taking(*given: Any, **more: Any) -> Any:
            self.count += 1
            if self.fails(self.count):
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return function(*given, **more)

        return taking


class EmptyCard(Card):
    """A card of which nobody else holds anything."""

    def memory(self) -> devices.Memory:
        return devices.Memory(0, self.total, self.total)


class Tiny(ToyLoader):
    """Loads untrained models by the name of the file."""

    models: dict[str, Callable[[], Any]] = {
        "features": _features,
        "smiles": _smiles,
        "tunes": CASES["music.compose"].model,
        "chorales": CASES["music.harmonise"].model,
    }

    def load(self, path: Path, device: str) -> Iterator[Any]:
        yield 0.5
        ToyModel.alive += 1
        return self.models[path.stem]()

    def unload(self, loaded: Any) -> None:
        ToyModel.alive -= 1


def _restyled(ctx: Any, params: Toy) -> Iterator[Any]:
    ctx.inputs = {"image": _picture()}
    wish = {"styles": ["waves"], "size": 96, "steps": 10, "seconds": 1e-6, "weights": "features"}
    yield from restyle(ctx, Restyle.parse(wish))


def _composed(ctx: Any, params: Toy) -> Iterator[Any]:
    wish = {"prompt": "1 bar in C, no backing", "audio": False, "weights": "tunes"}
    yield from compose(ctx, Compose.parse(wish))


def _harmonised(ctx: Any, params: Toy) -> Iterator[Any]:
    ctx.inputs = Inputs({"piece": _tune()})
    wish = {"passes": 1, "audio": False, "weights": "chorales"}
    yield from harmonise(ctx, Harmonise.parse(wish))


def _related(ctx: Any, params: Toy) -> Iterator[Any]:
    wish = {"lead": "CCO", "count": 2, "similarity": 0.1, "by_model": 1.0, "weights": "smiles"}
    yield from analogues(ctx, Analogues.parse(wish))


def _improved(ctx: Any, params: Toy) -> Iterator[Any]:
    wish = {"goal": GOAL, "budget": 10, "weights": "smiles"}
    yield from improve(ctx, Improve.parse(wish))


TASKS = {
    "restyle": (_restyled, "a picture of 72 pixels"),
    "compose": (_composed, "3 drafts at a time"),
    "harmonise": (_harmonised, "16 quarter notes at a time"),
    "analogues": (_related, "32 strings at a time"),
    "improve": (_improved, "50 strings at a time"),
}


@pytest.fixture(scope="module")
def memory() -> Iterator[Memory]:
    memory = Memory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Features, "_layer", memory.taken_by(Features._layer))
        patch.setattr(sampler, "_next", memory.taken_by(sampler._next))
        patch.setattr(composer, "step", memory.taken_by(composer.step))
        patch.setattr(MaskedSampler, "_logits", memory.taken_by(MaskedSampler._logits))
        yield memory


@pytest.fixture(scope="module")
def desk(memory: Memory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        small_machine(patch, total=10**9, free=10**9)
        EmptyCard.put_in(patch, total=10**9)
        desk = Desk(tmp_path_factory.mktemp("memory"), Tiny())
        for name in Tiny.models:
            desk.weights(name, 100)
        desk.plugin("family", {name: task for name, (task, _) in TASKS.items()})
        gc.collect()
        gc.freeze()  # each failure looks for garbage: not through all that was there before
        yield desk
        gc.unfreeze()
        desk.close()


@pytest.mark.parametrize("name", TASKS)
def test_after_any_failure_the_books_are_even_and_the_record_says_what_was_reduced(
    desk: Desk, memory: Memory, name: str
) -> None:
    _, words = TASKS[name]

    def run(fails: Callable[[int], bool]) -> Finished:
        memory.start(fails)
        end = desk.run(f"family.{name}")
        loaded = desk.server._pool.status()
        assert all(not each.users and not each.working for each in loaded)
        assert not desk.server._pool._books.waiting
        return end

    def payloads(end: Finished) -> list[bytes]:
        made = desk.of(end.job, Produced)
        return [bytes(desk.blobs[id(each)][each.blob]) for each in made]

    for model in Tiny.models:  # with none idle there is nothing to drop before work is reduced
        desk.server._pool.unload(model)
    before = run(lambda number: False)
    assert before.state is JobState.DONE
    assert "reduced" not in before.result
    for failing in range(1, min(memory.count, FAILURES) + 1):
        end = run(lambda number, failing=failing: number == failing)
        assert end.state is JobState.DONE
        assert end.result["reduced"] == [words]
        assert [each.meta["reduced"] for each in desk.of(end.job, Produced)] == [[words]]
        told = [each.why for each in desk.pool_events("reduced") if each.job == end.job]
        assert told == [words]
    end = run(lambda number: True)
    assert end.state is JobState.FAILED
    assert end.error is not None
    assert end.error.code is ErrorCode.OUT_OF_MEMORY
    assert f"even with {words}" in end.error.message
    assert payloads(run(lambda number: False)) == payloads(before)
