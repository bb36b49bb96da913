"""Train the chorale network that writes from start to end. Resumable, as ``chorales.py``.

PYTHONPATH=tests python plugins/music/training/causal_chorales.py CHORALES.npz FOLDER [--minutes 40]

Half of each batch knows the soprano ahead and where the piece ends; the other half knows nothing
of what comes. The validation pieces of the JSB split are only measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import chorales
from benchmarks.music import jsb
from chorales import Chorales
from loop import Run, parser
from studio_music.compose.chorales.causal_network import CausalNetwork, nats
from studio_music.compose.chorales.vocabulary import LOWEST, PHASES, REST, VOICES, endings


@torch.inference_mode()
def evaluate(network: CausalNetwork, pieces: list[np.ndarray]) -> dict[str, float]:
    """Return nats a cell on the validation pieces: all four, and three under a soprano."""
    network.eval()
    blind, under, count = 0.0, 0.0, 0
    for piece in pieces:
        cells = torch.from_numpy(np.where(piece < 0, REST, piece - LOWEST))[None]
        places = torch.arange(cells.shape[1])[None] % PHASES
        left = torch.tensor(endings(cells.shape[1]))[None]
        blind += float(nats(network, cells, places, left, told=False).sum())
        under += float(nats(network, cells, places, left, told=True)[..., 1:].sum())
        count += cells.shape[1]
    network.train()
    return {
        "start to end": round(blind / count / 4, 4),
        "under a soprano": round(under / count / 3, 4),
    }


def main() -> None:
    """Train until the minutes of CPU are used."""
    flags = parser(__doc__, network="transformer", width=256, depth=2)
    flags.add_argument("chorales", type=Path)
    flags.add_argument("folder", type=Path)
    flags.add_argument("--batch", type=int, default=16)
    flags.add_argument("--steps", type=int, default=256, help="sixteenths that are learned at once")
    args = flags.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    chorales.WINDOW = args.steps
    data = Chorales(args.chorales)
    valid = jsb.read()["valid"]
    run = Run(CausalNetwork(args.width, args.depth, args.dropout), args.folder, args)
    half = args.batch // 2
    while not run.finished:
        cells, places, left = data.batch(args.batch, np.random.default_rng(run.step))
        real = (cells != REST).any(-1, keepdim=True)
        informed = nats(run.network, cells[:half], places[:half], left[:half], told=True)
        blind = nats(run.network, cells[half:], places[half:], left[half:], told=False)
        losses = torch.cat([informed, blind]) * real
        loss = losses.sum() / real.sum() / len(VOICES)
        run.learn(loss)
        if run.step % 20 == 0:
            print(f"step {run.step} {run.used:.0f} s, {loss:.3f} nats a cell", flush=True)
        if run.due:
            run.save(evaluate(run.average.module, valid))


if __name__ == "__main__":
    main()
