"""Train the starter generator on the autoencoder's latents. Resumable: run it again with the same
folder and it goes on.

    python generator.py PICTURES.npz FOLDER [--steps 6000] [--threads 2]
    python generator.py PICTURES.npz FOLDER --polish --steps 700     # afterwards: no mirrors, no
    shifts
    python generator.py PICTURES.npz FOLDER --init WEIGHTS.safetensors   # from what is shipped

With ``--init`` both networks begin as they are in the file, and the optimiser anew: its state is
not shipped.

Captions lose their phrase row in 30 % of the batch and everything in 10 % (classifier-free
guidance,
arXiv:2207.12598); a fifth of the batch is recoloured and says so.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from autoencoder import Autoencoder, Pictures
from optim import Average, MuonAdamW
from recolour import recolour, rename
from studio.api import finished
from studio_image.starter.network import COLOURS, MAX_WORDS, Caption, Generator
from studio_image.starter.weights import loader

BATCH = 256
POSES = 6
RECOLOURINGS = 4
SAVE_EVERY = 100


class Latents:
    """All pictures encoded once: as they are, in ``POSES`` poses, in ``RECOLOURINGS`` colours.

    ``codes`` (variant, picture, 16, 32) half precision, ``poses`` (variant, picture, 3),
    ``captions``
    (variant, picture, MAX_WORDS + 2), ``usable`` (variant, picture); variant 0 is the picture
    itself.
    """

    def __init__(self, data: Pictures, network: Autoencoder) -> None:
        plain = torch.tensor(
            [Caption.of(c, s).row() for c, s in zip(data.captions, data.styles, strict=True)]
        )
        codes, poses, captions, usable = [], [], [], []
        for variant in range(1 + POSES + RECOLOURINGS):
            rng = torch.Generator().manual_seed(variant)
            coloured = variant > POSES
            parts = []
            pose = torch.zeros(len(plain), 3)
            rows, good = plain.clone(), torch.ones(len(plain), dtype=torch.bool)
            for index in torch.arange(len(plain)).split(256):
                pictures = data.batch(index)
                if 0 < variant <= POSES:
                    pictures, pose[index] = data.posed(index, 2, rng)
                if coloured:
                    choice = torch.randint(0, len(COLOURS), (len(index),), generator=rng)
                    turned, good[index] = recolour((pictures + 1) / 2, choice)
                    pictures = turned * 2 - 1
                    for i, colour in zip(index.tolist(), choice.tolist(), strict=True):
                        caption = rename(data.captions[i], COLOURS[colour])
                        rows[i] = torch.tensor(Caption.of(caption, data.styles[i]).row())
                        rows[i, MAX_WORDS] = plain[i, MAX_WORDS]
                parts.append(_encode(network, pictures))
            codes.append(torch.cat(parts))
            poses.append(pose)
            captions.append(rows)
            usable.append(good)
        self.codes, self.poses = torch.stack(codes), torch.stack(poses)
        self.captions, self.usable = torch.stack(captions), torch.stack(usable)

    def batch(
        self, index: Tensor, rng: torch.Generator, *, posed: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return latents, captions and poses for training: a fifth recoloured, the rest posed or as
        they are.
        """
        n = len(index)
        variant = torch.randint(0, 1 + POSES if posed else 1, (n,), generator=rng)
        coloured = torch.randint(1 + POSES, 1 + POSES + RECOLOURINGS, (n,), generator=rng)
        chosen = (torch.rand(n, generator=rng) < 0.2) & self.usable[coloured, index]
        variant = torch.where(chosen, coloured, variant)
        captions = self.captions[variant, index].clone()
        silent = (torch.rand(n, generator=rng) < 0.3) | (
            chosen & (torch.rand(n, generator=rng) < 0.5)
        )
        captions[silent, MAX_WORDS] = 0
        poses = self.poses[variant, index].clone()
        blank = torch.rand(n, generator=rng) < 0.1
        captions[blank] = 0
        return self.codes[variant, index].float(), captions, poses


@torch.no_grad()
def _encode(network: Autoencoder, pictures: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        latents = network.encoder(pictures)
    return latents.float().flatten(2).transpose(1, 2).half()


@torch.no_grad()
def validation(network: Generator, latents: Latents, index: Tensor) -> float:
    """Return the velocity error on 1,024 fixed (picture, time, noise) triples; picks come from
    ``index``.
    """
    rng = torch.Generator().manual_seed(5)
    picks = index[torch.randint(len(index), (1024,), generator=rng)]
    data = latents.codes[0, picks].float()
    time_ = torch.linspace(0.02, 0.98, 16).repeat(64)
    noise = torch.randn(data.shape, generator=rng)
    mixed = torch.lerp(noise, data, time_.view(-1, 1, 1))
    with torch.autocast("cpu", torch.bfloat16):
        velocity = network(mixed, time_, latents.captions[0, picks], latents.poses[0, picks])
    return float(((velocity.float() - (data - noise)) ** 2).mean())


def load_autoencoder(folder: Path) -> Autoencoder:
    """Return the averaged autoencoder of a training folder."""
    network = Autoencoder().to(memory_format=torch.channels_last)
    network.load_state_dict(torch.load(folder / "autoencoder.pt", weights_only=True)["average"])
    return network.eval()


def begin_with(shipped: Path, folder: Path) -> tuple[dict[str, Tensor], int]:
    """Return the generator of a shipped file and how many pictures it has seen.

    Its autoencoder is put into ``folder``.
    """
    starter = finished(loader().load(shipped, "cpu"))
    facts = loader().recognise(shipped)
    assert facts is not None, "it was loaded"
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "autoencoder.pt"
    if not checkpoint.exists():
        parts = {"encoder": starter.encoder, "decoder": starter.decoder}
        average = {
            f"{part}.{name}": value
            for part, network in parts.items()
            for name, value in network.state_dict().items()
        }
        torch.save({"average": average}, checkpoint)
    state: dict[str, Tensor] = starter.generator.state_dict()
    return state, facts.facts["trained_pictures"]


def main() -> None:
    """Train until ``--steps``; the rate falls to zero over the last 45 % (polish: 90 %)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--polish", action="store_true")
    parser.add_argument("--init", type=Path, help="a shipped file to begin with")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    shipped = begin_with(args.init, args.folder) if args.init else None
    data = Pictures(args.pictures)
    latents = Latents(data, load_autoencoder(args.folder))
    print(
        "latents",
        tuple(latents.codes.shape),
        "recoloured",
        float(latents.usable[-1].float().mean()),
        flush=True,
    )
    network = Generator()
    first = seen = 0
    if shipped:
        network.load_state_dict(shipped[0])
        seen = shipped[1]
    hidden = [
        m.weight for block in network.blocks for m in (block.qkv, block.out, block.up, block.down)
    ]
    factor = 0.6 if args.polish else 1.0
    optimiser = MuonAdamW(network, hidden, muon_lr=0.02 * factor, adam_lr=1e-3 * factor, decay=0.01)
    average = Average(network)
    base, checkpoint = args.folder / "generator.pt", args.folder / "generator.pt"
    if args.polish:
        checkpoint = args.folder / "polished.pt"
    if checkpoint.exists() or (args.polish and base.exists()):
        saved = torch.load(checkpoint if checkpoint.exists() else base, weights_only=True)
        network.load_state_dict(saved["network"])
        average.state = saved["average"]
        optimiser.load_state_dict(saved["optimiser"])
        first = saved["step"] if checkpoint.exists() else 0
        seen = saved["seen"]
    falling = 0.9 if args.polish else 0.45
    began, start = time.monotonic(), first
    for step in range(first, args.steps):
        rng = torch.Generator().manual_seed(step + (1_000_000 if args.polish else 0))
        index = data.train[torch.randint(len(data.train), (BATCH,), generator=rng)]
        real, captions, poses = latents.batch(index, rng, posed=not args.polish)
        time_ = torch.sigmoid(torch.randn(BATCH, generator=rng) - 0.3)
        noise = torch.randn(real.shape, generator=rng)
        with torch.autocast("cpu", torch.bfloat16):
            velocity = network(
                torch.lerp(noise, real, time_.view(-1, 1, 1)), time_, captions, poses
            )
        loss = ((velocity.float() - (real - noise)) ** 2).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        left = 1 - step / args.steps
        optimiser.step(
            min(1, (step + 1) / 150, (step - start + 1) / 20) * min(1, max(0.02, left / falling))
        )
        average.update(network, step + (10_000 if args.polish else 0))
        seen += BATCH
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == args.steps:
            trained, held = (
                validation(network, latents, data.train),
                validation(network, latents, data.test),
            )
            speed = BATCH * (step + 1 - start) / (time.monotonic() - began)
            print(
                f"step {step + 1} seen {seen:,} loss {loss:.4f} trained {trained:.4f} "
                f"held-out {held:.4f} {speed:.0f}/s",
                flush=True,
            )
            state = {
                "network": network.state_dict(),
                "average": average.state,
                "optimiser": optimiser.state_dict(),
                "step": step + 1,
                "seen": seen,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)


if __name__ == "__main__":
    main()
