"""The tune network as a file: recognised by its header, measured, loaded, written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader
from studio_music.compose.networks import stored_network
from studio_music.compose.tunes.network import TuneNetwork

FORMAT: Final = "music-tunes/1"
_WORKING_BYTES: Final = 32 * 2**20


@dataclass
class Tunes:
    """The loaded network, and facts about its training data.

    Attributes:
        densities: Time signature → lowest and highest class of density it has seen often.
    """

    network: TuneNetwork
    densities: dict[str, tuple[int, int]]

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)


def loader() -> SafetensorsLoader[Tunes]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="music-tunes",
        title="Tunes",
        capabilities=("tunes",),
        mark={"format": FORMAT},
        working_bytes=_WORKING_BYTES,
        describe=stored_network.facts,
        build=_built,
    )


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> Tunes:
    densities = {k: (v[0], v[1]) for k, v in json.loads(header.metadata["densities"]).items()}
    return Tunes(stored_network.network(TuneNetwork, header, tensors, device), densities)


def save(
    path: Path,
    state: dict[str, Tensor],
    shape: dict[str, Any],
    densities: dict[str, tuple[int, int]],
    facts: dict[str, Any],
) -> None:
    """Write a tune network in half precision.

    Args:
        shape: ``kind``, ``width`` and ``depth`` of the network.
        densities: As ``Tunes.densities``.
        facts: Plain data for those who look at the weights.
    """
    stored_network.save(path, FORMAT, state, shape=shape, densities=densities, facts=facts)
