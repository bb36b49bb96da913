"""SMILES, SMARTS and molfiles, each to the others; drawn structures beside RDKit."""

from __future__ import annotations

import math

import pytest
from rdkit import Chem

from studio.api import BadInput
from studio_molecules.chem import parser
from studio_molecules.sketch import molfile
from studio_molecules.sketch.structure import (
    ATTACHMENT,
    DOUBLE,
    LIST,
    SINGLE,
    Atom,
    Bond,
    Structure,
)
from studio_molecules.sketch.templates import GROUPS, RINGS, attach, fuse
from studio_molecules.tasks import conversion

MOLECULES = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "C[C@H](N)C(=O)O",
    "C/C=C\\[13CH3]",
    "O=[N+]([O-])c1c[nH]c([*:1])c1",
    "C[N+](C)(C)C.[Cl-]",
    "[2H]C",
    "CS(N)(=O)=O",
    "C[CH2]",
    "B(O)(O)c1ccsc1",
    "CP(=O)(O)O",
]


def _smiles(structure: Structure) -> str:
    return conversion.notations(molfile.write(structure), query=False, clean=False).smiles


@pytest.mark.parametrize("smiles", MOLECULES)
def test_a_molecule_is_the_same_after_it_was_drawn(smiles: str) -> None:
    found = conversion.notations(smiles, query=False, clean=False)
    drawn = molfile.read(found.molfile)
    assert found.smiles == Chem.CanonSmiles(smiles)
    assert _smiles(drawn) == found.smiles
    again = conversion.notations(molfile.write(drawn), query=False, clean=True)
    assert (again.smiles, again.formula, again.mass) == (found.smiles, found.formula, found.mass)
    assert molfile.read(molfile.write(drawn)) == drawn


@pytest.mark.parametrize("smiles", MOLECULES)
def test_hydrogens_that_are_not_drawn_are_those_that_rdkit_counts(smiles: str) -> None:
    block = conversion.notations(smiles, query=False, clean=False).molfile
    drawn, mol = molfile.read(block), Chem.MolFromMolBlock(block, removeHs=False)
    for place, atom in enumerate(mol.GetAtoms()):
        if atom.GetAtomicNum():
            assert drawn.hydrogens(place) == atom.GetTotalNumHs(), atom.GetSymbol()


@pytest.mark.parametrize(
    "smarts",
    ["[C,N]~[!#1]c1ccccc1", "[#6]~*", "[O,S]=C", "c1cc[c,n]cc1", "[!C]N"],
)
def test_a_pattern_finds_the_same_after_it_was_drawn(smarts: str) -> None:
    found = conversion.notations(smarts, query=True, clean=False)
    assert not found.smiles
    again = conversion.notations(
        molfile.write(molfile.read(found.molfile)), query=True, clean=False
    ).smarts
    patterns = [Chem.MolFromSmarts(each) for each in (smarts, found.smarts, again)]
    for smiles in ("NCc1ccccc1", "CC(=O)N", "c1ccncc1C", "CSC", "OCC=S", "C1CCCCC1N"):
        mol = Chem.MolFromSmiles(smiles)
        assert len({mol.HasSubstructMatch(pattern) for pattern in patterns}) == 1, smiles


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("", False, "no structure"),
        ("CC(", False, "do not match"),
        ("C[C,N]", False, "not a valid SMILES"),
        ("[NX3;H2]", True, "too specific to be drawn"),
        ("CC(C)(C)(C)C", False, "too many bonds"),
        ("C" * 301, False, "300"),
        ("C" * 200_001, False, "too long"),
        ("a\n\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\nM  END", False, "molfile"),
    ],
)
def test_what_cannot_be_is_said(text: str, query: bool, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        conversion.notations(text, query=query, clean=False)


def test_a_drawing_with_too_many_bonds_says_where() -> None:
    star = Structure((Atom("O", 0, 0),))
    for number in range(3):
        star = star.grown(0, Atom("C", math.cos(number), math.sin(number)))
    found = conversion.notations(molfile.write(star), query=False, clean=False)
    assert found.atoms == [0]
    assert found.problem == "Atom 1 (O) has too many bonds."
    assert not found.smiles


def test_a_molfile_that_is_cut_off_is_refused_or_whole() -> None:
    lines = conversion.notations(MOLECULES[3], query=False, clean=False).molfile.splitlines()
    whole = molfile.read("\n".join(lines))
    ends = [number for number in range(len(lines)) if _reads("\n".join(lines[:number]))]
    assert ends
    assert all(number >= 4 + len(whole.atoms) + len(whole.bonds) for number in ends)


def _reads(text: str) -> bool:
    try:
        molfile.read(text)
    except BadInput:
        return False
    return True


def test_lists_of_elements_and_old_charges_are_read() -> None:
    listed = Structure((Atom(LIST, 0, 0, choices=("C", "Cl", "N"), excluded=True),))
    assert molfile.read(molfile.write(listed)) == listed
    counts = "  1  0  0  0  0  0  0  0  0  0999 V2000"
    old = f"\n\n\n{counts}\n    0.0000    0.0000    0.0000 N   0  3  0  0  0\nM  END\n"
    assert molfile.read(old).atoms[0].charge == 1


@pytest.mark.parametrize("template", [*RINGS.values(), *GROUPS.values()])
def test_templates_are_molecules_with_bonds_of_one_length(template: Structure) -> None:
    assert _smiles(template)
    for bond in template.bonds:
        one, other = template.atoms[bond.begin], template.atoms[bond.end]
        assert math.hypot(one.x - other.x, one.y - other.y) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("ring", "bond", "template", "wanted"),
    [
        ("Cyclohexane", 0, "Benzene", "c1ccc2c(c1)CCCC2"),
        ("Benzene", 0, "Benzene", "c1ccc2ccccc2c1"),
        ("Benzene", 1, "Benzene", "c1ccc2ccccc2c1"),
        ("Benzene", 1, "Cyclopentane", "c1ccc2c(c1)CCC2"),
    ],
)
def test_rings_are_fused_with_the_double_bonds_that_fit(
    ring: str, bond: int, template: str, wanted: str
) -> None:
    begin, end = RINGS[ring].bonds[bond].begin, RINGS[ring].bonds[bond].end
    fused = fuse(RINGS[ring], begin, end, RINGS[template])
    assert Chem.CanonSmiles(_smiles(fused)) == Chem.CanonSmiles(wanted)
    nearest = min(
        math.hypot(one.x - other.x, one.y - other.y)
        for number, one in enumerate(fused.atoms)
        for other in fused.atoms[number + 1 :]
    )
    assert nearest == pytest.approx(1.5)  # at the free side


def test_groups_grow_from_an_atom_and_rings_share_it() -> None:
    ethane = Structure((Atom("C", 0, 0), Atom("C", 1.5, 0)), (Bond(0, 1),))
    assert _smiles(attach(ethane, 1, GROUPS["Nitro"])) == "CC[N+](=O)[O-]"
    assert _smiles(attach(ethane, 1, RINGS["Benzene"])) == "Cc1ccccc1"


def test_edits_leave_what_they_do_not_mean() -> None:
    ring = RINGS["Cyclohexane"]
    assert ring.with_bond(Bond(1, 0, DOUBLE)).bonds_of(0)[-1].order == DOUBLE
    assert len(ring.with_bond(Bond(1, 0, DOUBLE)).bonds) == 6
    assert len(ring.without([2]).bonds) == 4
    assert _smiles(ring.only([0, 1, 2])) == "CCC"
    assert _smiles(ring.beside(RINGS["Benzene"])) == "C1CCCCC1.c1ccccc1"
    assert Structure((Atom(ATTACHMENT, 0, 0),)).hydrogens(0) == 0
    assert SINGLE in {bond.order for bond in ring.bonds}


def test_a_name_is_drawn_as_the_job_would_read_it() -> None:
    found = conversion.notations("celecoxib", query=False, clean=False)
    assert found.smiles == parser.parse("celecoxib").smiles
    with pytest.raises(BadInput, match=r"celecoxip.*Similar names: “celecoxib”"):
        conversion.notations("celecoxip", query=False, clean=False)
