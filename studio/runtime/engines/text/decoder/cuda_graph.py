"""The decode step with shapes and places that never change, so that a device can replay it.

A step of a small batch is many short kernels, and starting them one by one takes longer than they
do. A graph starts them all at once, but only with the very buffers that it was captured with. So
texts that are being written move into the buffers of a :class:`StepGraph` and stay while it fits.

What captures and replays is handed in: on CUDA :func:`cuda_capture`; a test on the processor runs
the function again, on the same buffers.
"""

from __future__ import annotations

import logging
import math
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from studio.runtime.devices.device import CAPTURING
from studio.runtime.devices.memory import give_back, is_out_of_memory
from studio.runtime.engines.text.decoder.attention import KeyValueCache, Look
from studio.runtime.engines.text.decoder.transformer_block import Reading
from studio.runtime.jobs.error_translation import release

if TYPE_CHECKING:
    from studio.runtime.engines.text.decoder.protocol import Passage
    from studio.runtime.engines.text.formats.config import LlamaConfig, RopeConfig

log = logging.getLogger(__name__)

Capture = Callable[[Callable[[], Tensor]], Callable[[], Tensor]]
"""Takes a function without arguments; returns one that repeats it on the same buffers."""

MOST_TEXTS = 16
LEAST_ROOM = 256
MOST_GRAPHS = 4
"""Graphs of a thread, each with keys and values of its own."""
COPIES = 3
"""Of a text's keys and values: its own, a graph's, and all the smaller graphs' that it outgrew."""
MOST_FAILURES = 3
WARM_UPS = 2
"""Steps before the one that is captured: libraries set themselves up at the first calls."""


class StepModel(Protocol):
    """A model whose steps are captured: ``llama.Llama``."""

    config: LlamaConfig

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        ...

    @property
    def dtype(self) -> torch.dtype:
        """The type of keys and values."""
        ...

    def turns_up_to(self, end: int) -> dict[RopeConfig, Tensor]:
        """Return the turns of the positions up to ``end``, complex64, by each rule."""
        ...

    def through(self, tokens: Tensor, reading: Reading) -> Tensor:
        """Return ``tokens`` after all layers, (tokens, hidden)."""
        ...

    def score(self, hidden: Tensor) -> Tensor:
        """Return the scores after rows of ``hidden``: float32, (rows, vocabulary)."""
        ...


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

    def __init__(self, model: StepModel, texts: int, room: int, capture: Capture) -> None:
        self.texts, self.room = texts, room
        self.members: list[_Member | None] = [None] * texts
        config, device = model.config, model.device
        shape = (config.layers, texts, config.kv_heads, room, config.head_dim)
        self._keys = torch.zeros(shape, dtype=model.dtype, device=device)
        self._values = torch.zeros(shape, dtype=model.dtype, device=device)
        # Tokens and their positions: here, and where the step takes them from.
        self._next = torch.zeros(2, texts, dtype=torch.int64)
        self._tokens_and_positions = self._next.to(device, copy=True)
        self._rows = torch.arange(texts, device=device)
        self._places = torch.arange(room, device=device)
        self._turns = model.turns_up_to(room)
        # No attribute keeps the model: they would keep each other until the next collection.
        self._replay = capture(partial(self._step, model))

    def has(self, cache: KeyValueCache) -> bool:
        """Whether the text of ``cache`` is in a row."""
        return cache.graph is self

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
            cache.graph = self

    def give_back(self) -> None:
        """Let all texts move out, back into their own caches."""
        for row, member in enumerate(self.members):
            cache = member.cache() if member else None
            if member is None or cache is None:
                continue
            new = slice(member.start, cache.length)
            if new.stop > new.start:
                cache.keys[:, :, new] = self._keys[:, row, :, new]
                cache.values[:, :, new] = self._values[:, row, :, new]
            cache.graph = None
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
            self._next[0, row] = passage.tokens[0]
            self._next[1, row] = passage.cache.length
        self._tokens_and_positions.copy_(self._next)
        scores = self._replay()
        for passage in passages:
            passage.cache.length += 1
        return torch.stack([scores[row] for row in rows])  # the next step writes over the buffer

    def _row(self, cache: KeyValueCache) -> int:
        return next(
            row for row, member in enumerate(self.members) if member and member.cache() is cache
        )

    def _step(self, model: StepModel) -> Tensor:
        """Compute the step that is captured: it may depend on nothing but the buffers."""
        tokens, positions = self._tokens_and_positions.unbind()
        windows = {kind.window for kind in model.config.kinds}
        share = SimpleNamespace(
            rows=slice(0, self.texts),
            store=partial(self._store, positions),
            looks={window: self._look(positions, window) for window in windows},
        )
        turns = {rope: table[positions] for rope, table in self._turns.items()}
        reading = Reading([share], turns)  # type: ignore[list-item]
        return model.score(model.through(tokens, reading))

    def _store(
        self, positions: Tensor, layer: int, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor]:
        all_keys, all_values = self._keys[layer], self._values[layer]
        all_keys[self._rows, :, positions] = keys
        all_values[self._rows, :, positions] = values
        return all_keys, all_values

    def _look(self, positions: Tensor, window: int | None) -> Look:
        ahead = self._places - positions.unsqueeze(1)
        hidden = ahead > 0 if window is None else (ahead > 0) | (ahead <= -window)
        mask = torch.zeros(hidden.shape, dtype=self._keys.dtype, device=hidden.device)
        mask = mask.masked_fill_(hidden, float("-inf")).view(self.texts, 1, 1, self.room)
        return Look(slice(0, self.room), mask)


class StepGraphs:
    """The graphs of one model, made as they are needed; each thread has its own.

    A graph that cannot be captured is no failure: the step is then made without one. Where there
    was no memory for one, none of its size is tried again; else, none at all after a few times.
    """

    def __init__(self, model: StepModel, capture: Capture) -> None:
        self._model = weakref.ref(model)
        self._capture = capture
        self._of_thread = threading.local()
        self._failures = 0
        self._too_large: float = float("inf")

    def read(self, passages: Sequence[Passage]) -> Tensor | None:
        """Read one token of each text; None if it must be read in the plain way.

        Raises:
            ValueError: A cache has no room.
        """
        caches = [passage.cache for passage in passages]
        is_step = all(len(passage.tokens) == 1 for passage in passages)
        fits = len(caches) <= MOST_TEXTS and not any(cache.is_long for cache in caches)
        if self._failures >= MOST_FAILURES or not is_step or not fits:
            for cache in caches:
                if cache.graph is not None:
                    cache.graph.give_back()
            return None
        graph = self._graph(caches)
        return graph.read(passages) if graph is not None else None

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
        graphs: dict[tuple[int, int], StepGraph] = self._of_thread.__dict__.setdefault("graphs", {})
        graph = graphs.pop(size, None)
        if graph is None:
            if math.prod(size) >= self._too_large:
                return None
            model = self._model()
            assert model is not None, "it is the one that asks"
            try:
                graph = StepGraph(model, *size, self._capture)
            except RuntimeError as error:  # that memory ran out is one, too
                self._remember(error, size)
                graphs.clear()
                return None
        graphs[size] = graph  # the one used last stands last
        while len(graphs) > MOST_GRAPHS:
            graphs.pop(next(iter(graphs)))
        return graph

    def _remember(self, error: RuntimeError, size: tuple[int, int]) -> None:
        if is_out_of_memory(error):
            log.warning("there is no memory for a graph of %d texts with %d tokens", *size)
            self._too_large = math.prod(size)
            release(error)
            give_back()
        else:
            log.warning("a step could not be captured", exc_info=error)
            self._failures += 1


def cuda_capture(device: torch.device, run: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Capture ``run`` as a graph of ``device``, which is replayed in the stream of who asks."""
    graph = torch.cuda.CUDAGraph()
    with CAPTURING, torch.cuda.device(device):
        stream, side = torch.cuda.current_stream(), torch.cuda.Stream()
        side.wait_stream(stream)
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                run()
        stream.wait_stream(side)
        with (
            torch.cuda.stream(stream),  # a capture that fails would leave us in its own
            # The other lane may use the device meanwhile, if it does not wait for all of it.
            torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"),
        ):
            scores = run()

    def replay() -> Tensor:
        graph.replay()
        return scores

    return replay


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
