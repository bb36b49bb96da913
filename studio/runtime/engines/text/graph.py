"""The decode step with shapes and places that never change, so that a device can replay it.

A step of a small batch is many short kernels, and starting them one by one takes longer than they
do. A graph starts them all at once, but only with the very buffers that it was captured with. So
texts that are being written move into the buffers of a :class:`StepGraph` and stay while it fits.

What captures and replays is handed in: on CUDA :func:`cuda_capture`; a test on the processor runs
the function again, on the same buffers.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from studio.runtime.engines.text.attention import KeyValueCache, Look
from studio.runtime.engines.text.blocks import Reading

if TYPE_CHECKING:
    from studio.runtime.engines.text.llama import Llama, Passage

log = logging.getLogger(__name__)

Capture = Callable[[Callable[[], Tensor]], Callable[[], Tensor]]
"""Takes a function without arguments; returns what does the same to the same buffers again."""

MOST_TEXTS = 16
LEAST_ROOM = 256
MOST_GRAPHS = 4
"""Graphs that are kept, each with keys and values of its own."""


@dataclass
class _Member:
    """A text in a row of a graph.

    Attributes:
        cache: Its own.
        start: Tokens up to which the own cache is right.
    """

    cache: weakref.ref[KeyValueCache]
    start: int


class StepGraph:
    """One step of up to ``texts`` texts with up to ``room`` tokens each.

    Attributes:
        members: The texts by row; None for a row that is free.
    """

    def __init__(self, model: Llama, texts: int, room: int, capture: Capture) -> None:
        self.texts, self.room = texts, room
        self.members: list[_Member | None] = [None] * texts
        self._model = model
        config, device = model.config, model.device
        shape = (config.layers, texts, config.kv_heads, room, config.head_dim)
        self._keys = torch.zeros(shape, dtype=model.dtype, device=device)
        self._values = torch.zeros(shape, dtype=model.dtype, device=device)
        self._tokens = torch.zeros(texts, dtype=torch.int64, device=device)
        self._positions = torch.zeros(texts, dtype=torch.int64, device=device)
        self._rows = torch.arange(texts, device=device)
        self._places = torch.arange(room, device=device)
        self._turns = model.turns_up_to(room)
        self._replay = capture(self._step)

    def has(self, cache: KeyValueCache) -> bool:
        """Whether the text of ``cache`` is in a row."""
        return any(member and member.cache() is cache for member in self.members)

    @property
    def is_too_large(self) -> bool:
        """Whether so many texts have ended that half of the rows would do."""
        going = sum(member is not None and member.cache() is not None for member in self.members)
        return going <= self.texts // 2

    def take(self, caches: Sequence[KeyValueCache]) -> None:
        """Let the texts of ``caches`` move into the rows, which are free."""
        for row, cache in enumerate(caches):
            length = cache.length
            self._keys[:, row, :, :length] = cache.keys[:, :, :length]
            self._values[:, row, :, :length] = cache.values[:, :, :length]
            self.members[row] = _Member(weakref.ref(cache), length)

    def give_back(self) -> None:
        """Let all texts move out, back into their own caches."""
        for row, member in enumerate(self.members):
            cache = member.cache() if member else None
            if member is not None and cache is not None and cache.length > member.start:
                new = slice(member.start, cache.length)
                cache.keys[:, :, new] = self._keys[:, row, :, new]
                cache.values[:, :, new] = self._values[:, row, :, new]
        self.members = [None] * self.texts

    def read(self, passages: Sequence[Passage]) -> Tensor:
        """Read the next token of each; other rows repeat their last step, which changes nothing.

        Returns:
            float32, (passages, vocabulary).

        Raises:
            ValueError: A cache has no room.
        """
        rows = [self._row(passage.cache) for passage in passages]
        for row, passage in zip(rows, passages, strict=True):
            passage.cache.reserve(passage.cache.length + 1)
            member = self.members[row]
            assert member is not None
            member.start = min(member.start, passage.cache.length)
        where = torch.tensor(rows, device=self._rows.device)
        lengths = torch.tensor([p.cache.length for p in passages], device=where.device)
        self._tokens[where] = torch.cat([passage.tokens for passage in passages])
        self._positions[where] = lengths
        scores = self._replay()
        for passage in passages:
            passage.cache.length += 1
        return scores[where]  # a copy: the next step writes over the buffer

    def _row(self, cache: KeyValueCache) -> int:
        return next(
            row for row, member in enumerate(self.members) if member and member.cache() is cache
        )

    def _step(self) -> Tensor:
        """What is captured: nothing here may depend on anything but the buffers."""
        windows = {kind.window for kind in self._model.config.kinds}
        share = SimpleNamespace(
            rows=slice(0, self.texts),
            store=self._store,
            looks={window: self._look(window) for window in windows},
        )
        turns = {rope: table[self._positions] for rope, table in self._turns.items()}
        reading = Reading([share], turns)  # type: ignore[list-item]
        return self._model.score(self._model.through(self._tokens, reading))

    def _store(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        all_keys, all_values = self._keys[layer], self._values[layer]
        all_keys[self._rows, :, self._positions] = keys
        all_values[self._rows, :, self._positions] = values
        return all_keys, all_values

    def _look(self, window: int | None) -> Look:
        ahead = self._places - self._positions.unsqueeze(1)
        hidden = ahead > 0 if window is None else (ahead > 0) | (ahead <= -window)
        mask = torch.zeros(hidden.shape, dtype=self._keys.dtype, device=hidden.device)
        mask = mask.masked_fill_(hidden, float("-inf")).view(self.texts, 1, 1, self.room)
        return Look(slice(0, self.room), mask)


class StepGraphs:
    """The graphs of one model, made as they are needed; each thread has its own.

    A graph that cannot be captured is no failure: the step is then made without one.
    """

    def __init__(self, model: Llama, capture: Capture) -> None:
        self._model = weakref.ref(model)
        self._capture = capture
        self._of_thread = threading.local()
        self._is_off = False

    def read(self, passages: Sequence[Passage]) -> Tensor | None:
        """Read one token of each text; None if it must be read in the plain way.

        Raises:
            ValueError: A cache has no room.
        """
        caches = [passage.cache for passage in passages]
        plain = len(caches) > MOST_TEXTS or any(cache.is_long for cache in caches)
        if self._is_off or plain or any(len(passage.tokens) != 1 for passage in passages):
            self._leave(caches)
            return None
        graph = self._graph(caches)
        return graph.read(passages) if graph is not None else None

    def _leave(self, caches: Sequence[KeyValueCache]) -> None:
        current: StepGraph | None = getattr(self._of_thread, "current", None)
        if current is not None and any(current.has(cache) for cache in caches):
            current.give_back()

    def _graph(self, caches: Sequence[KeyValueCache]) -> StepGraph | None:
        """Return the graph that has the texts of ``caches``; they move if need be."""
        longest = max(cache.length for cache in caches) + 1
        current: StepGraph | None = getattr(self._of_thread, "current", None)
        fits = current and longest <= current.room and all(map(current.has, caches))
        if current and fits and not current.is_too_large:
            return current
        if current is not None:
            current.give_back()
        self._of_thread.current = graph = self._fitting(len(caches), longest)
        if graph is not None:
            graph.take(caches)
        return graph

    def _fitting(self, texts: int, room: int) -> StepGraph | None:
        size = (_power_of_two(texts), max(_power_of_two(room), LEAST_ROOM))
        known: dict[tuple[int, int], StepGraph] = self._of_thread.__dict__.setdefault("known", {})
        graph = known.pop(size, None)
        if graph is None:
            model = self._model()
            assert model is not None, "it is the one that asks"
            try:
                graph = StepGraph(model, *size, self._capture)
            except RuntimeError:
                log.exception("no graph can be captured here: steps are made one kernel at a time")
                self._is_off = True
                return None
        known[size] = graph  # the one used last stands last
        while len(known) > MOST_GRAPHS:
            known.pop(next(iter(known)))
        return graph


def cuda_capture(run: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Capture ``run`` as a CUDA graph in the current stream's order."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):  # libraries set themselves up at the first calls
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    # The other lane may use the device meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        scores = run()

    def replay() -> Tensor:
        graph.replay()
        return scores

    return replay


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
