"""Packs the prepared targets of dockstring into one file, once, when they are fetched.

Run as ``python -m studio_molecules.docking.conversion MEMBER… TARGET`` with the files of the wheel:
of each target ``NAME_conf.txt``, where its pocket is, and ``NAME_target.pdbqt``, the protein.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from studio_molecules.docking.targets import FORMAT

_NUMBER = re.compile(r"^\d+-")
"""What set-up puts before the name of a member, so that no two are called alike."""
_SETTING = re.compile(r"^\s*(center|size)_([xyz])\s*=\s*(-?[\d.]+)\s*$", re.MULTILINE)


def convert(members: Sequence[Path], target: Path) -> None:
    """Write the targets among ``members`` to ``target``.

    Raises:
        ValueError: One lacks its box or its protein; nothing is written.
    """
    by_name = {_NUMBER.sub("", path.name): path for path in members}
    names = sorted(name.removesuffix("_conf.txt") for name in by_name if name.endswith("_conf.txt"))
    boxes, proteins = {}, {}
    for name in names:
        boxes[name] = _box(by_name[f"{name}_conf.txt"].read_text("ascii"))
        proteins[name] = np.frombuffer(by_name[f"{name}_target.pdbqt"].read_bytes(), np.uint8)
    save_file(proteins, target, {FORMAT: json.dumps(boxes)})


def _box(text: str) -> dict[str, list[float]]:
    values = {(kind, axis): float(value) for kind, axis, value in _SETTING.findall(text)}
    if len(values) != 6:
        raise ValueError("a box has six numbers")
    return {kind: [values[kind, axis] for axis in "xyz"] for kind in ("center", "size")}


if __name__ == "__main__":
    convert([Path(word) for word in sys.argv[1:-1]], Path(sys.argv[-1]))
