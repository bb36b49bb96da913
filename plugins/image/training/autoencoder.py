"""Train the starter generator's autoencoder. Resumable: run it again with the same folder and it
goes on.

python autoencoder.py PICTURES.npz FOLDER [--steps 3000] [--threads 2]
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from optim import Average, MuonAdamW
from studio_image.starter.network import Decoder, Encoder

BATCH = 64
SAVE_EVERY = 100
_DIRECTED = re.compile(
    r"\b(left|right|button|arrows?|clock|keycap|letter|input|sign|symbol|abc|mark|one|two|three|four|"
    r"five|six|seven|eight|nine|ten|\d+\w*|\w+ thirty|question|speech|medal|place|flag|calendar|"
    r"abacus|writing|japanese|up|down|back|end|on|soon|top|atm|zzz|latin|numbers|cool|free|new|ng|ok|sos|vs|"
    r"clef|score|notes?|east|west|o clock|hash|registered|copyright|trade)\b"
)


def may_mirror(caption: str) -> bool:
    """Whether a mirrored picture still shows what ``caption`` says (no letters, arrows, clocks)."""
    return _DIRECTED.search(caption) is None


class Autoencoder(nn.Module):
    """Encoder and decoder in one."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()


class Pictures:
    """The rendered sets: pixels (n, 3, 64, 64) uint8, and which may be mirrored or are held out."""

    def __init__(self, path: Path) -> None:
        data = np.load(path)
        self.pixels = torch.from_numpy(data["pixels"]).permute(0, 3, 1, 2).contiguous()
        self.captions = [str(c) for c in data["captions"]]
        self.styles = [str(s) for s in data["styles"]]
        held = torch.from_numpy(data["held_out"])
        self.train, self.test = torch.where(~held)[0], torch.where(held)[0]
        self.flippable = torch.tensor([may_mirror(c) for c in self.captions])

    def batch(self, index: Tensor) -> Tensor:
        """Return pictures in -1…1."""
        return self.pixels[index].float() / 127.5 - 1

    def posed(self, index: Tensor, reach: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return pictures mirrored and shifted by up to ``reach`` pixels, and the pose (n, 3) that
        says so.
        """
        pictures = self.batch(index)
        flip = (torch.rand(len(index), generator=rng) < 0.5) & self.flippable[index]
        pictures[flip] = pictures[flip].flip(-1)
        padded = F.pad(pictures, (reach,) * 4, value=1.0)
        offset = torch.randint(0, 2 * reach + 1, (len(index), 2), generator=rng)
        moved = [padded[i, :, y : y + 64, x : x + 64] for i, (y, x) in enumerate(offset.tolist())]
        pose = torch.cat([flip[:, None].float(), (reach - offset.flip(1)).float() / 4], 1)
        return torch.stack(moved), pose


def reconstruction_loss(output: Tensor, real: Tensor) -> Tensor:
    """L1 and L2 of the pixels, L1 of their gradients at three scales."""
    loss = (output - real).abs().mean() + 0.5 * ((output - real) ** 2).mean()
    for scale in (1, 2, 4):
        difference = F.avg_pool2d(output - real, scale)
        across = (difference[..., 1:] - difference[..., :-1]).abs().mean()
        down = (difference[..., 1:, :] - difference[..., :-1, :]).abs().mean()
        loss = loss + 0.5 * (across + down)
        if scale > 1:
            loss = loss + 0.5 * difference.abs().mean()
    return loss


@torch.no_grad()
def psnr(network: Autoencoder, weights: dict[str, Tensor], pictures: Tensor) -> float:
    """Return the mean peak signal-to-noise ratio in dB of the averaged weights."""
    now = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(weights)
    network.eval()
    with torch.autocast("cpu", torch.bfloat16):
        output = network.decoder(network.encoder(pictures)).float().clamp(-1, 1)
    network.load_state_dict(now)
    network.train()
    return float((-10 * torch.log10(((output - pictures) ** 2).mean((1, 2, 3)) / 4)).mean())


def main() -> None:
    """Train until ``--steps``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    args.folder.mkdir(parents=True, exist_ok=True)
    data = Pictures(args.pictures)
    network = Autoencoder().to(memory_format=torch.channels_last)
    hidden = [
        m.weight
        for m in network.modules()
        if isinstance(m, nn.Conv2d) and min(m.weight.shape[:2]) >= 96
    ]
    optimiser = MuonAdamW(network, hidden, muon_lr=0.02, adam_lr=1.5e-3, decay=1e-3)
    average = Average(network, 0.995)
    checkpoint = args.folder / "autoencoder.pt"
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved.get("network", saved["average"]))
        average.state = saved["average"]
        first = saved.get("step", 0)
        if "optimiser" in saved:  # what generator.py takes from a shipped file has none
            optimiser.load_state_dict(saved["optimiser"])
    began = time.monotonic()
    for step in range(first, args.steps):
        rng = torch.Generator().manual_seed(step)
        real, _ = data.posed(
            data.train[torch.randint(len(data.train), (BATCH,), generator=rng)], 3, rng
        )
        mixed = torch.rand(BATCH, generator=rng) < 0.2
        real[mixed] = real[mixed][:, torch.randperm(3, generator=rng)]
        with torch.autocast("cpu", torch.bfloat16):
            latents = network.encoder(real)
            output = network.decoder(latents + 0.1 * torch.randn(latents.shape, generator=rng))
        loss = reconstruction_loss(output.float(), real)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        share = step / args.steps
        optimiser.step(
            min(1, (step + 1) / 50) * (1 if share < 0.5 else max(0.01, (1 - share) / 0.5))
        )
        average.update(network, step)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == args.steps:
            test = psnr(network, average.state, data.batch(data.test[:400]))
            seen = psnr(network, average.state, data.batch(data.train[:400]))
            speed = BATCH * (step + 1 - first) / (time.monotonic() - began)
            print(
                f"step {step + 1} loss {loss:.4f} psnr held-out {test:.2f} trained {seen:.2f} "
                f"{speed:.0f}/s",
                flush=True,
            )
            state = {
                "network": network.state_dict(),
                "average": average.state,
                "optimiser": optimiser.state_dict(),
                "step": step + 1,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)


if __name__ == "__main__":
    main()
