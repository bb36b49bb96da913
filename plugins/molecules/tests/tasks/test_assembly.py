"""Scaffolds that are decorated, and fragments that are linked."""

from __future__ import annotations

from typing import Any

import pytest
from rdkit import Chem

from studio.api import BadInput, StudioError
from studio.testing.plugins import run_task
from studio_molecules.chem.oddities import oddities
from studio_molecules.fragments import attachment
from studio_molecules.molecule import from_csv
from studio_molecules.schema import Decorate, Link
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks import assembly

BENZAMIDE = "O=C(N[*:1])c1ccc([*:2])cc1"


def decorated(model: SmilesModel | None = None, **params: Any) -> dict[str, Any]:
    values = {"scaffold": BENZAMIDE, "count": 6, "source": "common", **params}
    return run_task(assembly.decorate, Decorate.parse(values), seed=1, models={"": model}).result


def linked(model: SmilesModel | None = None, **params: Any) -> dict[str, Any]:
    ends = {"first": "[*:1]c1ccc(F)cc1", "second": "C1COCCN1C[*:1]"}
    values = {**ends, "count": 8, "source": "common", **params}
    return run_task(assembly.link, Link.parse(values), seed=1, models={"": model}).result


def test_every_product_holds_the_scaffold_and_its_groups_ranked() -> None:
    rows = decorated()["molecules"]
    core = Chem.MolFromSmiles("O=C(N)c1ccccc1")
    assert len({each["smiles"] for each in rows}) == len(rows) == 6
    for each in rows:
        mol = Chem.MolFromSmiles(each["smiles"])
        assert mol.HasSubstructMatch(core)
        groups = (Chem.MolFromSmiles(each[name]) for name in ("R1", "R2"))
        added = sum(atom.GetAtomicNum() > 1 for group in groups for atom in group.GetAtoms())
        assert mol.GetNumHeavyAtoms() == 9 + added
        assert each["alerts"] == 0
        assert not oddities(mol)
    qed = [each["qed"] for each in rows]
    assert qed == sorted(qed, reverse=True)


def test_points_of_the_same_number_get_the_same_group() -> None:
    rows = decorated(scaffold="[*:1]c1ccc([*:1])cc1")["molecules"]
    assert {name for each in rows for name in each if name.startswith("R")} == {"R1"}
    for each in rows:
        ranks = list(Chem.CanonicalRankAtoms(Chem.MolFromSmiles(each["smiles"]), breakTies=False))
        assert len(set(ranks)) < len(ranks), "both ends are alike"


def test_groups_of_the_model_are_cut_from_what_it_writes(scripted: SmilesModel) -> None:
    with pytest.raises(StudioError, match="No group of at most 3"):
        decorated(scripted, source="generated", largest=3)  # BRICS cuts nothing of so little
    known = assembly.groups_of(Chem.MolFromSmiles("CC(C)NCC(O)COc1ccccc1"), 6)
    assert {"*C(C)C", "*c1ccccc1"} <= set(known)
    assert all(Chem.MolFromSmiles(each).GetNumHeavyAtoms() <= 7 for each in known)


def test_linkers_are_as_long_as_asked_and_turned_both_ways() -> None:
    rows = linked(count=200, shortest=2, longest=2, odd=True, no_new_alerts=False)["molecules"]
    assert {each["Linker length"] for each in rows} == {2}
    amides = [each["smiles"] for each in rows if each["Linker"] == "*NC(*)=O"]
    assert len(amides) == 2
    for each in rows:
        mol = Chem.MolFromSmiles(each["smiles"])
        assert mol.HasSubstructMatch(Chem.MolFromSmiles("Fc1ccccc1"))
        assert mol.HasSubstructMatch(Chem.MolFromSmiles("C1COCCN1C"))


def test_without_a_linker_the_two_are_joined() -> None:
    (row,) = linked(shortest=0, longest=0)["molecules"]
    assert row["smiles"] == Chem.CanonSmiles("Fc1ccc(CN2CCOCC2)cc1")


def test_linkers_are_cut_out_of_molecules() -> None:
    found = assembly.linkers_of(Chem.MolFromSmiles("c1ccccc1OCC(O)CNC(C)C"), 1, 5)
    assert found
    assert all(1 <= attachment.length(each) <= 5 for each in found.values())


def test_the_table_is_an_artifact_that_passes_its_checks() -> None:
    made = run_task(
        assembly.decorate,
        Decorate.parse({"scaffold": BENZAMIDE, "count": 3, "source": "common"}),
        seed=1,
    )
    (artifact,) = made.artifacts
    assert artifact.verdict is not None
    assert artifact.verdict.passed
    assert {"R1", "R2"} <= set(from_csv(artifact.payload)[0].words)


@pytest.mark.parametrize(
    ("scaffold", "words"),
    [
        (" ", "no scaffold"),
        ("c1ccccc1", "no attachment point"),
        ("c1ccccc1[*:1].[Na+]", "in pieces"),
        ("C1[*:1]CC1", "one single bond"),
        ("C=[*:1]", "one single bond"),
        ("[*:1][*:2]", "one single bond"),
        ("C1CC[*:1]", "ring 1 is not closed"),
        ("C[C](C)(C)(C)(C)[*:1]", "too many bonds"),
        ("[Fe][*:1]", "contains Fe"),
        ("C(" + "C([*])" * 9 + ")", "10 attachment points|9 attachment points"),
        ("C" * 3000 + "[*:1]", "too long"),
    ],
)
def test_an_impossible_scaffold_is_told(scaffold: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        attachment.read(scaffold, "scaffold")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"first": "[*:1]C[*:2]"}, "first fragment has 2"),
        ({"second": "CC"}, "second fragment has no attachment point"),
        ({"shortest": 5, "longest": 2}, "longer than the longest"),
    ],
)
def test_fragments_that_cannot_be_linked_are_told(params: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        linked(**params)


def test_tables_hold_what_they_say() -> None:
    groups, linkers = assembly.common_groups(30), assembly.common_linkers(0, 20)
    assert len(groups) == len(assembly.GROUPS.split())
    assert len(linkers) == len(assembly.LINKERS.split())
    assert all(each.count("*") == 1 for each in groups)
    assert all(each.count("*") == 2 for each in linkers)


@pytest.mark.parametrize(
    "smiles", ["CNF", "COC#CC", "CC(Cl)O", "COOC", "C=C=C", "CC=C=O", "CC=C(C)O"]
)
def test_what_no_chemist_makes_is_odd(smiles: str) -> None:
    assert oddities(Chem.MolFromSmiles(smiles))


def test_new_bonds_are_those_that_chemists_make() -> None:
    hydrazine = Chem.MolFromSmarts("[NX3]-!@[NX3]")
    ends = {"first": "[*:1]N1CCOCC1", "second": "[*:1]Nc1ccccc1", "no_new_alerts": False}
    told = linked(**ends, count=60, longest=6)
    rows = told["molecules"]
    assert rows
    assert told["unmade"] > 0
    assert not any(Chem.MolFromSmiles(each["smiles"]).HasSubstructMatch(hydrazine) for each in rows)
    with_odd = linked(**ends, count=200, longest=6, odd=True)["molecules"]
    strange = [Chem.MolFromSmiles(each["smiles"]).HasSubstructMatch(hydrazine) for each in with_odd]
    assert any(strange), "the control: without the rules there are some"


@pytest.mark.parametrize(
    ("first", "second", "usual"),
    [
        ("[*:1]c1ccccc1", "[*:1]F", True),
        ("[*:1]c1ccccc1", "[*:1]C", True),
        ("[*:1]c1ccccc1", "[*:1]N1CCOCC1", True),
        ("[*:1]C(C)=O", "[*:1]NC", True),
        ("[*:1]S(C)(=O)=O", "[*:1]NC", True),
        ("[*:1]n1cccc1", "[*:1]CC", True),
        ("[*:1]NC", "[*:1]NC", False),
        ("[*:1]NC", "[*:1]OC", False),
        ("[*:1]SC", "[*:1]SC", False),
        ("[*:1]C=C", "[*:1]NC", False),
    ],
)
def test_each_new_bond_is_judged(first: str, second: str, usual: bool) -> None:
    middle, group = (attachment.read(each, "part").mol for each in (first, second))
    assert (attachment.joined(middle, [group]) is not None) is usual
    assert attachment.joined(middle, [group], any_bond=True) is not None
