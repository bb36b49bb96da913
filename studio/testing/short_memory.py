"""Memory that runs out wherever a job makes tensors, one place after another. For tests only."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from studio.runtime.devices.memory import ran_out
from studio.testing.guards import THOROUGH
from studio.testing.plugins import Made

Place = tuple[str, int]
"""Module and line of a plugin."""
DRAWN = 7
"""Places that are tried at the least, evenly over the run."""


class Allocations(TorchDispatchMode):
    """Sees each operation of torch inside its block, and fails some.

    Args:
        fails: Told the place and how often it was passed (1 is the first time), whether it fails.

    Attributes:
        places: Place → how often it was passed.
    """

    def __init__(self, fails: Callable[[Place, int], bool]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch says no types of it
        self.places: dict[Place, int] = {}
        self._fails = fails
        self._made: list[weakref.ref[torch.Tensor]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do ``func``, or fail."""
        place = _place()
        count = self.places[place] = self.places.get(place, 0) + 1
        if self._fails(place, count):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        result = func(*args, **kwargs or {})
        tensors = [tensor for tensor in tree_leaves(result) if isinstance(tensor, torch.Tensor)]
        self._made.extend(map(weakref.ref, tensors))
        return result

    def alive(self) -> int:
        """Return how many of the tensors that were made are still held."""
        gc.collect()
        return sum(reference() is not None for reference in self._made)


def run_short(run: Callable[[], Made], within: str = "") -> dict[Place, list[str]]:
    """Let memory run out once at some of the places where ``run`` makes tensors, :data:`DRAWN`.

    Where ``within`` is given, at those of modules whose names begin so. ``STUDIO_THOROUGH=1``
    takes every place.

    Each time the job must come to its end, or raise lack of memory, and hold nothing afterwards;
    an undisturbed one after all of that must make the same as before.

    Returns:
        Place → what was reduced; only those where the job came to its end.
    """
    before, seen = _run(run, lambda place, count: False)
    assert isinstance(before, Made)
    places = [at for at in seen.places if at[0].startswith(within)]
    places = places[:: 1 if THOROUGH else max(1, len(places) // DRAWN)]
    with _frozen():
        reduced = {at: steps for at in places if (steps := _failing_at(run, at)) is not None}
    after, _ = _run(run, lambda place, count: False)
    assert isinstance(after, Made)
    assert [artifact.payload for artifact in after.artifacts] == [
        artifact.payload for artifact in before.artifacts
    ]
    return reduced


def _failing_at(run: Callable[[], Made], at: Place) -> list[str] | None:
    """Return the reductions after running out of memory at a place; None if the job failed."""
    outcome, memory = _run(run, lambda place, count: place == at and count == 1)
    assert not memory.alive(), f"{memory.alive()} tensors are left after a failure at {at}"
    return outcome.result.get("reduced", []) if isinstance(outcome, Made) else None


def run_out(run: Callable[[], Made]) -> str:
    """Return the error message if no tensor can be allocated at all."""
    with _frozen():
        message, memory = _run(run, lambda place, count: True)
        assert isinstance(message, str), "it came to its end without memory"
        assert not memory.alive()
    return message


def _run(
    run: Callable[[], Made], fails: Callable[[Place, int], bool]
) -> tuple[Made | str, Allocations]:
    with Allocations(fails) as memory:
        try:
            return run(), memory
        except Exception as error:
            if not ran_out(error):
                raise
            return str(error), memory


@contextmanager
def _frozen() -> Iterator[None]:
    """Limit garbage collection to objects created inside the block."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _place() -> Place:
    """Return where in a plugin the operation was asked for."""
    frame = sys._getframe(2)
    while not _module(frame).startswith("studio_") and frame.f_back is not None:
        frame = frame.f_back
    return _module(frame), frame.f_lineno


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
