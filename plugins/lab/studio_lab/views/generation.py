"""How pictures and rows come about: a walk between two, and the way from noise to the whole."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studio.api.plot import Axis, Line, Plot, Points, Values
from studio_lab.datasets.dataset import Shape
from studio_lab.datasets.presentation import pixels
from studio_lab.networks.diffusion import STEPS as DIFFUSION_STEPS
from studio_lab.networks.diffusion import Diffusion
from studio_lab.networks.flow_matching import STEPS as FLOW_STEPS
from studio_lab.networks.flow_matching import FlowMatching
from studio_lab.networks.gan import Gan
from studio_lab.networks.normalising_flow import NormalisingFlow
from studio_lab.networks.vae import Vae
from studio_lab.networks.vqvae import VqVae
from studio_lab.training.randomness import generator
from studio_lab.training.samples import drawn
from studio_lab.views.view import Picture, View, grid

STAGES = 10
"""Pictures from the first to the last."""
_SCATTERED, _MOMENTS = 200, 4
"""Rows of a table that are points, at so many moments."""
_COLUMNS = 8
"""Of a table, that are shown as lines."""

Columns = Sequence[Mapping[str, Any]]


@torch.no_grad()
def latent_walk(network: Vae | Gan, count: int, seed: int, columns: Columns = ()) -> View:
    """Return what lies between pairs of random latent points: a row for each pair.

    The way is along the sphere that normal draws lie near: on a straight line they would pass its
    middle, where hardly any lie (White, 2016).
    """
    device = str(next(network.parameters()).device)
    random = generator(device, seed, "walk")
    ends = torch.randn(2, count, network.latent, generator=random, device=device)
    shares = torch.linspace(0, 1, STAGES, device=device)
    latent = torch.stack([sphere(ends[0], ends[1], share) for share in shares], 1).flatten(0, 1)
    decoded = network.decode(latent) if isinstance(network, Vae) else torch.tanh(
        network.generator(latent)
    )  # fmt: skip
    if network.shape.kind == "pictures":
        return View("Latent walk", _strips(decoded, network.shape, STAGES))
    walk = decoded[:STAGES].T.cpu().numpy()
    lines = [
        Line([*map(float, values)], [*map(float, shares)], name)
        for values, name in zip(walk, _names(columns, len(walk)), strict=False)
    ]
    plot = Plot("Latent walk", [*lines[:_COLUMNS]], Axis("Share of the way"), Axis("Standardised"))
    return View("Latent walk", plot)


def sphere(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Return the points that lie ``share`` of the way from (N, L) to (N, L), on a sphere."""
    cosine = torch.nn.functional.cosine_similarity(first, last, dim=1).clamp(-0.9999, 0.9999)
    angle = torch.arccos(cosine)[:, None]
    whole = torch.sin(angle)
    return torch.sin((1 - share) * angle) / whole * first + torch.sin(share * angle) / whole * last


def denoising(
    network: Diffusion | FlowMatching, count: int, seed: int, columns: Columns = ()
) -> Generator[float, None, View]:
    """Yield the share done; return how noise becomes rows: a line of pictures for each.

    Of a table: where its first two columns lie, at some moments.
    """
    device = str(next(network.parameters()).device)
    random = generator(device, seed, "denoising")
    is_picture = network.shape.kind == "pictures"
    count = count if is_picture else _SCATTERED
    x = torch.randn((count, *network.shape.sides), generator=random, device=device)
    steps = DIFFUSION_STEPS if isinstance(network, Diffusion) else FLOW_STEPS
    stages = {round(step) for step in np.linspace(0, steps, STAGES)}
    seen = [x]
    for number in range(steps):
        with torch.no_grad():  # not held while others compute
            x = _step(network, x, number / steps, (number + 1) / steps, random)
        if number + 1 in stages:
            seen.append(x)
        yield (number + 1) / steps
    return View("Denoising", _course("Denoising", seen, network.shape, columns))


@torch.no_grad()
def unfolding(network: NormalisingFlow, count: int, seed: int, columns: Columns = ()) -> View:
    """Return how couplings turn noise into rows, one after the other."""
    device, shape = str(network.centre.device), network.shape
    count = count if shape.kind == "pictures" else _SCATTERED
    noise = torch.randn(
        count, shape.dimensions, generator=generator(device, seed, "unfolding"), device=device
    )
    seen = [network.centre + network.log_scale.exp() * noise]
    for coupling in reversed([*network.couplings]):
        seen.append(coupling.back(seen[-1]))
    stages = np.linspace(0, len(seen) - 1, min(len(seen), STAGES)).round().astype(int)
    rows = [seen[stage].reshape(count, *shape.sides) for stage in stages]
    return View("Unfolding", _course("Unfolding", rows, shape, columns))


def codes(network: VqVae, count: int, seed: int) -> Generator[float, None, View]:
    """Yield the share done; return grids of codes, and below each the picture it stands for."""
    grids = yield from drawn(network.prior, count, seed)
    with torch.no_grad():
        numbers = torch.from_numpy((grids[:, 0] + 1) / 2 * (len(network.codebook) - 1)).round()
        entries = network.codebook[numbers.long().to(network.codebook.device)]
        decoded = network.decoder(entries.permute(0, 3, 1, 2)).cpu()
    shape = network.shape
    larger = torch.nn.functional.interpolate(torch.from_numpy(grids), (shape.height, shape.width))
    both = torch.cat([larger.expand(-1, shape.channels, -1, -1), decoded])
    return View("Codes", _strips(both, shape, count))


def _course(title: str, seen: Sequence[Tensor], shape: Shape, columns: Columns) -> Plot | Picture:
    """Return rows at several moments: a line of pictures each, or points at four of the moments."""
    if shape.kind == "pictures":
        return _strips(torch.stack([*seen], 1).flatten(0, 1), shape, len(seen))
    names = [*_names(columns, shape.columns), ""]
    series = []
    for place in np.linspace(0, len(seen) - 1, min(len(seen), _MOMENTS)).round().astype(int):
        rows = seen[place]
        x, y = _values(rows[:, 0]), _values(rows[:, min(1, rows.shape[1] - 1)])
        series.append(Points(y, x, f"{place / (len(seen) - 1):.0%}"))
    return Plot(title, [*series], Axis(names[0]), Axis(names[1]))


def _step(
    network: Diffusion | FlowMatching, x: Tensor, at: float, after: float, random: torch.Generator
) -> Tensor:
    """Return rows one step on; ``at`` and ``after`` are shares of the way from noise."""
    if isinstance(network, Diffusion):
        return network.denoised(
            x,
            torch.tensor(1 - at, device=x.device),
            torch.tensor(1 - after, device=x.device),
            random,
        )
    time, width = torch.full((len(x),), at, device=x.device), after - at
    there = network.direction(x, time)
    arrived = network.direction(x + width * there, time + width)
    return x + width * (there + arrived) / 2


def drawing(rows: NDArray[Any], shape: Shape) -> View:
    """Return pictures that were drawn pixel by pixel, as they were on the way.

    What is drawn is never changed again: each stage is the whole without what came later.
    """
    order = np.arange(shape.height * shape.width).reshape(shape.height, shape.width)
    stages = np.linspace(0, order.size, STAGES)
    drawn = np.stack([np.where(order < stage, rows, -1.0) for stage in stages], 1)
    return View("Drawing", _strips(torch.from_numpy(drawn).flatten(0, 1), shape, STAGES))


def _strips(rows: Tensor, shape: Shape, columns: int) -> Picture:
    shown = pixels(rows.clamp(-1, 1).float().cpu().numpy(), shape.levels)
    return grid(shown, columns)


def _names(columns: Columns, count: int) -> list[str]:
    """Return what each number of a row is called: of a category, each of its values has one."""
    names = [
        f"{column['name']}: {value}" if value else str(column["name"])
        for column in columns
        for value in column.get("names", [""])
    ]
    return names if len(names) == count else [str(number + 1) for number in range(count)]


def _values(column: Tensor) -> Values:
    return [round(float(value), 4) for value in column]
