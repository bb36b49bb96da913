"""Train the network that gives the first picture of a restyling. Resumable, seeds are fixed.

    python preview.py PHOTOGRAPHS FOLDER OUT.safetensors [--steps 2300] [--threads 1]

``PHOTOGRAPHS`` holds pictures; those in its folder ``held-out`` are left out, and say how well it
went. A step takes two crops, each in three styles, and follows the very gradient that the optimiser
(``transfer``) follows, back into the network. What it needs to go on is ``FOLDER/preview.pt``.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from export import update_sidecar
from studio.api import finished
from studio_image.restyle.features import Features
from studio_image.restyle.preview.network import STYLES, TransformNetwork
from studio_image.restyle.preview.weights import save
from studio_image.restyle.styles import style_file
from studio_image.restyle.transfer import (
    CONTENT_LAYER,
    LOSS_SCALE,
    STYLE_LAYERS,
    STYLE_WEIGHT,
    Goal,
    gram,
    in_their_colours,
)
from studio_image.restyle.weights import loader

CROP = 160  # px
LONGEST = (220, 520)  # px: the longer side of a photograph that a crop is taken of
CROPS, STYLES_A_CROP = 2, 3
MIXED = 0.1  # of the pictures are in two styles
RATE, WARM = 2e-3, 50
KEPT_RATE = 10  # times the rate: how much detail stays is found quickly
AVERAGED = 0.995  # of the averaged weights stays with each step
STRONG = (5.0, 2.0)  # of the style, at first and at last: at 1, a picture that stays is too good
INSIDE = 0.01  # pull on pixels that are beyond 0…1, beside gradients of length 1
LATE = 0.95  # of what is known of their length stays with each picture
KEPT_EVERY = 50  # steps
VGG = Path(__file__).resolve().parents[3] / "resources/weights/starter/vgg16-features.safetensors"


def photographs(folder: Path, *, is_held_out: bool) -> list[Image.Image]:
    """Return the pictures of a folder, the longer side at most 900 pixels."""
    paths = []
    for path in sorted(folder.rglob("*")):
        is_picture = path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")
        if is_picture and ("held-out" in path.parts) == is_held_out:
            with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as image:
                small = image.convert("RGB")
                small.thumbnail((900, 900), Image.Resampling.LANCZOS)
                paths.append(small)
    return paths


def as_tensor(image: Image.Image) -> Tensor:
    """Return a picture (1, 3, H, W) in 0…1."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


def crop(image: Image.Image, rng: random.Random) -> Tensor:
    """Return a square (1, 3, CROP, CROP) in 0…1 of a picture resized at random, maybe mirrored."""
    scale = max(rng.uniform(*LONGEST) / max(image.size), CROP / min(image.size))
    width, height = (max(CROP, round(n * scale)) for n in image.size)
    left, top = rng.randint(0, width - CROP), rng.randint(0, height - CROP)
    box = [n / scale for n in (left, top, left + CROP, top + CROP)]
    box = (*box[:2], min(box[2], image.width), min(box[3], image.height))
    square = image.resize((CROP, CROP), Image.Resampling.BICUBIC, box)
    if rng.random() < 0.5:
        square = square.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return as_tensor(square)


class Goals:
    """What features of a picture should be in each style."""

    def __init__(self, features: Features) -> None:
        self.features = features
        self.pictures = [
            as_tensor(Image.open(style_file(name), formats=["JPEG"])) for name in STYLES
        ]
        self.grams = []
        for picture in self.pictures:
            outputs = finished(features.steps(picture))
            self.grams.append({name: gram(outputs[name]) for name in STYLE_LAYERS})

    def kept(self, content: Tensor) -> Tensor:
        """Return the content features of a picture, independent of the style."""
        return finished(self.features.steps(content))[CONTENT_LAYER].float()

    def goal(self, content: Tensor, shares: Tensor, strength: float = 1.0) -> Goal:
        """Return the goal of the optimiser, for a share (3,) of each style."""
        parts = [(float(share), at) for at, share in enumerate(shares) if share]
        grams = {
            name: sum(share * self.grams[at][name] for share, at in parts) for name in STYLE_LAYERS
        }
        return Goal(self.features, content, grams, strength * STYLE_WEIGHT)

    def matched(self, content: Tensor, shares: Tensor) -> Tensor:
        """Return a picture in the colours of the styles: where the optimiser starts."""
        parts = [(self.pictures[at], float(s)) for at, s in enumerate(shares) if s]
        return finished(in_their_colours(content, parts, 1.0))


def drawn_shares(rng: random.Random) -> Tensor:
    """Return shares (STYLES_A_CROP, 3) of styles, each row of one or two."""
    shares = torch.zeros(STYLES_A_CROP, len(STYLES))
    for row in shares:
        one, other = rng.choices(range(len(STYLES)), k=2)
        part = rng.uniform(0.2, 0.8) if rng.random() < MIXED else 1.0
        row[one] += part
        row[other] += 1 - part
    return shares


def batch(
    goals: Goals, images: list[Image.Image], rng: random.Random, strength: float
) -> tuple[list[Tensor], list[Goal]]:
    """Return content, matched, noise and shares of a step, and the goal of each picture."""
    rows, wanted = [], []
    for _ in range(CROPS):
        content = crop(rng.choice(images), rng)
        content_features = goals.kept(content)
        for shares in drawn_shares(rng):
            matched = goals.matched(content, shares)
            noise = torch.randn(1, 1, CROP, CROP)
            rows.append((content, matched, noise, shares[None]))
            wanted.append(goals.goal(content_features, shares, strength))
    return [torch.cat(parts) for parts in zip(*rows, strict=True)], wanted


def backward(
    network: TransformNetwork, parts: list[Tensor], wanted: list[Goal], lengths: Tensor
) -> None:
    """Add the gradients of a step.

    Args:
        lengths: Of gradients on pixels in each style (3,), of late; brought up to date. Each
            picture's is divided by it, or the styles that are farthest off would drown the others.
    """
    with torch.autocast("cpu", torch.bfloat16):
        output = network(*parts).float()
    inside = output.detach().clamp(0, 1)
    flows = torch.cat([finished(goal.gradient(inside[i : i + 1])) for i, goal in enumerate(wanted)])
    flows = flows / LOSS_SCALE
    for at, flow in zip(parts[-1].argmax(1).tolist(), flows, strict=True):
        length = flow.norm()
        lengths[at] = torch.lerp(length, lengths[at], LATE) if lengths[at] else length
        flow /= lengths[at]
    flows += INSIDE * (output.detach() - inside)
    output.backward(flows / len(wanted))


@torch.no_grad()
def loss(goal: Goal, picture: Tensor) -> dict[str, float]:
    """Return how far off a picture is, by part: the content, the style, all that is stepped down.

    As the optimiser weighs them, features of the edges included.
    """
    outputs = finished(goal.features.steps(picture))
    parts = {name: sum(map(float, goal.off(name, layer))) for name, layer in outputs.items()}
    content = parts[CONTENT_LAYER]
    return {"content": content, "style": sum(parts.values()) - content}


def judged(goals: Goals, network: TransformNetwork, images: list[Image.Image]) -> str:
    """Return the loss of held-out pictures in each style, before and after, as a table."""
    lines = []
    for at, name in enumerate(STYLES):
        shares = torch.zeros(len(STYLES))
        shares[at] = 1
        rows = []
        for image in images:
            small = image.copy()
            small.thumbnail((256, 256), Image.Resampling.LANCZOS)
            content = as_tensor(small)[..., : small.height // 4 * 4, : small.width // 4 * 4]
            goal = goals.goal(goals.kept(content), shares)
            matched = goals.matched(content, shares)
            noise = torch.randn(content[:, :1].shape, generator=torch.manual_seed(0))
            with torch.no_grad():
                output = network(content, matched, noise, shares[None]).clamp(0, 1)
            before, after = loss(goal, matched), loss(goal, output)
            rows.append([before["style"], after["style"], after["content"]])
        start, style, content_ = np.mean(rows, 0)
        lines.append(f"{name} {start:.3f} -> style {style:.3f} content {content_:.3f}")
    return "; ".join(lines)


def rate(step: int, steps: int) -> float:
    """Return the rate of a step: up quickly, then down along half a cosine."""
    return RATE * min(1, (step + 1) / WARM) * 0.5 * (1 + math.cos(math.pi * step / steps))


def main() -> None:
    """Train, and go on where it was left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2300)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.folder.mkdir(parents=True, exist_ok=True)
    images = photographs(args.photographs, is_held_out=False)
    held_out = photographs(args.photographs, is_held_out=True)
    goals = Goals(finished(loader().load(VGG, "cpu")))
    torch.manual_seed(0)
    network = TransformNetwork()
    average = TransformNetwork()
    average.load_state_dict(network.state_dict())
    others = [weight for name, weight in network.named_parameters() if name != "kept"]
    optimiser = torch.optim.Adam([{"params": others}, {"params": [network.kept]}], RATE)
    step, checkpoint, lengths = 0, args.folder / "preview.pt", torch.zeros(len(STYLES))
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, lengths = state["step"], state["lengths"]
    started = time.process_time()
    while step < args.steps:
        torch.manual_seed(step)
        for group, times in zip(optimiser.param_groups, (1, KEPT_RATE), strict=True):
            group["lr"] = times * rate(step, args.steps)
        optimiser.zero_grad()
        strength = STRONG[1] + (STRONG[0] - STRONG[1]) * (1 - step / args.steps)
        backward(network, *batch(goals, images, random.Random(step), strength), lengths)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        stays = min(AVERAGED, step / (step + 10))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, 1 - stays)
        if step % KEPT_EVERY == 0 or step == args.steps:
            state = {"network": network.state_dict(), "average": average.state_dict()}
            state |= {"optimiser": optimiser.state_dict(), "step": step, "lengths": lengths}
            torch.save(state, checkpoint)
            print(f"step {step}, {time.process_time() - started:.0f} s", lengths, flush=True)
        if step % (10 * KEPT_EVERY) == 0:
            print(judged(goals, average, held_out), flush=True)
    save(args.out, average)
    size, digest = args.out.stat().st_size, hashlib.sha256(args.out.read_bytes()).hexdigest()
    total = sum(parameter.numel() for parameter in average.parameters())
    print(f"parameters {total:,}, bytes {size:,}, sha256 {digest}")
    print(judged(goals, average, held_out))
    if (sidecar := args.out.with_suffix(".toml")).exists():
        update_sidecar(sidecar, parameters=total, bytes=size, sha256=digest)


if __name__ == "__main__":
    main()
