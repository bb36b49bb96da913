"""The chorale network as a file: recognised by its header, measured, loaded, written."""

from __future__ import annotations

import json
from collections.abc import Generator as Steps
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from studio.api import Requirements, WeightsFacts
from studio.api.worker.tensor_files import damage_told, read_header
from studio_music.chorales.network import ChoraleNetwork
from studio_music.networks import weights_files

FORMAT: Final = "music-chorales/1"
_WORKING_BYTES: Final = 64 * 2**20


@dataclass
class Chorales:
    """The loaded network."""

    network: ChoraleNetwork


class ChoraleLoader:
    """The ``Loader`` of the family ``music-chorales``."""

    family = "music-chorales"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return what the header says, or None if it is no chorale network."""
        metadata = read_header(path, FORMAT)
        if metadata is None:
            return None
        facts = json.loads(metadata["facts"])
        return WeightsFacts(self.family, "Chorales", ("chorales",), facts)

    def measure(self, path: Path) -> Requirements:
        """Return the memory needed: the file holds half precision, the network full."""
        return Requirements(2 * path.stat().st_size, _WORKING_BYTES)

    def load(self, path: Path, device: str) -> Steps[float, None, Chorales]:
        """Yield the share done; return the network.

        Raises:
            StudioError: The file is damaged or of another make.
        """
        metadata, state = yield from weights_files.read(path, FORMAT, device)
        with damage_told(path):
            shape = json.loads(metadata["shape"])
            network = ChoraleNetwork(shape["kind"], shape["width"], shape["depth"])
            network.load_state_dict(state)
        return Chorales(network.to(device).eval().requires_grad_(False))

    def park(self, loaded: Chorales) -> None:
        """Move the network to the memory of the processor."""
        loaded.network.to("cpu")

    def unpark(self, loaded: Chorales, device: str) -> None:
        """Move it back."""
        loaded.network.to(device)

    def unload(self, loaded: Chorales) -> None:
        """Let go of the network."""
        loaded.network.to("meta")


def loader() -> ChoraleLoader:
    """Return the loader of this family."""
    return ChoraleLoader()


def save(
    path: Path, state: dict[str, Tensor], shape: dict[str, Any], facts: dict[str, Any]
) -> None:
    """Write a chorale network in half precision.

    Args:
        shape: ``kind``, ``width`` and ``depth`` of the network.
        facts: Plain data for those who look at the weights.
    """
    weights_files.write(path, FORMAT, state, {"shape": shape, "facts": facts})
