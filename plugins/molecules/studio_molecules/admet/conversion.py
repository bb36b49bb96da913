"""Turns the ten checkpoints of ADMET-AI into one safetensors file, once, at setup.

Run as ``python -m studio_molecules.admet.conversion CHECKPOINT… TARGET`` with five checkpoints of
the
quantities, then five of the chances. A checkpoint is an archive of plain arrays beside a pickle
that names them. The pickle is never opened: the wheel is pinned by its digest, so which array is
which is a fact, and the arrays are read as bytes.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from studio_molecules.admet.layout import (
    FORMAT,
    HEADS,
    MEMBERS,
    QUANTITIES,
    Shape,
    trunk_shapes,
)

_FIRST = {"quantities": 16, "chances": 2}
"""Number of the first array of the network in an archive; before it are weights of tasks."""

_TASK_WEIGHTS = 1
"""Arrays between the last layer and the scaling of the quantities that only training needs."""

COLUMNS = {
    "quantities": [
        "Caco2_Wang",
        "Clearance_Hepatocyte_AZ",
        "Clearance_Microsome_AZ",
        "Half_Life_Obach",
        "HydrationFreeEnergy_FreeSolv",
        "LD50_Zhu",
        "Lipophilicity_AstraZeneca",
        "PPBR_AZ",
        "Solubility_AqSolDB",
        "VDss_Lombardo",
    ],
    "chances": [
        "AMES",
        "BBB_Martins",
        "Bioavailability_Ma",
        "CYP1A2_Veith",
        "CYP2C19_Veith",
        "CYP2C9_Substrate_CarbonMangels",
        "CYP2C9_Veith",
        "CYP2D6_Substrate_CarbonMangels",
        "CYP2D6_Veith",
        "CYP3A4_Substrate_CarbonMangels",
        "CYP3A4_Veith",
        "Carcinogens_Lagunin",
        "ClinTox",
        "DILI",
        "HIA_Hou",
        "NR-AR-LBD",
        "NR-AR",
        "NR-AhR",
        "NR-Aromatase",
        "NR-ER-LBD",
        "NR-ER",
        "NR-PPAR-gamma",
        "PAMPA_NCATS",
        "Pgp_Broccatelli",
        "SR-ARE",
        "SR-ATAD5",
        "SR-HSE",
        "SR-MMP",
        "SR-p53",
        "Skin_Reaction",
        "hERG",
    ],
}
"""What each output stands for, in the order of the last layer."""


def convert(checkpoints: Sequence[Path], target: Path) -> None:
    """Write the networks of ``checkpoints``, stacked, to ``target``.

    Raises:
        ValueError: An archive is not laid out as known; nothing is written.
    """
    if len(checkpoints) != len(HEADS) * MEMBERS:
        raise ValueError(f"there must be {len(HEADS) * MEMBERS} checkpoints")
    networks = [_read(path, HEADS[number // MEMBERS]) for number, path in enumerate(checkpoints)]
    tensors = {name: np.stack([network[name] for network in networks]) for name in trunk_shapes()}
    for number, head in enumerate(HEADS):
        own = networks[number * MEMBERS : (number + 1) * MEMBERS]
        for name in own[0].keys() - trunk_shapes().keys():
            tensors[f"{head}.{name}"] = np.stack([network[name] for network in own])
    save_file(tensors, target, {FORMAT: json.dumps(COLUMNS)})  # one key: more have no order


def _read(path: Path, head: str) -> dict[str, np.ndarray]:
    """Return the arrays of one checkpoint by our names."""
    outputs, number = len(COLUMNS[head]), _FIRST[head]
    shapes: dict[str, Shape] = {
        **trunk_shapes(),
        "out.weight": (outputs, trunk_shapes()["hidden.bias"][0]),
        "out.bias": (outputs,),
    }
    with zipfile.ZipFile(path) as archive:
        stem = archive.namelist()[0].partition("/")[0]
        arrays = {
            name: _array(archive, f"{stem}/data/{number + place}", shape)
            for place, (name, shape) in enumerate(shapes.items())
        }
        if head == QUANTITIES:
            after = number + len(shapes) + _TASK_WEIGHTS
            for place, name in enumerate(("mean", "scale")):
                arrays[name] = _array(archive, f"{stem}/data/{after + place}", (outputs,))
    return arrays


def _array(archive: zipfile.ZipFile, name: str, shape: Shape) -> np.ndarray:
    size = 4 * int(np.prod(shape))
    if name not in archive.namelist() or archive.getinfo(name).file_size != size:
        raise ValueError(f"{archive.filename} has no {name} of {size} bytes")
    return np.frombuffer(archive.read(name), "<f4").reshape(shape)


if __name__ == "__main__":
    convert([Path(word) for word in sys.argv[1:-1]], Path(sys.argv[-1]))
