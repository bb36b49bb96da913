"""The speller as a file: recognised by its header, loaded, written."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors
from studio_voice.pronunciation.network import Speller

FORMAT: Final = "pronunciation/1"
_WORKING_BYTES: Final = 8 * 2**20


def loader() -> SafetensorsLoader[Speller]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="pronunciation",
        title="Pronunciation",
        capabilities=("pronunciation",),
        mark={"format": FORMAT, "sounds": ""},
        working_bytes=_WORKING_BYTES,
        describe=lambda header: {"sounds": len(header.metadata["sounds"])},
        build=_built,
    )


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> Speller:
    network = Speller(header.metadata["sounds"])
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False).to(device)


def save(path: Path, network: Speller) -> None:
    """Write a speller, in half precision."""
    write_tensors(path, FORMAT, network.state_dict(), {"sounds": network.sounds})
