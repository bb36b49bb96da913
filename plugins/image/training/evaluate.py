"""What the starter generator draws: a sheet to look at, and figures about held-out pairs.

    python evaluate.py PICTURES.npz WEIGHTS.safetensors SHEET.png [--count 300]

The figure: each picture is drawn once (12 steps, guidance 3) and compared with every real picture
of the asked style, held-out ones included, in a simple feature space; *top-1* is how often the
nearest has the asked caption, *top-5* how often one of the five nearest has. The features are no
network: mean colours on an 8 × 8 grid, and on the same grid the strength of brightness edges in
four directions, each half centred over the style and scaled to the same variance; nearness is
their cosine. It is a coarse measure, lenient to texture and strict about place. *Ceiling* is the
truth passed through the autoencoder, *copy* the real picture of the same caption in another style.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from studio_image.sampling import BATCH, GUIDANCE, STEPS, decode, draw, encode, understand
from studio_image.starter import LATENT_CHANNELS, STYLES, TOKENS
from studio_image.starter_weights import Starter, loader

GRID = 8
NOVEL = (
    "red fox",
    "blue apple",
    "purple cat face",
    "green heart",
    "pink house",
    "yellow fish",
    "green rose",
    "happy fox",
    "cat with heart",
    "fire house",
    "crying frog",
    "smiling sun",
)
EVERYDAY = (
    "red apple",
    "dog face",
    "house",
    "pizza",
    "rocket",
    "frog",
    "rose",
    "grinning face",
    "soccer ball",
    "bicycle",
    "owl",
    "hourglass done",
)


def features(pictures: Tensor) -> Tensor:
    """Return (n, 3 · 64 + 4 · 64) numbers of pictures (n, 3, 64, 64) in 0…1; see the module."""
    colours = F.adaptive_avg_pool2d(pictures, GRID).flatten(1)
    grey = pictures.mean(1, keepdim=True)
    across = F.pad(grey[..., 1:] - grey[..., :-1], (0, 1))
    down = F.pad(grey[..., 1:, :] - grey[..., :-1, :], (0, 0, 0, 1))
    slopes = [across, down, (across + down) / 2**0.5, (across - down) / 2**0.5]
    edges = F.adaptive_avg_pool2d(torch.cat([slope.abs() for slope in slopes], 1), GRID).flatten(1)
    return torch.cat([colours, edges], 1)


class Gallery:
    """All real pictures of one style, ready to be searched."""

    def __init__(self, pictures: Tensor, captions: list[str]) -> None:
        real = features(pictures)
        self.captions = captions
        self.mean = real.mean(0)
        centred = real - self.mean
        half = 3 * GRID * GRID
        scale = torch.ones(real.shape[1])
        scale[:half] = centred[:, :half].std()
        scale[half:] = centred[:, half:].std()
        self.scale = scale
        self.real = F.normalize(centred / scale)

    def hits(self, made: Tensor, asked: list[str], k: int) -> float:
        """Return how often one of the ``k`` nearest has the asked caption."""
        seen = F.normalize((features(made) - self.mean) / self.scale)
        near = (seen @ self.real.T).topk(k).indices
        found = [
            want in [self.captions[i] for i in row]
            for want, row in zip(asked, near.tolist(), strict=True)
        ]
        return float(np.mean(found))


def drawn(starter: Starter, caption: str, style: str, seed: int) -> Tensor:
    """Return one picture (3, 64, 64) of a caption."""
    rng = torch.Generator().manual_seed(seed)
    reading = understand(caption, style, starter)
    *_, (_, pictures) = draw(starter, reading.caption, count=1, rng=rng)
    return pictures[0]


def many(starter: Starter, captions: list[str], styles: list[str], seed: int) -> Tensor:
    """Return pictures (n, 3, 64, 64), one for each caption and style, with guidance 3."""
    rows = torch.tensor(
        [understand(c, s, starter).caption.row() for c, s in zip(captions, styles, strict=True)]
    )
    rng = torch.Generator().manual_seed(seed)
    parts = []
    for chunk in rows.split(16 * BATCH):
        x = torch.randn(len(chunk), TOKENS, LATENT_CHANNELS, generator=rng)
        both = torch.cat([chunk, torch.zeros_like(chunk)])
        for step in range(STEPS):
            time = torch.full((len(both),), step / STEPS)
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                made = starter.generator(torch.cat([x, x]), time, both, torch.zeros(len(both), 3))
            towards, away = made.float().chunk(2)
            x = x + (away + GUIDANCE * (towards - away)) / STEPS
        parts.append(decode(starter, x))
    return torch.cat(parts)


def report(starter: Starter, data: dict[str, np.ndarray], count: int) -> None:
    """Print top-1 and top-5 for trained and held-out pairs, and the yardsticks, for each style."""
    pixels = torch.from_numpy(data["pixels"]).permute(0, 3, 1, 2)
    captions, styles = data["captions"].tolist(), data["styles"].tolist()
    place = {(c, s): i for i, (c, s) in enumerate(zip(captions, styles, strict=True))}
    rng = np.random.default_rng(3)
    print(f"{'style':8} {'pairs':9} {'n':>4}  top-1  top-5   ceiling   copy")
    for style in STYLES:
        own = [i for i, s in enumerate(styles) if s == style]
        gallery = Gallery(pixels[own].float() / 255, [captions[i] for i in own])
        for name, wanted in (("trained", False), ("held out", True)):
            pool = [i for i in own if data["held_out"][i] == wanted]
            picks = rng.choice(pool, min(count // len(STYLES), len(pool)), replace=False).tolist()
            asked = [captions[i] for i in picks]
            made = many(starter, asked, [style] * len(asked), seed=11)
            truth = decode(starter, encode(starter, pixels[picks].float() / 255))
            twins = [
                (c, place[c, other])
                for c in asked
                for other in ("flat", "noto", "3d", "fx")
                if other != style and (c, other) in place
            ]
            twins = list(dict(reversed(twins)).items())
            copy = gallery.hits(
                pixels[[i for _, i in twins]].float() / 255, [c for c, _ in twins], 1
            )
            print(
                f"{style:8} {name:9} {len(asked):4}  {gallery.hits(made, asked, 1):5.1%}  "
                f"{gallery.hits(made, asked, 5):5.1%}  {gallery.hits(truth, asked, 1):6.1%}  "
                f"{copy:6.1%}",
                flush=True,
            )


def sheet(starter: Starter, data: dict[str, np.ndarray]) -> Image.Image:
    """Return everyday things in each style, held-out pairs over their truth, new prompts."""
    rows = [[_array(drawn(starter, c, style, 7)) for c in EVERYDAY] for style in STYLES]
    held = np.random.default_rng(1).permutation(np.where(data["held_out"])[0])[: len(EVERYDAY)]
    rows.append(
        [_array(drawn(starter, str(data["captions"][i]), str(data["styles"][i]), 7)) for i in held]
    )
    rows.append([data["pixels"][i] for i in held])
    rows += [[_array(drawn(starter, c, "3d", seed)) for c in NOVEL] for seed in (7, 8)]
    wide, tall = len(EVERYDAY), len(rows)
    paper = Image.new("RGB", (wide * 68, tall * 68), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            paper.paste(Image.fromarray(picture), (x * 68 + 2, y * 68 + 2))
    return paper


def _array(picture: Tensor) -> np.ndarray:
    return (picture.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)


def open_weights(path: Path) -> Starter:
    """Return the starter generator of a file."""
    steps = loader().load(path, "cpu")
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def main() -> None:
    """Draw the sheet, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--count", type=int, default=600, help="pairs of each kind; 0 for none")
    args = parser.parse_args()
    data = dict(np.load(args.pictures))
    starter = open_weights(args.weights)
    sheet(starter, data).save(args.sheet)
    if args.count:
        report(starter, data, args.count)


if __name__ == "__main__":
    main()
