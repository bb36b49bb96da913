"""What both trainings share: the optimiser, the moving average, checkpoints to go on from.

Time is counted in seconds of CPU, so that a machine that is shared changes nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

SAVE_SECONDS = 120
WARM_STEPS = 100
LAST_RATE = 0.02


def parser(
    description: str | None, *, network: str, width: int, depth: int
) -> argparse.ArgumentParser:
    """Return the flags that both trainings have."""
    flags = argparse.ArgumentParser(description=description)
    flags.add_argument("--network", choices=["gru", "transformer"], default=network)
    flags.add_argument("--width", type=int, default=width)
    flags.add_argument("--depth", type=int, default=depth)
    flags.add_argument("--dropout", type=float, default=0.1)
    flags.add_argument("--rate", type=float, default=1e-3)
    flags.add_argument("--decay", type=float, default=0.03)
    flags.add_argument("--minutes", type=float, default=20, help="of CPU, all runs together")
    flags.add_argument("--threads", type=int, default=1)
    return flags


class Run:
    """One training: goes on from the last checkpoint in its folder, if there is one."""

    def __init__(self, network: nn.Module, folder: Path, args: argparse.Namespace) -> None:
        self.network, self.folder = network, folder
        self.shape = {"kind": args.network, "width": args.width, "depth": args.depth}
        self.rate, self.seconds = args.rate, args.minutes * 60
        self.average = torch.optim.swa_utils.AveragedModel(
            network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99)
        )
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=args.rate, weight_decay=args.decay
        )
        self.used, self.step = 0.0, 0
        self.figures: dict[str, float] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "last.pt").exists():
            self._resume()
        self.saved_at, self.begun = self.used, time.process_time() - self.used

    def _resume(self) -> None:
        saved = torch.load(self.folder / "last.pt", weights_only=True)
        for name in ("network", "average", "optimiser"):
            getattr(self, name).load_state_dict(saved[name])
        self.used, self.step = saved["used"], saved["step"]

    @property
    def finished(self) -> bool:
        """Whether the minutes are used."""
        return self.used >= self.seconds

    def learn(self, loss: Tensor) -> None:
        """Take one step down ``loss``; the rate rises first and then falls over all the minutes."""
        done = min(1.0, self.used / self.seconds)
        falling = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * falling * min(1.0, (self.step + 1) / WARM_STEPS)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update_parameters(self.network)
        self.step += 1
        self.used = time.process_time() - self.begun

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return self.finished or self.used - self.saved_at > SAVE_SECONDS

    def save(self, figures: dict[str, float]) -> None:
        """Write the checkpoint beside the old one, then in its place."""
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "used": self.used,
            "step": self.step,
            "shape": self.shape,
            "figures": figures,
        }
        torch.save(state, self.folder / "new.pt")
        (self.folder / "new.pt").replace(self.folder / "last.pt")
        self.saved_at = self.used
        print(f"step {self.step}, {self.used:.0f} s, held out: {json.dumps(figures)}", flush=True)
