"""The screen knows the schedules, and leaves ordinary medicines alone."""

from __future__ import annotations

import pytest
from rdkit import Chem

from studio.api import BadInput
from studio.testing.plugins import run_task
from studio_molecules.chem.hazard_screen import VERSION, notice
from studio_molecules.molecule import from_csv
from studio_molecules.objectives import parse
from studio_molecules.schema import Predict
from studio_molecules.tasks import prediction

SCHEDULED = {
    "CC(C)OP(C)(=O)F": 1,
    "CCOP(=O)(C#N)N(C)C": 1,
    "CCOP(C)(=O)SCCN(C(C)C)C(C)C": 1,
    "CP(=O)(F)N=C(C)N(CC)CC": 1,
    "ClCCSCCCl": 1,
    "CN(CCCl)CCCl": 1,
    "ClC=C[As](Cl)Cl": 1,
    "CP(=O)(F)F": 1,
    "NC(=O)OC[C@H]1NC(=N)N2CCC(O)(O)[C@]23NC(=N)N[C@H]13": 1,
    "O=C(OC1CN2CCC1CC2)C(O)(c1ccccc1)c1ccccc1": 2,
    "FC(F)=C(C(F)(F)F)C(F)(F)F": 2,
    "O=C(Cl)Cl": 3,
    "C#N": 3,
    "ClP(Cl)Cl": 3,
    "O=S(Cl)Cl": 3,
}

ORDINARY = (
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "CC(C)OC(=O)C(C)NP(=O)(OCC1OC(n2ccc(=O)[nH]c2=O)C(C)(F)C1O)Oc1ccccc1",
    "CC1OC1P(=O)(O)O",
    "N#CCC(C)C",
    "OCCOCCO",
    "c1ccccc1S(=O)(=O)Cl",
)


@pytest.mark.parametrize(("smiles", "schedule"), SCHEDULED.items())
def test_scheduled_substances_are_marked(smiles: str, schedule: int) -> None:
    found = notice(Chem.MolFromSmiles(smiles))
    assert found is not None
    assert found.rule.schedule == schedule
    assert "restricted by law" in found.sentence
    assert "common drugs" in found.sentence


@pytest.mark.parametrize("smiles", ORDINARY)
def test_ordinary_ones_are_not(smiles: str) -> None:
    assert notice(Chem.MolFromSmiles(smiles)) is None


def test_relatives_among_medicines_are_marked_too() -> None:
    chlorambucil = Chem.MolFromSmiles("O=C(O)CCCc1ccc(N(CCCl)CCCl)cc1")
    assert notice(chlorambucil) is not None


def test_a_table_says_which_of_its_molecules_need_care() -> None:
    made = run_task(prediction.predict, Predict.parse({"smiles": "CCO\nCC(C)OP(C)(=O)F"}))
    assert [each["care"] for each in made.result["molecules"]] == [0, 1]
    assert made.result["notice"].startswith("1 of 2 molecules resemble")
    (artifact,) = made.artifacts
    assert artifact.meta["care_version"] == VERSION
    assert [each.figures["care"] for each in from_csv(artifact.payload)] == [0, 1]


def test_a_table_of_ordinary_ones_says_nothing_of_care() -> None:
    made = run_task(prediction.predict, Predict.parse({"smiles": "\n".join(ORDINARY)}))
    assert made.result["notice"] == ""
    assert not any("care" in each for each in made.result["molecules"])


def test_the_notice_is_no_goal() -> None:
    with pytest.raises(BadInput, match="unknown property"):
        parse(b'{"objectives": [{"property": "care", "low": 1}]}')
