"""The SMILES model as a file: recognised by its header, measured, loaded, written.

One safetensors file in half precision; its metadata hold the vocabulary and the shape of the
network. Writes no SMILES.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, damaged, write_tensors
from studio_molecules.smiles.network import NETWORKS, Network
from studio_molecules.smiles.vocabulary import Vocabulary

FORMAT = "smiles-lm/1"
_WORKING_BYTES = 400 * 2**20
"""Of a batch of 256 strings with their caches."""

_LIMITS = {"vocabulary": 512, "width": 2048, "depth": 64, "heads": 64}


@dataclass
class SmilesModel:
    """A loaded network and the vocabulary that it speaks."""

    network: Network
    vocabulary: Vocabulary

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)


def loader() -> SafetensorsLoader[SmilesModel]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="smiles-lm",
        title="Molecules",
        capabilities=("smiles",),
        mark={"format": FORMAT},
        working_bytes=_WORKING_BYTES,
        describe=_facts,
        build=_built,
    )


def _facts(header: Header) -> dict[str, Any]:
    metadata = header.metadata
    return {
        "network": metadata["network"],
        "molecules_seen": int(metadata["seen"]),
        **json.loads(metadata["config"]),
    }


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> SmilesModel:
    vocabulary = Vocabulary(json.loads(header.metadata["vocabulary"]))
    config = {name: int(value) for name, value in json.loads(header.metadata["config"]).items()}
    if any(not 0 < value <= _LIMITS[name] for name, value in config.items()):
        raise damaged(header.path, "its header describes a network that is too large")
    network = NETWORKS[header.metadata["network"]](**config)
    network.load_state_dict(tensors)
    return SmilesModel(network.to(device).eval().requires_grad_(False), vocabulary)


def save(
    path: Path,
    network: str,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    vocabulary: Sequence[str],
    seen: int,
) -> None:
    """Write a SMILES model: ``network`` is its name in ``NETWORKS``, ``seen`` counts molecules."""
    metadata = {
        "network": network,
        "config": json.dumps(dict(config)),
        "vocabulary": json.dumps(list(vocabulary)),
        "seen": str(seen),
    }
    write_tensors(path, FORMAT, state, metadata)
