"""Compare the goals of the bench with the package guacamol, molecule by molecule.

    PYTHONPATH=tests python plugins/molecules/training/agreement.py WHEEL [--write REFERENCE.csv]

The wheel, of guacamol 0.5.5, is read and not installed: it asks for another build of RDKit. What
it imports for its other benchmarks (FCD) is left out. ``--write`` saves its scores of a few
molecules.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import random
import sys
import tempfile
import types
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from rdkit import Chem, rdBase

from benchmarks.molecules import guacamol
from studio_molecules.chem import common_molecules

COUNT, KEPT = 100, 12
_UNLIKE = (
    "CC(C)CCCCCCCC",
    "CCCCC(=O)N(Cc1ccc(-c2ccccc2)cc1)CC(=O)O",
    "CCCOc1cc2ncnc(NC)c2cc1S(=O)(=O)C(C)(C)C",
    "OP(CCl)c1ccc(C(F)F)nn1",
)
"""Such as the goals ask for and medicines are not."""


def suite(wheel: Path) -> dict[str, Any]:
    """Return the benchmarks of the package by name."""
    folder = tempfile.mkdtemp()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    sys.path.insert(0, folder)
    for name in ("distribution_learning_benchmark", "frechet_benchmark"):
        empty = types.ModuleType(f"guacamol.{name}")
        empty.__getattr__ = lambda _name: object  # type: ignore[method-assign]
        sys.modules[empty.__name__] = empty
    scipy.histogram = np.histogram  # as the package still calls it
    suites = importlib.import_module("guacamol.benchmark_suites")
    return {benchmark.name: benchmark for benchmark in suites.goal_directed_suite_v2()}


def molecules() -> list[str]:
    """Return what is compared: medicines and others of our table, and a few of another kind."""
    rows = [row["smiles"] for row in common_molecules.molecules()]
    return [*_UNLIKE, *random.Random(1).sample(rows, COUNT - len(_UNLIKE))]


def main() -> None:
    """Print the largest difference of each goal, and end with 1 if one is above 1e-6."""
    parser = argparse.ArgumentParser()
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    rdBase.DisableLog("rdApp.*")
    benchmarks, given, columns, worst = suite(arguments.wheel), molecules(), {}, 0.0
    for name, make in guacamol.GOALS.items():
        theirs, measure = benchmarks[name].objective.score_list(given), make()
        ours = [measure(Chem.MolFromSmiles(smiles)) for smiles in given]
        off = max(abs(one - other) for one, other in zip(ours, theirs, strict=True))
        sizes = tuple(benchmarks[name].contribution_specification.top_counts)
        print(f"{name:28} {off:.1e} of {max(theirs):.3f}, {sizes == guacamol.tops(name)}")
        columns[name], worst = theirs, max(worst, off)
    if arguments.write:
        with arguments.write.open("w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["smiles", *columns])
            for place in range(KEPT):
                figures = (f"{columns[name][place]:.9f}" for name in columns)
                rows.writerow([given[place], *figures])
    sys.exit(worst > 1e-6)


if __name__ == "__main__":
    main()
