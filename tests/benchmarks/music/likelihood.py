"""How surprised the chorale network is by a piece, in nats a cell (one voice, one sixteenth).

Two ways to spell a piece out, in the tokens of the papers: every voice at every sixteenth is one
token, and a held note is a repeated pitch. Places in the bar are not told, only in the quarter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from studio_music.compose.chorales.causal_network import CausalNetwork, nats
from studio_music.compose.chorales.network import ChoraleNetwork
from studio_music.compose.chorales.vocabulary import LOWEST, MASKED, PHASES, REST, VOICES, endings

PAST: Final = 128
"""Steps of the past that are shown where a piece is spelled out from start to end."""

_FUTURE: Final = 16
"""Hidden steps after the asked one; how long the piece will be is not told."""

_BATCH: Final = 32


def cells_of(grid: NDArray[np.int64]) -> Tensor:
    """Return MIDI pitches as cells of the network."""
    return torch.from_numpy(np.where(grid < 0, REST, grid - LOWEST))


@torch.inference_mode()
def any_order(
    network: ChoraleNetwork, grid: NDArray[np.int64], draws: int, rng: np.random.Generator
) -> float:
    """Return nats a cell, the mean over all orders of cells: an orderless NADE's likelihood.

    Unbiased: how many cells are known and which is drawn uniformly, and all that are hidden count.
    """
    cells = cells_of(grid)
    steps, count = len(cells), cells.numel()
    places, left = torch.arange(steps) % PHASES, torch.tensor(endings(steps))
    found = []
    for _ in range(draws):
        known = int(rng.integers(0, count))
        hidden = np.ones(count, bool)
        hidden[rng.permutation(count)[:known]] = False
        mask = torch.from_numpy(hidden.reshape(steps, len(VOICES)))
        logits = network(cells.masked_fill(mask, MASKED)[None], places[None], left[None])[0]
        found.append(float(F.cross_entropy(logits[mask], cells[mask])))
    return float(np.mean(found))


@torch.inference_mode()
def start_to_end(
    network: ChoraleNetwork, grid: NDArray[np.int64], every: int, first: int
) -> tuple[float, int]:
    """Return the sum of nats and the number of cells, each given the past and the voices above it.

    Only every so many-th step is asked, from ``first`` on: a sample of the steps, all four voices
    of each. The future is hidden; ``PAST`` steps of the past are shown.
    """
    cells = cells_of(grid)
    total, count = 0.0, 0
    questions = [(s, v) for s in range(first, len(cells), every) for v in range(len(VOICES))]
    for begin in range(0, len(questions), _BATCH):
        total += _asked(network, cells, questions[begin : begin + _BATCH])
        count += len(questions[begin : begin + _BATCH])
    return total, count


@torch.inference_mode()
def causal(network: CausalNetwork, grid: NDArray[np.int64], *, told: bool) -> tuple[float, int]:
    """Return the sum of nats of all cells from start to end and their number; see ``nats``."""
    cells = cells_of(grid)[None]
    steps = cells.shape[1]
    places, left = torch.arange(steps)[None] % PHASES, torch.tensor(endings(steps))[None]
    found = nats(network, cells, places, left, told=told)
    voices = slice(1, None) if told else slice(None)  # a soprano that is told surprises nobody
    return float(found[..., voices].sum()), found[..., voices].numel()


def _asked(network: ChoraleNetwork, cells: Tensor, questions: list[tuple[int, int]]) -> float:
    """Return the sum of nats of some cells; windows of one length, so that they fit in a batch."""
    windows = torch.full((len(questions), PAST + _FUTURE, len(VOICES)), MASKED)
    places = torch.empty(windows.shape[:2], dtype=torch.long)
    at = []
    for row, (step, voice) in enumerate(questions):
        low = max(step - PAST, 0)
        windows[row, : step - low + 1] = cells[low : step + 1]
        windows[row, step - low, voice:] = MASKED
        places[row] = (low + torch.arange(PAST + _FUTURE)) % PHASES
        at.append(step - low)
    logits = network(windows, places, torch.zeros_like(places))
    steps, voices = torch.tensor(questions).T
    asked = logits[torch.arange(len(questions)), torch.tensor(at), voices]
    return float(F.cross_entropy(asked, cells[steps, voices], reduction="sum"))
