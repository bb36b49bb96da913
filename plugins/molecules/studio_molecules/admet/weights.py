"""The ensemble as a file: recognised by its header, measured, loaded."""

from __future__ import annotations

import json
from typing import Any

from torch import Tensor

from studio.api.worker.tensor_files import Header, SafetensorsLoader, damaged
from studio_molecules.admet.endpoints import ENDPOINTS
from studio_molecules.admet.layout import FORMAT, HEADS, MEMBERS, shapes
from studio_molecules.admet.network import Ensemble

WEIGHTS = "admet-ai"
"""Id of the weights that come with the set-up."""

_WORKING_BYTES = 96 * 2**20
"""Of the largest molecule that is taken: 300 atoms, ten networks."""

_Columns = dict[str, list[str]]


def loader() -> SafetensorsLoader[Ensemble]:
    """Return the loader of this family."""
    return SafetensorsLoader(
        family="admet",
        title="ADMET",
        capabilities=("admet",),
        mark={FORMAT: ""},
        working_bytes=_WORKING_BYTES,
        describe=_facts,
        build=_built,
        growth=1,
    )


def _facts(header: Header) -> dict[str, Any]:
    columns = _columns(header)
    wanted = shapes({head: len(columns[head]) for head in HEADS})
    wrong = sorted(name for name in wanted if header.shapes.get(name) != wanted[name])
    if wrong:
        raise damaged(header.path, f"{wrong[0]} is missing or has the wrong shape")
    return {"endpoints": sum(map(len, columns.values())), "networks": len(HEADS) * MEMBERS}


def _built(header: Header, tensors: dict[str, Tensor], device: str) -> Ensemble:
    columns = _columns(header)
    # copied: where a tensor begins in the file would change the last bits
    copied = {name: tensor.clone() for name, tensor in tensors.items()}
    return Ensemble(copied, [column for head in HEADS for column in columns[head]])


def _columns(header: Header) -> _Columns:
    """Return the outputs by head."""
    expected = {endpoint.column for endpoint in ENDPOINTS.values()}
    try:
        columns: Any = json.loads(header.metadata[FORMAT])
        names = {head: [str(column) for column in columns[head]] for head in HEADS}
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(header.path, "its header does not name its outputs") from error
    unknown = [column for head in HEADS for column in names[head] if column not in expected]
    if unknown:
        raise damaged(header.path, f"its output “{unknown[0][:40]}” is unknown")
    return names
