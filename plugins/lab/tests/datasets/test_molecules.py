"""SMILES become tokens and SMILES again; what is none is left out and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import BadInput
from studio_lab.datasets.molecules import as_csv, from_smiles, has_smiles, read_molecules, tokens
from studio_lab.datasets.tokens import written

SMILES = [f"{'C' * length}(Cl)c1ccc[nH]1" for length in range(1, 50)]


def test_atoms_bonds_and_rings_are_tokens() -> None:
    assert tokens("C[C@@H](Br)C%12") == ["C", "[C@@H]", "(", "Br", ")", "C", "%12"]
    assert tokens("no molecule") is None
    assert tokens("") is None


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [
        ("a.smi", "", "{} x1"),
        ("a.csv", "name,SMILES\n", '"x, 1",{}'),
        ("a.tsv", "smiles\t\n", "{}\t"),
    ],
)
def test_files_of_molecules(tmp_path: Path, name: str, head: str, row: str) -> None:
    path = tmp_path / name
    path.write_text(head + "\n".join(row.format(each) for each in [*SMILES, "???"]))
    data, notes = read_molecules(path)
    assert notes == ["Not SMILES, and left out: 1 of 50."]
    assert written(data.rows, data.meta["vocabulary"]) == SMILES
    assert has_smiles(path) == (name != "a.smi")


@pytest.mark.parametrize(
    ("smiles", "told"), [(SMILES[:5], "has 5 molecules"), (["CCO"] * 50, "All 50 .* the same")]
)
def test_molecules_that_nothing_can_be_learned_from(smiles: list[str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        from_smiles("Mine", smiles)


def test_the_page_of_molecules_reads_what_was_made() -> None:
    molecule = pytest.importorskip("studio_molecules.molecule")
    found = molecule.from_csv(as_csv(["CCO", "C"], "lab.sample").encode())
    assert [(each.smiles, each.operation) for each in found] == [
        ("CCO", "lab.sample"), ("C", "lab.sample")]  # fmt: skip
