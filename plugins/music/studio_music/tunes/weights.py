"""The tune network as a file: recognised by its header, measured, loaded, written."""

from __future__ import annotations

import json
from collections.abc import Generator as Steps
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from studio.api import Requirements, WeightsFacts
from studio.api.worker.tensor_files import damage_told, read_header
from studio_music.networks import weights_files
from studio_music.tunes.network import TuneNetwork

FORMAT: Final = "music-tunes/1"
_WORKING_BYTES: Final = 32 * 2**20


@dataclass
class Tunes:
    """The loaded network, and what it learned from.

    Attributes:
        densities: Time signature → lowest and highest class of density it has seen often.
    """

    network: TuneNetwork
    densities: dict[str, tuple[int, int]]


class TuneLoader:
    """The ``Loader`` of the family ``music-tunes``."""

    family = "music-tunes"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header says, or None if it is no tune network."""
        metadata = read_header(path, FORMAT)
        if metadata is None:
            return None
        facts = json.loads(metadata["facts"])
        return WeightsFacts(self.family, "Tunes", ("tunes",), facts)

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed: the file holds half precision, the network full."""
        return Requirements(2 * path.stat().st_size, _WORKING_BYTES)

    def load(self, path: Path, device: str) -> Steps[float, None, Tunes]:
        """Yield the share done; return the network.

        Raises:
            StudioError: The file is damaged or of another make.
        """
        metadata, state = yield from weights_files.read(path, FORMAT, device)
        with damage_told(path):
            shape = json.loads(metadata["shape"])
            network = TuneNetwork(shape["kind"], shape["width"], shape["depth"])
            network.load_state_dict(state)
            densities = {k: (v[0], v[1]) for k, v in json.loads(metadata["densities"]).items()}
        return Tunes(network.to(device).eval().requires_grad_(False), densities)

    def park(self, loaded: Tunes) -> None:
        """Move the network to the memory of the processor."""
        loaded.network.to("cpu")

    def unpark(self, loaded: Tunes, device: str) -> None:
        """Move it back."""
        loaded.network.to(device)

    def unload(self, loaded: Tunes) -> None:
        """Let go of the network."""
        loaded.network.to("meta")


def loader() -> TuneLoader:
    """Return the loader of this family."""
    return TuneLoader()


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
    metadata = {"shape": shape, "densities": densities, "facts": facts}
    weights_files.write(path, FORMAT, state, metadata)
