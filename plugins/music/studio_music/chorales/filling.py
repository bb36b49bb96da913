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
CONTEXT: Final = 64
"""Steps that are computed at once, and steps of context on either side of them."""

_GRIDS: Final = ((8, 0), (8, 4), (4, 2), (2, 1))
"""Period and first step of what is drawn in turn: half bars, beats, eighths, sixteenths."""

_REDRAWN: Final = 0.4
"""Share of a voice that is drawn again in a pass."""

_BLOCK: Final = 2 * STEPS
_MIN_SHARE: Final = 0.03
"""What is less likely than this share of the likeliest is not drawn."""

_ORDER: Final = (3, 0, 1, 2)
"""Voices in the order in which they are first drawn: the outer ones lead."""

Cells = NDArray[np.int64]
Chosen = NDArray[np.bool_]


class Filling:
    """Four voices while they are filled.

    Args:
        cells: (steps, voices); ``MASKED`` where something is wanted.
        places: (steps,) as ``vocabulary.PLACES`` counts.
        temperature: Below 1: the likely becomes likelier.
    """

    def __init__(
        self,
        network: ChoraleNetwork,
        cells: Cells,
        places: Cells,
        temperature: float,
        rng: torch.Generator,
    ) -> None:
        self.network, self.cells, self.places = network, cells, places
        self.endings = np.array(endings(len(cells)))
        self.temperature, self.rng = temperature, rng
        self.free = cells == MASKED
        self.step = np.arange(len(cells))

    def fill(self, passes: int) -> Iterator[float]:
        """Yield the share done while all gaps are filled and then drawn again ``passes`` times."""
        rounds = [(grid, voice) for grid in _GRIDS for voice in _ORDER]
        total = len(rounds) + passes * len(_ORDER)
        for number, ((period, first), voice) in enumerate(rounds):
            chosen = np.zeros_like(self.free)
            chosen[:, voice] = self.free[:, voice] & (self.step % period == first)
            yield from self._draw(chosen, number / total)
        for number in range(len(rounds), total):
            yield from self._redraw(_ORDER[number % len(_ORDER)], number / total)

    def _redraw(self, voice: int, done: float) -> Iterator[float]:
        """Forget parts of one voice and draw them again, the beats first."""
        if not self.free[:, voice].any():
            return
        blocks = self._uniform(len(self.cells) // _BLOCK + 2) < _REDRAWN
        offset = int(self._uniform(1)[0] * _BLOCK)
        redrawn = np.repeat(blocks, _BLOCK)[offset : offset + len(self.cells)]
        chosen = np.zeros_like(self.free)
        chosen[:, voice] = self.free[:, voice] & redrawn
        self.cells[chosen] = MASKED
        for period, first in _GRIDS:
            yield from self._draw(chosen & (self.step % period == first)[:, None], done)

    def _draw(self, chosen: Chosen, done: float) -> Iterator[float]:
        """Draw the chosen cells, each from what the network says of it now."""
        if not chosen.any():
            return
        before = self.cells.copy()
        for first in range(0, len(self.cells), WINDOW):
            steps, voices = np.nonzero(chosen[first : first + WINDOW])
            if len(steps):
                logits = self._logits(before, first)[steps, voices]
                self._take(steps + first, voices, logits)
                yield done

    @torch.inference_mode()
    def _logits(self, cells: Cells, first: int) -> NDArray[np.float64]:
        """Return logits (steps, voices, pitches) of the window that begins at ``first``."""
        low, high = max(first - CONTEXT, 0), min(first + WINDOW + CONTEXT, len(cells))
        device = self.network.out.weight.device
        inputs = [
            torch.from_numpy(array[low:high])[None].to(device)
            for array in (cells, self.places, self.endings)
        ]
        logits: NDArray[np.float64] = self.network(*inputs)[0].double().cpu().numpy()
        return logits[first - low : first - low + WINDOW]

    def _take(self, steps: Cells, voices: Cells, logits: NDArray[np.float64]) -> None:
        """Draw a value for each cell, of those that the voice can sing without crossing others."""
        chances = self._uniform(len(steps))
        for step, voice, row, chance in zip(steps, voices, logits, chances, strict=True):
            low, high = self._bounds(step, voice)
            scores = row[low : high + 1] / self.temperature
            weights = np.exp(scores - scores.max())
            weights[weights < _MIN_SHARE] = 0
            total = np.cumsum(weights)
            drawn = np.searchsorted(total, chance * total[-1], side="right")
            self.cells[step, voice] = low + int(drawn)

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
