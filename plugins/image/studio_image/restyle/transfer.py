"""Style transfer by optimisation: pixels are changed until their features fit. Reads no files.

Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style" (arXiv:1508.06576): the style of a
picture is how its features occur together (Gram matrices), its content is where they are.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from studio.api.worker.optimiser import eager
from studio_image.restyle.features import Features

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
CONTENT_LAYER = "conv4_2"
STYLE_WEIGHT = 2.0  # of the style against the content, at strength 1; chosen by looking
SMOOTHNESS = 1.5  # weight of the total variation
HISTORY = 30  # steps that L-BFGS remembers
LOSS_SCALE = 1e4  # L-BFGS takes changes near nothing for none
COARSE_FROM = 192  # smaller pictures are made at one scale
COARSE_SHARE = 0.6  # of the steps; they cost a quarter
_LUMA = (0.299, 0.587, 0.114)  # BT.601


@dataclass(frozen=True)
class Wish:
    """Settings of a style transfer.

    Attributes:
        content: The picture that stays, (1, 3, H, W) in 0…1, at the size of the result.
        styles: Pictures (1, 3, h, w) and the share of each; shares add up to 1. Their strokes are
            as large in the result as they are here.
        strength: Of the style against the content.
        keep_colours: Change the brightness only.
        steps: In all scales together.
        start: Where the steps start, (1, 3, h, w) in 0…1; None for the content in the colours of
            the styles.
    """

    content: torch.Tensor
    styles: Sequence[tuple[torch.Tensor, float]]
    strength: float = 1.0
    keep_colours: bool = False
    steps: int = 120
    start: torch.Tensor | None = None


def transfer(
    features: Features, wish: Wish, generator: torch.Generator | None = None
) -> Iterator[torch.Tensor | None]:
    """Yield the picture (1, 3, H, W) in 0…1 after each step, coarse scales at their own size.

    The steps start from ``wish.start``, with a faint noise that ``generator`` draws. The tensor is
    the caller's to read until the next one. Within a step it yields None after each layer of the
    network: a large picture takes seconds for one.
    """
    content = wish.content.to(features.device)
    styles = [(picture.to(features.device), share) for picture, share in wish.styles]
    if wish.keep_colours:
        content, styles = _grey(content), _grey_styles(styles, content)
    if wish.start is None:
        canvas = yield from in_their_colours(content, styles, wish.strength)
    else:
        canvas = wish.start.to(content)
        canvas = _grey(canvas) if wish.keep_colours else canvas
    canvas = _with_noise(canvas, generator)
    for size, steps in scales(content.shape[-2:], wish.steps):
        canvas = resized(canvas, size)
        share = size[0] / content.shape[-2]
        smaller = [(_scaled(picture, share), weight) for picture, weight in styles]
        yield None
        goal = yield from _goal(features, resized(content, size), smaller, wish.strength)
        for step in descend(goal, canvas, steps):
            if step is None:
                yield None
                continue
            canvas = step
            yield coloured(canvas, wish.content.to(canvas)) if wish.keep_colours else canvas


def scales(size: Sequence[int], steps: int) -> list[tuple[tuple[int, int], int]]:
    """Return (height, width) and number of steps of each scale, coarse to fine."""
    height, width = size
    if max(size) < COARSE_FROM or min(size) < 32:
        return [((height, width), steps)]
    coarse = int(steps * COARSE_SHARE)
    return [((height // 2, width // 2), coarse), ((height, width), steps - coarse)]


@dataclass(frozen=True)
class Goal:
    """Target features of the canvas at one scale.

    Attributes:
        content: Features of the content picture.
        grams: Gram matrices of the styles, by layer.
        strength: Of all layers' style against the content.
    """

    features: Features
    content: torch.Tensor
    grams: Mapping[str, torch.Tensor]
    strength: float

    def gradient(self, canvas: torch.Tensor) -> Generator[None, None, torch.Tensor]:
        """Yield after each layer, there and back; return where ``canvas`` would be farther off.

        Between two layers is nothing but what they give each other, so that the way back can be
        made in steps too.
        """
        passed = []
        x = canvas
        for name, layer in self.features.layers():
            taken = x.detach().requires_grad_()
            x = layer(taken)
            passed.append((name, taken, x))
            yield
        flow: torch.Tensor | None = None
        while passed:
            name, taken, given = passed.pop()
            ways: list[tuple[torch.Tensor, torch.Tensor | None]] = []
            if flow is not None:
                ways.append((given, flow))
            ways += [(off * LOSS_SCALE, None) for off in self.off(name, given)]
            outputs, flows = zip(*ways, strict=True)
            (flow,) = torch.autograd.grad(outputs, taken, flows)
            yield
        assert flow is not None, "there are layers"
        smooth = canvas.detach().requires_grad_()
        (rough,) = torch.autograd.grad(_roughness(smooth) * LOSS_SCALE, smooth)
        return rough + flow

    def off(self, name: str, features: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield how far off a layer is. It is relative, so weights fit any picture."""
        if name == CONTENT_LAYER:
            yield _relative(features.float(), self.content)
        if name in self.grams:
            share = self.strength / len(self.grams)
            yield share * _relative(gram(features), self.grams[name])


def _goal(
    features: Features,
    content: torch.Tensor,
    styles: Sequence[tuple[torch.Tensor, float]],
    strength: float,
) -> Generator[None, None, Goal]:
    target = (yield from features.steps(content))[CONTENT_LAYER].float()
    grams = {name: torch.zeros(()) for name in STYLE_LAYERS}
    for picture, share in styles:
        outputs = yield from features.steps(picture)
        for name in STYLE_LAYERS:
            mixed = share * gram(outputs[name])
            grams[name] = grams[name].to(mixed) + mixed
        yield
    return Goal(features, target, grams, strength * STYLE_WEIGHT)


def descend(goal: Goal, start: torch.Tensor, steps: int) -> Iterator[torch.Tensor | None]:
    """Yield the canvas after each step of L-BFGS on its pixels, and None within a step.

    Gatys et al. use it too. At the same cost its pictures are calmer than those of Adam: faces
    stay faces, and strokes become long.
    """
    canvas = start.detach().clone().requires_grad_()
    optimiser = eager(torch.optim.LBFGS)(
        [canvas], max_iter=1, history_size=HISTORY, tolerance_grad=0, tolerance_change=0
    )
    for _ in range(steps):
        with torch.no_grad():
            canvas.clamp_(0, 1)
        canvas.grad = yield from goal.gradient(canvas)
        optimiser.step(lambda: 0.0)  # it looks at the gradient alone
        yield canvas.detach().clamp(0, 1)


def gram(features: torch.Tensor) -> torch.Tensor:
    """Return how features (1, c, h, w) occur together, (c, c) in float32."""
    flat = features.flatten(2)[0]
    return (flat @ flat.T).float() / flat.shape[1]


def _relative(have: torch.Tensor, want: torch.Tensor) -> torch.Tensor:
    return (have - want).square().mean() / want.square().mean().clamp_min(1e-8)


def _roughness(picture: torch.Tensor) -> torch.Tensor:
    across, down = (picture.diff(dim=dim).abs().mean() for dim in (2, 3))
    return (across + down) * SMOOTHNESS


def resized(picture: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Return a picture (1, 3, h, w) at (height, width)."""
    if tuple(picture.shape[-2:]) == tuple(size):
        return picture
    return F.interpolate(picture, tuple(size), mode="bicubic", antialias=True).clamp(0, 1)


def _scaled(picture: torch.Tensor, scale: float) -> torch.Tensor:
    """Return a style picture as much smaller as the canvas is."""
    height, width = picture.shape[-2:]
    return resized(picture, (max(16, round(height * scale)), max(16, round(width * scale))))


def _with_noise(picture: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
    noise = torch.randn(picture.shape, generator=generator, device=picture.device)
    return (picture + 0.02 * noise).clamp(0, 1)


# --- colours ----------------------------------------------------------------------------------


def in_their_colours(
    content: torch.Tensor, styles: Sequence[tuple[torch.Tensor, float]], strength: float
) -> Generator[None, None, torch.Tensor]:
    """Yield after each style; return ``content`` with the mean and covariance of their colours.

    The steps would find those colours too, but need many more for it. Below strength 1 part of the
    way. The linear map is that of Gatys et al. (arXiv:1611.07865).
    """
    have, have_root = _colour_statistics(content)
    matched = torch.zeros_like(content)
    for picture, share in styles:
        want, want_root = _colour_statistics(picture)
        turn = want_root @ torch.linalg.inv(have_root)
        matched += share * (torch.einsum("ij,njhw->nihw", turn, content - have) + want)
        yield
    return torch.lerp(content, matched, min(strength, 1.0)).clamp(0, 1)


def _colour_statistics(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean colour (1, 3, 1, 1) and the symmetric root of the covariance (3, 3)."""
    mean = picture.mean(dim=(0, 2, 3), keepdim=True)
    flat = (picture - mean).flatten(2)[0]
    # A picture of few colours has next to no covariance in some direction: keep it invertible.
    covariance = flat @ flat.T / flat.shape[1] + 1e-3 * torch.eye(3, device=picture.device)
    values, vectors = torch.linalg.eigh(covariance)
    return mean, vectors @ torch.diag(values.sqrt()) @ vectors.T


def _grey(picture: torch.Tensor) -> torch.Tensor:
    luma = torch.tensor(_LUMA, device=picture.device).view(1, 3, 1, 1)
    return (picture * luma).sum(1, keepdim=True).expand(-1, 3, -1, -1)


def _grey_styles(
    styles: Sequence[tuple[torch.Tensor, float]], grey: torch.Tensor
) -> list[tuple[torch.Tensor, float]]:
    """Return the styles in grey, as bright and as rich in contrast as the content.

    Gatys et al., "Preserving Color in Neural Artistic Style Transfer" (arXiv:1606.05897).
    """
    mean, spread = grey.mean(), grey.std()
    matched = []
    for picture, share in styles:
        style = _grey(picture)
        style = (style - style.mean()) / style.std().clamp_min(1e-3) * spread + mean
        matched.append((style.clamp(0, 1), share))
    return matched


def coloured(canvas: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
    """Return the brightness of ``canvas`` with the colours of ``content``."""
    content = resized(content, canvas.shape[-2:])
    return (content - _grey(content) + _grey(canvas)).clamp(0, 1)
