"""Fill the gaps of four voices: the beats first, then what lies between, then over it again.

Draws cells a few at a time, each given all that is known, so that voices agree.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from studio_music.compose.chorales.lines import VALUES, Rules, drawn
from studio_music.compose.chorales.network import ChoraleNetwork
from studio_music.compose.chorales.vocabulary import (
    LOWEST,
    MASKED,
    PITCHES,
    RANGES,
    REST,
    STEPS,
    VOICES,
    endings,
)
from studio_music.score.piece import Key

WINDOW: Final = 128
"""Steps that are computed at once, with half as many of context on either side of them."""

_HEATS: Final = (1.0, 1.0, 0.6)
"""Factors on the temperature for half bars, beats and eighths, which are drawn in this order:
between beats most is settled. The voices move in eighths at the quickest."""

_REDRAWN: Final = 0.4
"""Share of a voice that is drawn again in a pass."""

_BLOCK: Final = 2 * STEPS
_UNLIKELY: Final = -7.0
"""Nats below the likeliest of what is not drawn at all; the rules may want what is unlikely."""

_HELD: Final = 2
"""Steps of the shortest note that is drawn."""

_ORDER: Final = (3, 0, 1, 2)
"""Voices in the order in which they are first drawn: the outer ones lead."""

Cells = NDArray[np.int64]
Chosen = NDArray[np.bool_]


class MaskedSampler:
    """Four voices while they are filled.

    Args:
        cells: (steps, voices); ``MASKED`` where something is wanted.
        places: (steps,) as ``vocabulary.PLACES`` counts.
        temperature: Below 1: the likely becomes likelier.
        window: Steps that are computed at once; fewer take less memory and know less around them.
        leaning: (steps, voices, pitches and rest) nats by which a value is likelier than the
            network says; None for what it says alone.
    """

    def __init__(
        self,
        network: ChoraleNetwork,
        cells: Cells,
        places: Cells,
        temperature: float,
        rng: torch.Generator,
        window: int = WINDOW,
        leaning: NDArray[np.float64] | None = None,
        key: Key = Key(),  # noqa: B008
    ) -> None:
        self.leaning, self.rules = leaning, Rules(key)
        self.network, self.cells, self.places = network, cells, places
        self.endings = np.array(endings(len(cells)))
        self.temperature, self.rng, self.window = temperature, rng, window
        self.free = cells == MASKED
        self.level = _levels(self.free)

    def fill(self, passes: int) -> Iterator[float]:
        """Yield the share done while all gaps are filled and then drawn again ``passes`` times."""
        rounds = [(level, voice) for level in range(len(_HEATS)) for voice in _ORDER]
        total = len(rounds) + passes * len(_ORDER)
        for number, (level, voice) in enumerate(rounds):
            chosen = np.zeros_like(self.free)
            chosen[:, voice] = self.level[:, voice] == level
            yield from self._draw(chosen, _HEATS[level], number / total)
        for number in range(len(rounds), total):
            yield from self._redraw(_ORDER[number % len(_ORDER)], number / total)

    def _redraw(self, voice: int, done: float) -> Iterator[float]:
        """Forget parts of one voice and draw them again, the beats first."""
        if not self.free[:, voice].any():
            return
        blocks = self._uniform(len(self.cells) // _BLOCK + 2) < _REDRAWN
        offset = _HELD * int(self._uniform(1)[0] * (_BLOCK // _HELD))
        chosen = np.zeros_like(self.free)
        chosen[:, voice] = np.repeat(blocks, _BLOCK)[offset : offset + len(self.cells)]
        self.cells[chosen & self.free] = MASKED
        for level, heat in enumerate(_HEATS):
            yield from self._draw(chosen & (self.level == level), heat, done)

    def _draw(self, chosen: Chosen, heat: float, done: float) -> Iterator[float]:
        """Draw the chosen cells, a voice at a time, as lines from the network's current output."""
        for voice in _ORDER:
            if not chosen[:, voice].any():
                continue
            before = self.cells.copy()
            scores = np.full((len(self.cells), VALUES), -np.inf)
            for first in range(0, len(self.cells), self.window):
                steps = first + np.flatnonzero(chosen[first : first + self.window, voice])
                if len(steps):
                    logits = self._logits(before, first)[steps - first, voice]
                    scores[steps] = self._scored(steps, voice, logits / (self.temperature * heat))
                    yield done
            self._take(np.flatnonzero(chosen[:, voice]), voice, scores)

    @torch.inference_mode()
    def _logits(self, cells: Cells, first: int) -> NDArray[np.float64]:
        """Return logits (steps, voices, pitches) of the window that begins at ``first``."""
        around = self.window // 2
        low, high = max(first - around, 0), min(first + self.window + around, len(cells))
        device = self.network.out.weight.device
        inputs = [
            torch.from_numpy(array[low:high])[None].to(device)
            for array in (cells, self.places, self.endings)
        ]
        logits: NDArray[np.float64] = self.network(*inputs)[0].double().cpu().numpy()
        return logits[first - low : first - low + self.window]

    def _scored(self, steps: Cells, voice: int, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return nats of each value at each step; −inf for unlikely or unsingable ones."""
        if self.leaning is not None:
            rows = rows + self.leaning[steps, voice]
        scores = np.full_like(rows, -np.inf)
        for number, step in enumerate(steps):
            low, high = self._bounds(step, voice)
            row = rows[number, low : high + 1] - rows[number, low : high + 1].max()
            row = np.where(row < _UNLIKELY, -np.inf, row)
            cost = self.rules.chord(voice, self.cells[step])[low : high + 1]
            scores[number, low : high + 1] = row - cost
        return scores

    def _take(self, steps: Cells, voice: int, scores: NDArray[np.float64]) -> None:
        """Draw the cells of a voice at ``steps``, led by the notes around each run of them."""
        for run in self._runs(steps, voice):
            free = np.isin(run, steps)
            rows = scores[run]
            rows[~free] = -np.inf
            rows[~free, self.cells[run[~free], voice]] = 0.0
            costs = [self._cost(voice, a, b) for a, b in itertools.pairwise(run)]
            values = drawn(rows, costs, self._uniform(len(run)))
            for step, value in zip(run[free], values[free], strict=True):
                both = slice(step, step + _HELD - step % _HELD)
                self.cells[both, voice][self.free[both, voice]] = value

    def _runs(self, steps: Cells, voice: int) -> Iterator[Cells]:
        """Yield the steps in runs, each with the known notes that lie before, within and behind."""
        own = self.cells[:, voice]
        sung = own < REST
        sung[1:] &= (np.arange(1, len(own)) % _HELD == 0) | (own[1:] != own[:-1])
        sung[steps] = True
        line = np.flatnonzero(sung)
        wanted = np.isin(line, steps)
        near = wanted.copy()
        near[1:] |= wanted[:-1]
        near[:-1] |= wanted[1:]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], near.astype(np.int8), [0]])))
        for first, last in edges.reshape(-1, 2):
            yield line[first:last]

    def _cost(self, voice: int, before: int, now: int) -> NDArray[np.float64]:
        """Return the transition costs between two steps: the others move just before it."""
        last = self.cells[now - 1]
        open_ = last >= REST
        return self.rules.step(voice, np.where(open_, self.cells[before], last), self.cells[now])

    def _bounds(self, step: int, voice: int) -> tuple[int, int]:
        """Return the lowest and the highest cell value that fits between the neighbours."""
        low, high = (pitch - LOWEST for pitch in RANGES[VOICES[voice]])
        sung = self.cells[step]
        below = [int(v) for v in sung[voice + 1 :] if v < REST]
        above = [int(v) for v in sung[:voice] if v < REST]
        low = max([low, *below])
        high = min([high, *above, PITCHES - 1])
        return (low, high) if low <= high else (min(low, PITCHES - 1),) * 2

    def _uniform(self, count: int) -> NDArray[np.float64]:
        drawn = torch.rand(count, generator=self.rng, device=self.rng.device)
        return drawn.cpu().double().numpy()


def _levels(free: Chosen) -> Cells:
    """Return for each cell which of ``_HEATS`` it is drawn with; −1 where none is."""
    step = np.arange(len(free))
    by_place = np.select([step % 8 == 0, step % 4 == 0, step % _HELD == 0], [0, 1, 2], -1)
    after_rest = free & ~np.vstack([np.zeros_like(free[:1]), free[:-1]])
    return np.where(free, np.where(after_rest & (by_place < 0)[:, None], 2, by_place[:, None]), -1)
