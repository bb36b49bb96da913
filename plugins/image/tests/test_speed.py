"""Benches of pictures: both sides do the same work, and what is missing is said."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from studio_image.bench import diffusion, ncnn_net, speed
from studio_image.upscale.model import Upscaler
from studio_image.upscale.ncnn import convert
from studio_image.upscale.networks import Compact, RRDBNet

pytestmark = pytest.mark.torch


class Ctx:
    """The little that the bench asks of the studio."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch


@pytest.mark.parametrize("network", [Compact(4, 5, 2), RRDBNet(4, 8, 2, 4)])
def test_what_is_written_for_ncnn_is_read_back_as_it_was(tmp_path: Path, network) -> None:
    layers, numbers = ncnn_net.graph_of(network).save(tmp_path)
    found = convert(layers.read_text("utf-8"), numbers.read_bytes())
    wanted = {name: tensor.half().numpy() for name, tensor in network.state_dict().items()}
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


def test_each_result_of_a_layer_for_ncnn_is_used_once(tmp_path: Path) -> None:
    """It computes nothing else: a result that two layers read has to be split."""
    layers, _ = ncnn_net.graph_of(RRDBNet(4, 8, 1, 4)).save(tmp_path)
    _, counts, *lines = layers.read_text("utf-8").splitlines()
    rows = [line.split() for line in lines]
    read = [name for row in rows for name in row[4 : 4 + int(row[2])]]
    made = [name for row in rows for name in row[4 + int(row[2]) :][: int(row[3])]]
    assert sorted(read) == sorted(set(made) - {ncnn_net.OUTPUT})
    assert counts == f"{len(rows)} {len(made)}"


def test_without_ncnn_our_own_time_is_told_and_how_to_add_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ncnn", None)
    upscaler = Upscaler(Compact(4, 4, 1).requires_grad_(False), "cpu", torch.float32)
    figures = speed._against_ncnn(Ctx(tmp_path), upscaler, speed._picture(16))
    assert figures["seconds"] > 0
    assert "pip install ncnn" in figures["ncnn_ratio"]


@pytest.mark.slow  # imports diffusers, which tests there do anyway
def test_both_sides_of_the_diffusion_bench_draw_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {**diffusion._UNET, "block_out_channels": [32, 32, 64, 64]}
    monkeypatch.setattr(diffusion, "_UNET", small)
    monkeypatch.setattr(diffusion, "SIDE", 64)
    pair = diffusion.Pair(torch.float32)
    assert torch.equal(pair.ours(), pair.plain())
