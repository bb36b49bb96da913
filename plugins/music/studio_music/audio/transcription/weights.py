"""The note network as a file: recognised by its header, measured, loaded, written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors
from studio_music.audio.transcription.network import NoteNetwork

FORMAT: Final = "basic-pitch/1"
_WORKING_BYTES: Final = 256 * 2**20


@dataclass
class Listener:
    """The loaded network."""

    network: NoteNetwork

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)


def loader() -> SafetensorsLoader[Listener]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="basic-pitch",
        title="Notes from sound",
        capabilities=("transcription",),
        mark={"format": FORMAT},
        working_bytes=_WORKING_BYTES,
        describe=lambda header: {"tensors": len(header.shapes)},
        build=_built,
        growth=1,
    )


def _built(_header: Header, tensors: dict[str, Tensor], device: str) -> Listener:
    network = NoteNetwork()
    network.load_state_dict(tensors)
    return Listener(network.to(device).eval().requires_grad_(False))


def save(path: Path, state: Mapping[str, Tensor]) -> None:
    """Write a note network, in full precision: it is small, and its kernels are exact."""
    write_tensors(path, FORMAT, state, {}, half=False)
