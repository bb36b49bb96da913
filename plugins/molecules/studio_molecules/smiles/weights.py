"""The SMILES model as a file: recognised by its header, measured, loaded, written.

One safetensors file in half precision; its metadata hold the vocabulary and the shape of the
network. Writes no SMILES.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from studio.api import Requirements, WeightsFacts
from studio.api.worker.tensor_files import damage_told, damaged, read_header, read_tensors
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


class SmilesLoader:
    """The ``Loader`` of the family ``smiles-lm``."""

    family = "smiles-lm"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header says, or None if it is no SMILES model."""
        metadata = read_metadata(path)
        if metadata is None:
            return None
        config = json.loads(metadata["config"])
        facts = {"network": metadata["network"], "molecules_seen": int(metadata["seen"]), **config}
        return WeightsFacts(self.family, "Molecules", ("smiles",), facts)

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed: the file holds half precision, the network full."""
        return Requirements(2 * path.stat().st_size, _WORKING_BYTES)

    def load(self, path: Path, device: str) -> Generator[float, None, SmilesModel]:
        """Yield the share done; return the network.

        Raises:
            StudioError: The file is damaged or of another make.
        """
        metadata = read_metadata(path)
        if metadata is None:
            raise damaged(path, "its header is not that of a SMILES model")
        with damage_told(path):
            vocabulary = Vocabulary(json.loads(metadata["vocabulary"]))
            config = {name: int(value) for name, value in json.loads(metadata["config"]).items()}
            if any(not 0 < value <= _LIMITS[name] for name, value in config.items()):
                raise damaged(path, "its header describes a network that is too large")
            network = NETWORKS[metadata["network"]](**config)
            network.load_state_dict((yield from read_tensors(path, device)))
        return SmilesModel(network.to(device).eval().requires_grad_(False), vocabulary)

    def park(self, loaded: SmilesModel) -> None:
        """Move the network to the memory of the processor."""
        loaded.network.to("cpu")

    def unpark(self, loaded: SmilesModel, device: str) -> None:
        """Move it back."""
        loaded.network.to(device)

    def unload(self, loaded: SmilesModel) -> None:
        """Let go of the network."""
        loaded.network.to("meta")


def loader() -> SmilesLoader:
    """Return the loader of this family."""
    return SmilesLoader()


def read_metadata(path: Path) -> dict[str, str] | None:
    """Return the metadata of a SMILES model's file; None if ``path`` is something else."""
    return read_header(path, FORMAT)


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
        "format": FORMAT,
        "network": network,
        "config": json.dumps(dict(config)),
        "vocabulary": json.dumps(list(vocabulary)),
        "seen": str(seen),
    }
    save_file({name: value.half().contiguous() for name, value in state.items()}, path, metadata)
