"""Synthetic accessibility against the module that comes with RDKit."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from rdkit import Chem, RDConfig

from studio_molecules.chem import synthesis


@pytest.mark.slow
def test_equal_to_the_reference() -> None:
    folder = Path(RDConfig.RDContribDir) / "SA_Score"
    spec = importlib.util.spec_from_file_location("sascorer", folder / "sascorer.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    lines = (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").read_text().splitlines()[:600]
    compared = 0
    for line in lines:
        mol = Chem.MolFromSmiles(line.split()[0])
        if mol is not None and mol.GetNumAtoms():
            assert synthesis.score(mol) == pytest.approx(reference.calculateScore(mol), abs=1e-5)
            compared += 1
    assert compared > 500
