"""The network of the first picture as a file: written, recognised by its header, loaded."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors
from studio_image.restyle.preview.network import TransformNetwork

FORMAT = "restyle-preview/1"


def loader() -> SafetensorsLoader[TransformNetwork]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="restyle-preview",
        title="Restyle preview",
        capabilities=("restyle-preview",),
        mark={"format": FORMAT},
        working_bytes=60 * 2**20,
        describe=lambda _header: {},
        build=_built,
    )


def save(path: Path, network: TransformNetwork) -> None:
    """Write a trained network, in half precision."""
    write_tensors(path, FORMAT, network.state_dict(), {})


def _built(header: Header, state: dict[str, Tensor], device: str) -> TransformNetwork:
    network = TransformNetwork()
    network.load_state_dict({name: value.float() for name, value in state.items()})
    return network.to(device).eval().requires_grad_(False)
