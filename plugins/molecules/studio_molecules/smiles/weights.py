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

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio_molecules.smiles.network import NETWORKS
from studio_molecules.smiles.vocabulary import Vocabulary

FORMAT = "smiles-lm/1"
_WORKING_BYTES = 400 * 2**20
"""Of a batch of 256 strings with their caches."""

_LIMITS = {"vocabulary": 512, "width": 2048, "depth": 64, "heads": 64}


@dataclass
class SmilesModel:
    """A loaded network and the vocabulary that it speaks."""

    network: nn.Module
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
            raise _damaged(path, "its header is not that of a SMILES model")
        state: dict[str, Tensor] = {}
        try:
            vocabulary = Vocabulary(json.loads(metadata["vocabulary"]))
            config = {name: int(value) for name, value in json.loads(metadata["config"]).items()}
            if any(not 0 < value <= _LIMITS[name] for name, value in config.items()):
                raise _damaged(path, "its header names a network that is too large")
            network = NETWORKS[metadata["network"]](**config)
            with safe_open(path, framework="pt", device=device) as file:
                names = list(file.keys())
                for number, name in enumerate(names, 1):
                    state[name] = file.get_tensor(name).float()
                    if number % 8 == 0:
                        yield number / len(names)
            network.load_state_dict(state)
        except (SafetensorError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise _damaged(path, str(error).splitlines()[0]) from error
        return SmilesModel(network.to(device).eval().requires_grad_(False), vocabulary)

    def unload(self, loaded: SmilesModel) -> None:
        """Let go of the network."""
        loaded.network.to("meta")


def loader() -> SmilesLoader:
    """Return the loader of this family."""
    return SmilesLoader()


def read_metadata(path: Path) -> dict[str, str] | None:
    """Return the metadata of a SMILES model's file; None if ``path`` is something else."""
    if path.suffix.lower() != ".safetensors" or not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
    except SafetensorError:
        return None  # damaged, or no safetensors at all: not known to be ours
    return metadata if metadata.get("format") == FORMAT else None


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


def _damaged(path: Path, why: str) -> StudioError:
    return StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"The weights {path.name} cannot be used: {why}.",
        "Run the set-up again, or copy the file again.",
    )
