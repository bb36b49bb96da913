"""The chorale network as a file: recognised by its header, measured, loaded, written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader
from studio_music.compose.chorales.causal_network import CausalNetwork
from studio_music.compose.chorales.network import ChoraleNetwork
from studio_music.compose.networks import stored_network

FORMAT: Final = "music-chorales/1"
_CAUSAL: Final = "causal."
_WORKING_BYTES: Final = 64 * 2**20


@dataclass
class Chorales:
    """The loaded networks: one fills gaps; the other, where there is one, writes from start to
    end under a soprano.
    """

    network: ChoraleNetwork
    causal: CausalNetwork | None = None

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)
        if self.causal is not None:
            self.causal.to(device)


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
    own = {name: value for name, value in tensors.items() if not name.startswith(_CAUSAL)}
    network = stored_network.network(ChoraleNetwork, header, own, device)
    shape = json.loads(header.metadata["shape"]).get("causal")
    if shape is None:
        return Chorales(network)
    causal = CausalNetwork(shape["width"], shape["depth"])
    causal.load_state_dict(
        {name.removeprefix(_CAUSAL): tensors[name] for name in tensors if name not in own}
    )
    return Chorales(network, causal.to(device).eval().requires_grad_(False))


def save(
    path: Path,
    state: dict[str, Tensor],
    shape: dict[str, Any],
    facts: dict[str, Any],
    causal: dict[str, Tensor] | None = None,
) -> None:
    """Write chorale networks in half precision.

    Args:
        shape: ``kind``, ``width`` and ``depth`` of the network, and those of the causal one under
            ``causal``.
        facts: Plain data for those who look at the weights.
        causal: Tensors of the causal network, if there is one.
    """
    own = {f"{_CAUSAL}{name}": value for name, value in (causal or {}).items()}
    stored_network.save(path, FORMAT, {**state, **own}, shape=shape, facts=facts)
