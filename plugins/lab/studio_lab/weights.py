"""Trained networks as files: one safetensors file with the card in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors
from studio_lab.datasets.dataset import Shape
from studio_lab.datasets.tokens import END
from studio_lab.networks.architecture import Network
from studio_lab.networks.architectures import ARCHITECTURES

FORMAT = "lab/1"
_WORKING_BYTES = 256 << 20


@dataclass
class Trained:
    """A network that has learned.

    Attributes:
        architecture: Its name.
        meta: What leads from its rows back to what a person reads.
        card: What it was trained on, how, and how good it is: plain data.
        arguments: Of ``Architecture.make`` beside the shape.
    """

    network: Network
    architecture: str
    shape: Shape
    meta: Mapping[str, Any]
    card: Mapping[str, Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)


def loader() -> SafetensorsLoader[Trained]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="lab",
        title="Lab",
        capabilities=("lab",),
        mark={"format": FORMAT},
        working_bytes=_WORKING_BYTES,
        describe=_facts,
        build=_built,
        growth=1,
    )


def _facts(header: Header) -> dict[str, Any]:
    card: dict[str, Any] = json.loads(header.metadata["card"])
    return {"architecture": header.metadata["architecture"], **card}


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> Trained:
    metadata = header.metadata
    shape = Shape(**json.loads(metadata["shape"]))
    arguments = json.loads(metadata["arguments"])
    with torch.device("meta"):  # what it holds comes from the file, and no number is drawn
        network = ARCHITECTURES[metadata["architecture"]].make(shape, **arguments)
    network.load_state_dict(tensors, assign=True)
    network.to(device).eval().requires_grad_(False)
    meta = _vocabulary(json.loads(metadata["meta"]), shape)
    return Trained(network, metadata["architecture"], shape, meta, _facts(header), arguments)


def _vocabulary(meta: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Return the meta of weights with a vocabulary: the first ones had an alphabet."""
    if alphabet := meta.pop("alphabet", ""):
        ends = shape.kind == "pairs"
        meta["vocabulary"] = [END, *alphabet[1:]] if ends else list(alphabet)
    return meta


def save(
    path: Path,
    network: Network,
    *,
    architecture: str,
    arguments: Mapping[str, Any],
    meta: Mapping[str, Any],
    card: Mapping[str, Any],
) -> None:
    """Write a network in full precision.

    Args:
        arguments: Of ``Architecture.make`` beside the shape.
        meta, card: As ``Trained`` has them. What it makes is an entry of its own (``makes``), by
            which pages that show results of that kind find it.

    Raises:
        OSError: The disk refused.
    """
    makes = str(meta.get("content") or network.shape.kind) if network.generates else ""
    entries = {"shape": asdict(network.shape), "arguments": arguments, "meta": meta, "card": card}
    metadata = {name: json.dumps(value) for name, value in entries.items()}
    head = {"architecture": architecture, "makes": makes}
    write_tensors(path, FORMAT, network.state_dict(), {**head, **metadata}, half=False)
