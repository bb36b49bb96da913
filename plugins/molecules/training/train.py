"""Train a network on SMILES. Resumable: run it again with the same folder and it goes on.

    python train.py MOSES.npz FOLDER [--network transformer] [--steps 12000] [--threads 1]
    python train.py MOSES.npz FOLDER --init WEIGHTS.safetensors      # from what is shipped

Muon for the hidden matrices and AdamW for the rest; the rate falls to zero over the last half.
Batches hold strings of about the same length, so that little is computed on padding.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from muon import Muon
from studio.api.worker.tensor_files import read_header
from studio_molecules.smiles.network import NETWORKS, Recurrent
from studio_molecules.smiles.vocabulary import PAD
from studio_molecules.smiles.weights import FORMAT

BATCH = 256
POOL = 16
SAVE_EVERY = 200
HELD_BACK = 4096
HAS_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()
"""Without it a product in bfloat16 is emulated, and five times slower than in float32."""
SLOWER_IN_BFLOAT16 = (Recurrent,)
"""A GRU on a processor: a step took 2.3 s in bfloat16 and 1.5 s in float32, where both are had."""


class Strings:
    """Token rows by step; the last ``HELD_BACK`` of a fixed shuffle are for validation."""

    def __init__(self, path: Path) -> None:
        data = np.load(path)
        self.tokens, self.lengths = data["tokens"], data["lengths"]
        self.vocabulary = [str(token) for token in data["vocabulary"]]
        order = np.random.default_rng(0).permutation(len(self.tokens))
        self.train, self.test = order[:-HELD_BACK], order[-HELD_BACK:]

    def batch(self, step: int) -> Tensor:
        """Return rows (BATCH, longest of them) of step: one slice of a pool sorted by length."""
        pool, part = divmod(step, POOL)
        rng = np.random.default_rng(pool)
        picks = rng.choice(self.train, BATCH * POOL, replace=False)
        picks = picks[np.argsort(self.lengths[picks], kind="stable")]
        part = int(rng.permutation(POOL)[part])
        return self.rows(picks[part * BATCH : (part + 1) * BATCH])

    def rows(self, picks: np.ndarray) -> Tensor:
        """Return the rows of picks, without columns of padding."""
        return torch.from_numpy(self.tokens[picks, : self.lengths[picks].max()].astype(np.int64))


def loss_of(network: nn.Module, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the summed cross entropy in nats and the number of tokens, padding left out."""
    halved = HAS_BFLOAT16 and not isinstance(network, SLOWER_IN_BFLOAT16)
    with torch.autocast("cpu", torch.bfloat16, enabled=halved):
        logits = network(rows[:, :-1])
    wanted = rows[:, 1:]
    loss = F.cross_entropy(
        logits.float().flatten(0, 1), wanted.flatten(), ignore_index=PAD, reduction="sum"
    )
    return loss, (wanted != PAD).sum()


@torch.no_grad()
def validation(network: nn.Module, data: Strings) -> float:
    """Return nats per token on the molecules held back."""
    order = data.test[np.argsort(data.lengths[data.test], kind="stable")]
    sums = [loss_of(network, data.rows(part)) for part in np.array_split(order, 16)]
    return float(sum(loss for loss, _ in sums) / sum(count for _, count in sums))


class Optimiser:
    """Muon and AdamW as one."""

    def __init__(self, network: nn.Module) -> None:
        hidden = [
            p for n, p in network.named_parameters() if n.startswith("blocks") and p.dim() == 2
        ]
        chosen = {id(p) for p in hidden}
        rest = [p for p in network.parameters() if id(p) not in chosen]
        self.parts: list[Any] = [
            torch.optim.AdamW(rest, lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
        ]
        if hidden:
            self.parts.append(Muon(hidden, lr=0.02, momentum=0.95, weight_decay=0.01))
        self.rates = [part.param_groups[0]["lr"] for part in self.parts]

    def step(self, scale: float) -> None:
        """Step at ``scale`` times the rates, and clear the gradients."""
        for part, rate in zip(self.parts, self.rates, strict=True):
            for group in part.param_groups:
                group["lr"] = rate * scale
            part.step()
            part.zero_grad()


def begin_with(network: nn.Module, name: str, path: Path, vocabulary: list[str]) -> int:
    """Fill the network from a shipped file; return how many molecules that one had seen."""
    header = read_header(path)
    if header is None or not header.has({"format": FORMAT, "network": name}):
        raise SystemExit(f"{path} holds no {name} that writes SMILES")
    if json.loads(header.metadata["vocabulary"]) != vocabulary:
        raise SystemExit(f"{path} has other tokens than these data")
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return int(header.metadata["seen"])


def main() -> None:
    """Train until ``--steps``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="transformer")
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--init", type=Path, help="shipped weights to begin with")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    data = Strings(args.data)
    network = NETWORKS[args.network](len(data.vocabulary))
    seen = begin_with(network, args.network, args.init, data.vocabulary) if args.init else 0
    optimiser = Optimiser(network)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    args.folder.mkdir(parents=True, exist_ok=True)
    checkpoint, first = args.folder / f"{args.network}.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        average, first = saved["average"], saved["step"]
        seen = saved["seen"] - BATCH * first
        for part, state in zip(optimiser.parts, saved["optimiser"], strict=True):
            part.load_state_dict(state)
    size = sum(p.numel() for p in network.parameters())
    print(f"{args.network}: {size:,} parameters, from step {first}", flush=True)
    began = time.process_time()
    for step in range(first, args.steps):
        loss, count = loss_of(network, data.batch(seen // BATCH + step))
        (loss / count).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        left = 1 - step / args.steps
        optimiser.step(min(1, (step + 1) / 100) * min(1, max(0.02, 2 * left)))
        keep = min(0.999, (step + 1) / (step + 20))
        with torch.no_grad():
            for name, value in network.state_dict().items():
                average[name].lerp_(value, 1 - keep)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == args.steps:
            speed = BATCH * (step + 1 - first) / (time.process_time() - began)
            print(
                f"step {step + 1} loss {loss.item() / count:.4f} "
                f"held-back {validation(network, data):.4f} {speed:.0f} molecules a cpu-second",
                flush=True,
            )
            state = {
                "network": network.state_dict(),
                "average": average,
                "optimiser": [part.state_dict() for part in optimiser.parts],
                "step": step + 1,
                "seen": seen + BATCH * (step + 1),
                "vocabulary": data.vocabulary,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)


if __name__ == "__main__":
    main()
