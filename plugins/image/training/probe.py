"""Train the probe that classifies drawings, on the real drawings.

Resumable: run it again with the same folder and it goes on.

    python probe.py PICTURES.npz FOLDER OUT.safetensors [--steps 2000] [--threads 2]

Pictures are mirrored, shifted, turned, scaled and recoloured, and half of them pass through the
starter generator's autoencoder, whose softness its drawings have. Pairs held out from the
generator are held out from the probe, too: they measure its accuracy.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder import Pictures
from export import update_sidecar
from recolour import recolour
from studio.api import finished
from studio_image.probe.network import Network
from studio_image.probe.weights import save
from studio_image.starter import sampler
from studio_image.starter.network import COLOURS
from studio_image.starter.weights import loader

BATCH = 128
SAVE_EVERY = 100
STARTER = Path(__file__).resolve().parents[3] / "resources/weights/image-starter.safetensors"


def softened(pictures: Tensor, starter: object) -> Tensor:
    """Return pictures in 0…1 as the autoencoder keeps them."""
    parts = [sampler.decode(starter, sampler.encode(starter, part)) for part in pictures.split(256)]
    return torch.cat(parts)


def varied(pictures: Tensor, flippable: Tensor, rng: torch.Generator) -> Tensor:
    """Return pictures in 0…1 in another pose, some in another colour."""
    n = len(pictures)
    flip = 1 - 2 * ((torch.rand(n, generator=rng) < 0.5) & flippable).float()
    angle = (torch.rand(n, generator=rng) - 0.5) * math.radians(24)
    scale = 0.9 + 0.4 * torch.rand(n, generator=rng)
    shift = (torch.rand(n, 2, generator=rng) - 0.5) * 0.2
    cos, sin = angle.cos() * scale, angle.sin() * scale
    grid = torch.stack(
        [
            torch.stack([cos * flip, -sin, shift[:, 0]], 1),
            torch.stack([sin * flip, cos, shift[:, 1]], 1),
        ],
        1,
    )
    places = F.affine_grid(grid, [n, 3, 64, 64], align_corners=False)
    posed = 1 + F.grid_sample(pictures - 1, places, align_corners=False)  # the paper is white
    coloured = torch.rand(n, generator=rng) < 0.3
    turned, good = recolour(posed.clamp(0, 1), torch.randint(len(COLOURS), (n,), generator=rng))
    posed = torch.where((coloured & good).view(-1, 1, 1, 1), turned, posed)
    return (posed + 0.02 * torch.randn(posed.shape, generator=rng)).clamp(0, 1)


@torch.no_grad()
def accuracy(network: Network, pictures: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return how often the first and one of the first five captions is right."""
    network.eval()
    best = torch.cat([network(part).topk(5, 1).indices for part in pictures.split(256)])
    network.train()
    right = best == labels[:, None]
    return right[:, 0].float().mean().item(), right.any(1).float().mean().item()


def main() -> None:
    """Train, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.folder.mkdir(parents=True, exist_ok=True)
    data = Pictures(args.pictures)
    captions = sorted(set(data.captions))
    labels = torch.tensor([captions.index(caption) for caption in data.captions])
    sharp = data.pixels.float() / 255
    soft = softened(sharp, finished(loader().load(STARTER, "cpu")))
    torch.manual_seed(1)
    network = Network(len(captions))
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, args.steps, pct_start=0.1)
    checkpoint, step = args.folder / "probe.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        step = saved["step"]
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        plan.load_state_dict(saved["plan"])
    begun, first = time.monotonic(), step
    while step < args.steps:
        rng = torch.Generator().manual_seed(step)
        index = data.train[torch.randint(len(data.train), (BATCH,), generator=rng)]
        is_soft = (torch.rand(BATCH, generator=rng) < 0.5).view(-1, 1, 1, 1)
        pictures = torch.where(is_soft, soft[index], sharp[index])
        seen = varied(pictures, data.flippable[index], rng)
        scores = network(seen.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(scores, labels[index], label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        plan.step()
        step += 1
        if step % SAVE_EVERY == 0 or step == args.steps:
            states = {"network": network, "optimiser": optimiser, "plan": plan}
            torch.save({k: v.state_dict() for k, v in states.items()} | {"step": step}, checkpoint)
            top1, top5 = accuracy(network, soft[data.test], labels[data.test])
            speed = (step - first) / (time.monotonic() - begun)
            message = f"held out: top-1 {top1:.1%}, top-5 {top5:.1%}"
            print(f"step {step:5}  loss {loss:.3f}  {message}  {speed:.1f} steps/s", flush=True)
    save(args.out, network.eval(), captions)
    size = args.out.stat().st_size
    digest = hashlib.sha256(args.out.read_bytes()).hexdigest()
    total = sum(weight.numel() for weight in network.parameters())
    print(f"parameters {total:,}, bytes {size:,}, sha256 {digest}")
    sidecar = args.out.with_suffix(".toml")
    if sidecar.exists():
        update_sidecar(sidecar, parameters=total, bytes=size, sha256=digest)


if __name__ == "__main__":
    main()
