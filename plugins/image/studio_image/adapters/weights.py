"""Adapters as files: one safetensors file with the names that peft has for them."""

from __future__ import annotations

import json
from typing import Any

from studio.api.worker.tensor_files import Header, SafetensorsLoader
from studio_image.adapters.adapter import FORMAT, Adapter


def loader() -> SafetensorsLoader[Adapter]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="picture-adapter",
        title="Adapter",
        capabilities=("picture-adapter",),
        mark={"format": FORMAT},
        working_bytes=1 << 20,
        describe=_facts,
        build=lambda header, tensors, device: Adapter(
            header.path.stem, header.metadata.get("base", ""), tensors
        ),
        growth=1,
    )


def _facts(header: Header) -> dict[str, Any]:
    card = json.loads(header.metadata.get("card") or "{}")
    return {"base": header.metadata.get("base", ""), **card}
