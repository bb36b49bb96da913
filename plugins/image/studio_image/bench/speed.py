"""The bench ``image``: a denoising step against the plain loop, enlarging against ncnn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psutil
import torch
from torch import Tensor

from studio.api import BenchContext, finished, median_times
from studio_image.bench import ncnn_net
from studio_image.bench.diffusion import SIDE, STEPS, Pair
from studio_image.diffusion.model import native_dtype
from studio_image.upscale import weights as upscale_weights
from studio_image.upscale.model import Upscaler
from studio_image.upscale.networks import layout_of

ROUNDS = 3
ENLARGERS = {
    "chain": ("real-esrgan-animevideov3", 128),
    "blocks": ("real-esrgan-x4plus-anime", 64),
}
"""The two networks of Real-ESRGAN: weights, and pixels of a side of the picture to enlarge."""


def measure(ctx: BenchContext) -> Mapping[str, Any]:
    """Return the times; in each ratio, that of the other over ours.

    ``differs`` is how far the two results are apart, as a share: the same work was done.
    """
    load = psutil.getloadavg()[0]
    return {
        **_denoising(ctx),
        **_enlarging(ctx),
        "rounds": ROUNDS,
        "threads": torch.get_num_threads(),
        "load_of_the_machine": load,
    }


def _denoising(ctx: BenchContext) -> dict[str, Any]:
    dtype = native_dtype("cpu")
    ctx.say(f"drawing {SIDE} px with random weights, {ROUNDS} times in {dtype} and in float32")
    pair = Pair(dtype)
    ours, plain = median_times(ROUNDS, pair.ours, pair.plain)
    return {
        "ratio": plain.clock / ours.clock,
        "ratio_of_processor_time": plain.processor / ours.processor,
        "step_seconds": ours.clock / STEPS,
        "plain_float32_step_seconds": plain.clock / STEPS,
        "differs": _apart(pair.ours(), pair.plain()),
        "type": str(dtype).removeprefix("torch."),
    }


def _enlarging(ctx: BenchContext) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for short, (name, side) in ENLARGERS.items():
        ctx.say(f"enlarging {side} × {side} px with {name}, {ROUNDS} times here and in ncnn")
        upscaler = finished(upscale_weights.loader().load(ctx.weights_path(name), "cpu"))
        picture = _picture(side)
        against = _against_ncnn(ctx, upscaler, picture)
        figures |= {f"{short}_{measure}": value for measure, value in against.items()}
    return figures


def _against_ncnn(ctx: BenchContext, upscaler: Upscaler, picture: Tensor) -> dict[str, float | str]:
    def ours() -> Tensor:
        enlarged: Tensor = finished(upscaler.steps(picture))
        return enlarged

    try:
        theirs = ncnn_net.runner(_exact(upscaler), ctx.scratch, torch.get_num_threads())
    except ModuleNotFoundError:
        (alone,) = median_times(ROUNDS, ours)
        return {"ncnn_ratio": "not measured: pip install ncnn", "seconds": alone.clock}
    here, there = median_times(ROUNDS, ours, lambda: theirs(picture))
    return {
        "ncnn_ratio": there.clock / here.clock,
        "ncnn_ratio_of_processor_time": there.processor / here.processor,
        "seconds": here.clock,
        "ncnn_seconds": there.clock,
        "differs": _apart(ours(), theirs(picture)),
    }


def _exact(upscaler: Upscaler) -> Any:
    """Return a copy of the network in float32, in the order of its published numbers."""
    assert upscaler.network is not None
    state = {name: tensor.float() for name, tensor in upscaler.network.state_dict().items()}
    layout = layout_of({name: tuple(tensor.shape) for name, tensor in state.items()})
    assert layout is not None, "it was built from one"
    network = layout.build()
    network.load_state_dict(state)
    return network.requires_grad_(False).eval()


def _picture(side: int) -> Tensor:
    """Return (1, 3, side, side) in 0…1: soft shapes with edges, as drawings have them."""
    across, down = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    waves = [torch.sin(torch.hypot(across - a, down - a) / 5 + a) for a in (3.0, 20.0, 55.0)]
    return torch.stack(waves).sign().mul(0.3).add(0.5)[None]


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())
