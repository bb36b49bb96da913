"""Writes a network of Real-ESRGAN as ncnn reads it, and runs it there. For the bench only.

The way back from :mod:`studio_image.upscale.ncnn`: a ``.param`` text that lists the layers, and
their numbers one after another. ncnn is BSD-3-Clause and no package of the plugin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from studio_image.upscale.ncnn import HALF, MAGIC
from studio_image.upscale.networks import RESIDUAL, SLOPE, Compact, RRDBNet

INPUT, OUTPUT = "data", "output"
_LEAKY = f"9=2 -23310=1,{SLOPE}"
_WEIGHED_SUM = f"0=1 -23301=2,{RESIDUAL},1.0"


class Graph:
    """Layers in the order of the computation, each with its one result."""

    def __init__(self) -> None:
        self._layers: list[tuple[str, tuple[str, ...], str, str]] = [("Input", (), INPUT, "")]
        self._numbers = bytearray()

    def add(self, kind: str, inputs: Sequence[str], options: str = "", result: str = "") -> str:
        """Append a layer; return the name of its result."""
        result = result or f"b{len(self._layers)}"
        self._layers.append((kind, tuple(inputs), result, options))
        return result

    def convolution(self, layer: nn.Conv2d, given: str, options: str = "", result: str = "") -> str:
        """Append a convolution with its numbers, in half precision as the published files."""
        weights = layer.weight.detach().numpy().astype("<f2").tobytes()
        self._numbers += HALF.to_bytes(4, "little") + weights + b"\0" * (-len(weights) % 4)
        assert layer.bias is not None
        self._numbers += layer.bias.detach().numpy().astype("<f4").tobytes()
        sizes = f"0={layer.out_channels} 1=3 4=1 5=1 6={layer.weight.numel()}"
        return self.add("Convolution", [given], f"{sizes} {options}", result)

    def slopes(self, layer: nn.PReLU, given: str) -> str:
        """Append a PReLU with its numbers."""
        self._numbers += layer.weight.detach().numpy().astype("<f4").tobytes()
        return self.add("PReLU", [given], f"0={layer.weight.numel()}")

    def save(self, folder: Path) -> tuple[Path, Path]:
        """Write the two files; each use of a result gets a copy of its own, as ncnn wants it."""
        uses = Counter(name for _, inputs, _, _ in self._layers for name in inputs)
        taken: Counter[str] = Counter()
        lines: list[str] = []
        blobs = 0
        for number, (kind, inputs, result, options) in enumerate(self._layers):
            given = []
            for name in inputs:
                given.append(f"{name}_{taken[name]}" if uses[name] > 1 else name)
                taken[name] += 1
            lines.append(_line(kind, f"l{number}", given, [result], options))
            copies = [f"{result}_{copy}" for copy in range(uses[result])]
            if len(copies) > 1:
                lines.append(_line("Split", f"s{number}", [result], copies))
            blobs += 1 + (len(copies) if len(copies) > 1 else 0)
        layers, numbers = folder / "net.param", folder / "net.bin"
        layers.write_text("\n".join([MAGIC, f"{len(lines)} {blobs}", *lines, ""]), "utf-8")
        numbers.write_bytes(self._numbers)
        return layers, numbers


def _line(
    kind: str, name: str, inputs: Sequence[str], results: Sequence[str], options: str = ""
) -> str:
    words = [kind, name, len(inputs), len(results), *inputs, *results, options]
    return " ".join(map(str, words))


def graph_of(network: Compact | RRDBNet) -> Graph:
    """Return the layers of a network of scale 4 that is on the processor."""
    graph = Graph()
    if isinstance(network, Compact):
        _compact(graph, network)
    else:
        _rrdb(graph, network)
    return graph


def _compact(graph: Graph, network: Compact) -> None:
    out = INPUT
    for layer in network.body:
        if isinstance(layer, nn.Conv2d):
            out = graph.convolution(layer, out)
        else:
            assert isinstance(layer, nn.PReLU)
            out = graph.slopes(layer, out)
    out = graph.add("PixelShuffle", [out], f"0={network.scale}")
    base = graph.add("Interp", [INPUT], f"0=1 1={network.scale}.0 2={network.scale}.0")
    graph.add("BinaryOp", [out, base], "0=0", OUTPUT)


def _rrdb(graph: Graph, network: RRDBNet) -> None:
    start = trunk = graph.convolution(network.conv_first, INPUT)
    for block in network.body:
        inner = trunk
        for dense in (block.rdb1, block.rdb2, block.rdb3):
            inner = _dense(graph, dense, inner)
        trunk = graph.add("Eltwise", [inner, trunk], _WEIGHED_SUM)
    trunk = graph.add("BinaryOp", [start, graph.convolution(network.conv_body, trunk)], "0=0")
    for layer in (network.conv_up1, network.conv_up2):
        trunk = graph.add("Interp", [trunk], "0=1 1=2.0 2=2.0")
        trunk = graph.convolution(layer, trunk, _LEAKY)
    trunk = graph.convolution(network.conv_hr, trunk, _LEAKY)
    graph.convolution(network.conv_last, trunk, result=OUTPUT)


def _dense(graph: Graph, dense: Any, given: str) -> str:
    seen = [given]
    for layer in (dense.conv1, dense.conv2, dense.conv3, dense.conv4):
        joined = graph.add("Concat", seen) if len(seen) > 1 else given
        seen.append(graph.convolution(layer, joined, _LEAKY))
    last = graph.convolution(dense.conv5, graph.add("Concat", seen))
    return graph.add("Eltwise", [last, given], _WEIGHED_SUM)


def runner(network: Compact | RRDBNet, folder: Path, threads: int) -> Callable[[Tensor], Tensor]:
    """Return the network as ncnn runs it on the processor.

    Takes and gives (1, 3, H, W), 0–1, as the network itself.

    Raises:
        ModuleNotFoundError: The package ``ncnn`` is not installed.
    """
    import ncnn

    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = threads
    layers, numbers = graph_of(network).save(folder)
    if net.load_param(str(layers)) or net.load_model(str(numbers)):
        raise ValueError("ncnn does not read the network that was written for it")

    def run(pictures: Tensor) -> Tensor:
        extractor = net.create_extractor()
        extractor.input(INPUT, ncnn.Mat(np.ascontiguousarray(pictures[0].numpy())))
        return torch.from_numpy(np.array(extractor.extract(OUTPUT)[1]))[None].clamp(0, 1)

    return run
