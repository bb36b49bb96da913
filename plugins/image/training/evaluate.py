"""Evaluate the starter generator: a sheet of drawings, and the rate of correct subjects.

    PYTHONPATH=tests python plugins/image/training/evaluate.py PICTURES.npz WEIGHTS.safetensors
        SHEET.png [--count 173] [--kin]

``benchmarks.image.accuracy`` explains the figures. ``--kin`` finds from real drawings alone which
styles are near to each other, for ``studio_image.starter.related_styles``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.image.accuracy import Examiner, RealPictures, drawn, measure, table
from benchmarks.image.nearest_pictures import Gallery
from studio.api import finished
from studio_image.starter.network import STYLES
from studio_image.starter.weights import Starter, loader

FEATURES = Path(__file__).parents[3] / "resources/weights/starter/vgg16-features.safetensors"

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


def sheet(starter: Starter, real: RealPictures) -> Image.Image:
    """Return everyday things in each style, held-out pairs over their truth, new prompts."""
    rows = [drawn(starter, EVERYDAY, style, 7) for style in STYLES]
    held = np.random.default_rng(1).permutation(np.flatnonzero(real.held_out))[: len(EVERYDAY)]
    pictures = [drawn(starter, [real.captions[i]], real.styles[i], 7) for i in held]
    rows += [torch.cat(pictures), real.pixels[held].float() / 255]
    rows += [drawn(starter, NOVEL, "3d", seed) for seed in (7, 8)]
    wide, tall = len(EVERYDAY), len(rows)
    paper = Image.new("RGB", (wide * 68, tall * 68), "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            paper.paste(Image.fromarray(_array(picture)), (x * 68 + 2, y * 68 + 2))
    return paper


def kin(real: RealPictures, gallery: Gallery, style: str) -> dict[str, float]:
    """Return how often another style's real drawing is nearest to the style's own of its caption.

    Over the captions that were trained in all styles.
    """
    trained = {pair for pair, at in real.place.items() if not real.held_out[at]}
    captions = [
        c for c, s in trained if s == style and all((c, name) in trained for name in STYLES)
    ]
    drawn_in = {name: [real.place[c, name] for c in captions] for name in STYLES if name != style}
    return {
        name: gallery.ranks(gallery.descriptors[places], captions, style).within(1)
        for name, places in drawn_in.items()
    }


def _array(picture: Tensor) -> np.ndarray:
    return (picture.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)


def main() -> None:
    """Draw the sheet, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--count", type=int, default=173, help="pairs of a style and kind; 0: none")
    parser.add_argument("--features", type=Path, default=FEATURES, help="the VGG-16 weights")
    parser.add_argument("--kin", action="store_true", help="tell which styles are near")
    args = parser.parse_args()
    real = RealPictures(args.pictures)
    starter = finished(loader().load(args.weights, "cpu"))
    sheet(starter, real).save(args.sheet)
    if args.kin:
        gallery = Examiner(starter, real, args.features).gallery
        for style in STYLES:
            near = kin(real, gallery, style).items()
            print(style, ", ".join(f"{name} {share:.1%}" for name, share in near))
    if args.count:
        print("\n".join(table(measure(starter, real, args.features, args.count))))


if __name__ == "__main__":
    main()
