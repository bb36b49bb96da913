"""The probe as a file: one safetensors file in half precision, the captions in its metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, write_tensors
from studio_image.probe.network import Network, Probe

FORMAT = "image-probe/1"
CAPABILITY = "drawing-probe"


def loader() -> SafetensorsLoader[Probe]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="image-probe",
        title="Drawing probe",
        capabilities=(CAPABILITY,),
        mark={"format": FORMAT},
        working_bytes=20 * 2**20,
        describe=_facts,
        build=_built,
    )


def save(path: Path, network: Network, captions: Sequence[str]) -> None:
    """Write a trained probe, in half precision."""
    state = {
        name: value for name, value in network.state_dict().items() if value.is_floating_point()
    }
    write_tensors(path, FORMAT, state, {"captions": json.dumps(list(captions))})


def _facts(header: Header) -> dict[str, Any]:
    return {"captions": len(json.loads(header.metadata["captions"])), "size": "64 × 64"}


def _built(header: Header, state: dict[str, Tensor], device: str) -> Probe:
    captions = tuple(json.loads(header.metadata["captions"]))
    network = Network(len(captions))
    counters = {k: v for k, v in network.state_dict().items() if not v.is_floating_point()}
    network.load_state_dict({name: value.float() for name, value in state.items()} | counters)
    return Probe(network.to(device).eval().requires_grad_(False), captions)
