"""The chorale network as a file: recognised by its header, measured, loaded, written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader
from studio_music.chorales.network import ChoraleNetwork
from studio_music.networks import stored_network

FORMAT: Final = "music-chorales/1"
_WORKING_BYTES: Final = 64 * 2**20


@dataclass
class Chorales:
    """The loaded network."""

    network: ChoraleNetwork

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)


def loader() -> SafetensorsLoader[Chorales]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="music-chorales",
        title="Chorales",
        capabilities=("chorales",),
        mark={"format": FORMAT},
        working_bytes=_WORKING_BYTES,
        describe=stored_network.facts,
        build=_built,
    )


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> Chorales:
    return Chorales(stored_network.network(ChoraleNetwork, header, tensors, device))


def save(
    path: Path, state: dict[str, Tensor], shape: dict[str, Any], facts: dict[str, Any]
) -> None:
    """Write a chorale network in half precision.

    Args:
        shape: ``kind``, ``width`` and ``depth`` of the network.
        facts: Plain data for those who look at the weights.
    """
    stored_network.save(path, FORMAT, state, shape=shape, facts=facts)
