"""Every child of the graph edits is a molecule; crosses hold parts of both."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from studio_molecules.chem import graph_mutations
from studio_molecules.chem.parser import MAX_HEAVY_ATOMS
from studio_molecules.goals.genetic import cross

LEADS = (
    "CC(C)NCC(O)COc1cccc2ccccc12",
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "C[C@H](N)C(=O)O",
    "C",
)


@pytest.mark.parametrize("lead", LEADS)
def test_children_are_whole_valid_molecules(lead: str) -> None:
    mol, rng = Chem.MolFromSmiles(lead), np.random.default_rng(0)
    made = [child for child in (graph_mutations.mutate(mol, rng) for _ in range(300)) if child]
    assert made
    for child, operation in made:
        smiles = Chem.MolToSmiles(child)
        assert Chem.MolFromSmiles(smiles) is not None
        assert "." not in smiles
        assert operation in graph_mutations.edits()


def test_every_edit_is_used() -> None:
    mol, rng = Chem.MolFromSmiles(LEADS[0]), np.random.default_rng(1)
    made = {child[1] for child in (graph_mutations.mutate(mol, rng) for _ in range(2000)) if child}
    assert made == set(graph_mutations.edits())


def test_the_parent_is_left_as_it_was() -> None:
    mol, rng = Chem.MolFromSmiles(LEADS[0]), np.random.default_rng(2)
    for _ in range(100):
        graph_mutations.mutate(mol, rng)
        cross(mol, mol, rng)
    assert Chem.MolToSmiles(mol) == Chem.MolToSmiles(Chem.MolFromSmiles(LEADS[0]))


def test_a_cross_holds_atoms_of_both() -> None:
    first, second = Chem.MolFromSmiles("FCCCF"), Chem.MolFromSmiles("ClCCCCl")
    rng = np.random.default_rng(3)
    found = [cross(first, second, rng) for _ in range(50)]
    symbols = [{a.GetSymbol() for a in mol.GetAtoms()} for mol in found if mol is not None]
    assert any({"F", "Cl"} <= each for each in symbols)


def test_what_has_no_bond_to_cut_is_not_crossed() -> None:
    methane = Chem.MolFromSmiles("C")
    assert cross(methane, methane, np.random.default_rng(4)) is None


def test_children_stay_as_small_as_what_is_read() -> None:
    chain, rng = Chem.MolFromSmiles("C" * MAX_HEAVY_ATOMS), np.random.default_rng(3)
    made = [graph_mutations.mutate(chain, rng) for _ in range(60)]
    made += [(child, "") for child in (cross(chain, chain, rng) for _ in range(20)) if child]
    sizes = [child[0].GetNumHeavyAtoms() for child in made if child]
    assert sizes
    assert max(sizes) <= MAX_HEAVY_ATOMS


def test_what_is_kept_stays_and_macrocycles_may_be_edited() -> None:
    mol, rng = Chem.MolFromSmiles("CCOc1ccc(CCN)cc1"), np.random.default_rng(1)
    ring = Chem.MolFromSmarts("c1ccccc1")
    kept = mol.GetSubstructMatch(ring)
    free, held = (
        [
            child[0].HasSubstructMatch(ring)
            for child in (graph_mutations.mutate(mol, rng, atoms) for _ in range(150))
            if child
        ]
        for atoms in ((), kept)
    )
    assert not all(free), "the control: edits do touch it"
    assert held
    assert all(held)
    large = Chem.MolFromSmiles("C1CCCCCCCCCCCCC1")
    children = [graph_mutations.mutate(large, rng) for _ in range(40)]
    assert any(child and child[0].GetRingInfo().NumRings() for child in children)


def test_macrocycles_are_closed_where_they_are_allowed_and_isomers_stay_isomers() -> None:
    chain, rng = Chem.MolFromSmiles("CCCCCCCCCCCCCO"), np.random.default_rng(5)
    asked = [
        [graph_mutations.mutate(chain, rng, macrocycles=allowed) for _ in range(300)]
        for allowed in (False, True)
    ]
    without, among = (
        [max(map(len, child[0].GetRingInfo().AtomRings()), default=0) for child in made if child]
        for made in asked
    )
    assert max(without) < 12 <= max(among)
    lead = Chem.MolFromSmiles(LEADS[0])
    for edit in ("atoms swapped", "group moved"):
        made = [graph_mutations.mutate(lead, rng, edit=edit) for _ in range(60)]
        sums = {CalcMolFormula(child[0]) for child in made if child}
        assert sums == {CalcMolFormula(lead)}, edit
