"""Train the chorale network. Resumable: run it again with the same folder and it goes on.

PYTHONPATH=tests python plugins/music/training/chorales.py CHORALES.npz FOLDER
    [--network gru|transformer] [--minutes 20]

The validation pieces of the JSB split are only measured; its test pieces are not even read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.music import jsb
from loop import Run, parser
from studio_music.compose.chorales.network import ChoraleNetwork
from studio_music.compose.chorales.vocabulary import LOWEST, MASKED, PHASES, RANGES, REST, endings

WINDOW = 128
"""Steps that are learned at once: eight bars of 4/4."""

BLOCKS = (1, 2, 4, 4, 8, 16)
"""Steps of a voice that are hidden together."""


class Chorales:
    """The pieces as cells, and windows of them, transposed."""

    def __init__(self, path: Path) -> None:
        data = dict(np.load(path))
        ends = np.cumsum(data["length"])
        self.pieces = []
        for end, length in zip(ends, data["length"], strict=True):
            grid, place = data["grid"][end - length : end], data["place"][end - length : end]
            phase = np.arange(length) % PHASES
            place = np.where(place < 0, phase, place + PHASES)
            self.pieces.append((grid.astype(int), place.astype(int), np.array(endings(length))))
        self.weights = data["length"] / data["length"].sum()

    def batch(self, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return cells (size, ``WINDOW``, 4), places and endings."""
        parts = [
            self.window(int(rng.choice(len(self.pieces), p=self.weights)), rng) for _ in range(size)
        ]
        return tuple(torch.from_numpy(np.stack(p)) for p in zip(*parts, strict=True))  # type: ignore[return-value]

    def window(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return one window in a key that every voice can sing."""
        grid, place, ending = self.pieces[n]
        first = int(rng.integers(-WINDOW // 2, len(grid) - WINDOW // 2))
        first = min(max(first, 0), max(len(grid) - WINDOW, 0))
        part = grid[first : first + WINDOW]
        cells = np.where(part < 0, REST, part + self.shift(part, rng) - LOWEST)
        spots, left = place[first : first + WINDOW], ending[first : first + WINDOW]
        if rng.random() < 0.3:
            spots = (spots - PHASES) % PHASES if (spots >= PHASES).all() else spots % PHASES
        short = WINDOW - len(cells)
        if short:
            cells = np.pad(cells, ((0, short), (0, 0)), constant_values=REST)
            spots, left = np.pad(spots, (0, short)), np.pad(left, (0, short))
        return cells, spots, left

    @staticmethod
    def shift(part: np.ndarray, rng: np.random.Generator) -> int:
        """Return semitones by which the window can be moved."""
        low, high = -5, 6
        for voice, (bottom, top) in enumerate(RANGES.values()):
            sung = part[:, voice][part[:, voice] >= 0]
            if len(sung):
                low, high = max(low, bottom - sung.min()), min(high, top - sung.max())
        return int(rng.integers(low, high + 1)) if low <= high else 0


def hide(size: int, steps: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return which cells (size, steps, 4) are hidden, and how much each of these counts.

    Blocks of a voice are hidden, whole voices, or all after a step: there, what comes next counts
    most.
    """
    hidden = np.zeros((size, steps, 4), bool)
    counts = np.ones((size, steps, 4), np.float32)
    for n in range(size):
        block = int(rng.choice(BLOCKS))
        share = 1.0 if rng.random() < 0.15 else rng.random()
        count = -(-steps // block) + 1
        drawn = np.repeat(rng.random((count, 4)) < share, block, axis=0)
        offset = int(rng.integers(0, block))
        hidden[n] = drawn[offset : offset + steps]
        if rng.random() < 0.35:
            after, voice = int(rng.integers(0, steps)), int(rng.integers(0, 4))
            hidden[n] = rng.random((steps, 4)) < rng.choice((0.0, 0.0, 0.2))
            hidden[n, after + 1 :] = True
            hidden[n, after, voice:] = True
            counts[n] = 0.8 ** np.abs(np.arange(steps) - after)[:, None]
        if rng.random() < 0.4:
            hidden[n, :, int(rng.choice(4, p=(0.7, 0.1, 0.1, 0.1)))] = False
        if not hidden[n].any():
            hidden[n, :, 1:] = True
    return torch.from_numpy(hidden), torch.from_numpy(counts * hidden)


def loss_of(
    network: nn.Module, batch: tuple[Tensor, Tensor, Tensor], hidden: Tensor, counts: Tensor
) -> Tensor:
    """Return nats a hidden cell, each piece of the batch counting the same."""
    cells, places, left = batch
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(cells.masked_fill(hidden, MASKED), places, left)
    nats = F.cross_entropy(logits.float().flatten(0, 2), cells.flatten(), reduction="none")
    return (nats.view(cells.shape) * counts).sum((1, 2)) / counts.sum((1, 2))


@torch.inference_mode()
def evaluate(network: nn.Module, pieces: list[np.ndarray]) -> dict[str, float]:
    """Return nats a cell on the validation pieces: any order, and three voices under a soprano."""
    network.eval()
    rng = np.random.default_rng(0)
    orderless, under = [], []
    for piece in pieces:
        cells = torch.from_numpy(np.where(piece < 0, REST, piece - LOWEST))[None]
        steps = cells.shape[1]
        batch = (cells, torch.arange(steps)[None] % PHASES, torch.tensor(endings(steps))[None])
        hidden = torch.from_numpy(rng.random((1, steps, 4)) < rng.random())
        hidden[0, 0, 0] = True
        orderless.append(float(loss_of(network, batch, hidden, hidden)))
        hidden = torch.ones(1, steps, 4, dtype=torch.bool)
        hidden[..., 0] = False
        under.append(float(loss_of(network, batch, hidden, hidden)))
    network.train()
    return {
        "any order": round(float(np.mean(orderless)), 4),
        "under a soprano": round(float(np.mean(under)), 4),
    }


def main() -> None:
    """Train until the minutes of CPU are used."""
    flags = parser(__doc__, network="transformer", width=256, depth=4)
    flags.add_argument("chorales", type=Path)
    flags.add_argument("folder", type=Path)
    flags.add_argument("--batch", type=int, default=24)
    args = flags.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    valid = jsb.read()["valid"]
    chorales = Chorales(args.chorales)
    run = Run(ChoraleNetwork(args.network, args.width, args.depth, args.dropout), args.folder, args)
    print(f"{len(chorales.pieces)} chorales", flush=True)
    while not run.finished:
        rng = np.random.default_rng(run.step)
        batch = chorales.batch(args.batch, rng)
        loss = loss_of(run.network, batch, *hide(args.batch, WINDOW, rng)).mean()
        run.learn(loss)
        if run.step % 20 == 0:
            print(f"step {run.step} {run.used:.0f} s, {loss:.3f} nats a hidden cell", flush=True)
        if run.due:
            run.save(evaluate(run.average.module, valid))


if __name__ == "__main__":
    main()
