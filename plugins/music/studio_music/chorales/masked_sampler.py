"""Fill the gaps of four voices: the beats first, then what lies between, then over it again.

Draws cells a few at a time, each given all that is known, so that voices agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from studio_music.chorales.network import ChoraleNetwork
from studio_music.chorales.vocabulary import (
    LOWEST,
    MASKED,
    PITCHES,
    RANGES,
    REST,
    STEPS,
    VOICES,
    endings,
)

WINDOW: Final = 128
"""Steps that are computed at once, with half as many of context on either side of them."""

_HEATS: Final = (1.0, 1.0, 0.6)
"""Factors on the temperature for half bars, beats and eighths, which are drawn in this order:
between beats most is settled. The voices move in eighths at the quickest."""

_REDRAWN: Final = 0.4
"""Share of a voice that is drawn again in a pass."""

_BLOCK: Final = 2 * STEPS
_MIN_SHARE: Final = 0.03
"""What is less likely than this share of the likeliest is not drawn."""

_HELD: Final = 2
"""Steps of the shortest note that is drawn."""

_PERFECT: Final = (0, 7)
_PARALLEL: Final = 3.0
"""How much less likely (in nats) a pitch is for each parallel fifth or octave that it makes."""

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
    ) -> None:
        self.leaning = leaning
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
        """Draw the chosen cells, each from what the network says of it now."""
        if not chosen.any():
            return
        before = self.cells.copy()
        for first in range(0, len(self.cells), self.window):
            steps, voices = np.nonzero(chosen[first : first + self.window])
            if len(steps):
                logits = self._logits(before, first)[steps, voices]
                self._take(steps + first, voices, logits / (self.temperature * heat))
                yield done

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

    def _take(self, steps: Cells, voices: Cells, scores: NDArray[np.float64]) -> None:
        """Draw a value for each cell, of those that the voice can sing without crossing others."""
        chances = self._uniform(len(steps))
        for step, voice, row, chance in zip(steps, voices, scores, chances, strict=True):
            low, high = self._bounds(step, voice)
            if self.leaning is not None:
                row = row + self.leaning[step, voice]
            row = row[low : high + 1] - _PARALLEL * self._parallels(step, voice)[low : high + 1]
            weights = np.exp(row - row.max())
            weights[weights < _MIN_SHARE] = 0
            total = np.cumsum(weights)
            drawn = np.searchsorted(total, chance * total[-1], side="right")
            both = slice(step, step + _HELD - step % _HELD)
            self.cells[both, voice][self.free[both, voice]] = low + int(drawn)

    def _parallels(self, step: int, voice: int) -> NDArray[np.float64]:
        """Return for each pitch how often it would move in fifths or octaves with another voice."""
        pitches = np.arange(PITCHES + 1)
        found = np.zeros(PITCHES + 1)
        for near in (step - STEPS, step - 1, step + 1, step + STEPS):
            if not 0 <= near < len(self.cells) or self.cells[near, voice] >= REST:
                continue
            intervals = self.cells[near] - self.cells[near, voice]
            moves = (self.cells[near] != self.cells[step]) & (self.cells[step] < REST)
            moves &= (self.cells[near] < REST) & np.isin(np.abs(intervals) % 12, _PERFECT)
            for other in np.flatnonzero(moves):
                found += (self.cells[step, other] - pitches - intervals[other]) % 12 == 0
        return found

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
