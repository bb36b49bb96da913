"""What molecules must and must not hold, and what of the lead stays."""

from __future__ import annotations

from typing import Any

import pytest
from rdkit import Chem

from studio.api import BadInput, StudioError
from studio.testing.plugins import Made, run_task
from studio_molecules.chem.constraints import constraints
from studio_molecules.chem.oddities import oddities
from studio_molecules.schema import Analogues, Generate, Improve
from studio_molecules.smiles.network import Recurrent
from studio_molecules.smiles.vocabulary import Vocabulary
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks import analogues, generation, optimisation

LEAD = "CC(C)NCC(O)COc1cccc2ccccc12"
NAPHTHOL = "Oc1cccc2ccccc12"
GOAL = {"objectives": [{"property": "qed", "low": 0.95, "tolerance": 0.9}]}


def generated(model: SmilesModel, **params: Any) -> Made:
    params = Generate.parse({"count": 3, **params})
    return run_task(generation.generate, params, seed=1, models={"": model})


def _untrained() -> SmilesModel:
    vocabulary = Vocabulary.learned("CNO")
    return SmilesModel(Recurrent(len(vocabulary), 8, 1).eval(), vocabulary)


def smiles_of(made: Made) -> set[str]:
    return {each["smiles"] for each in made.result["molecules"]}


def test_only_what_has_and_lacks_the_substructures_is_generated(scripted: SmilesModel) -> None:
    assert smiles_of(generated(scripted, count=2, must_have="[OH] [#6]", must_not_have="a")) == {
        "CCO",
        "CC(=O)O",
    }
    with pytest.raises(StudioError, match="lack what they must have"):
        generated(scripted, must_have="[P]")


@pytest.mark.parametrize("name", ["analogues", "genetic", "reinforcement"])
def test_the_part_to_keep_is_in_every_molecule(scripted: SmilesModel, name: str) -> None:
    asked = {"lead": LEAD, "count": 8, "keep": NAPHTHOL, "must_not_have": "[F,Cl,Br]"}
    if name == "analogues":
        params: Any = Analogues.parse({**asked, "similarity": 0.3, "by_model": 0.0})
        made = run_task(analogues.analogues, params, seed=1, models={"": scripted})
    else:
        params = Improve.parse({**asked, "goal": GOAL, "budget": 60, "method": name})
        model = scripted if name == "genetic" else _untrained()
        made = run_task(optimisation.improve, params, seed=1, models={"": model})
    found = [Chem.MolFromSmiles(each) for each in smiles_of(made)]
    assert len(found) > 1
    assert all(mol.HasSubstructMatch(Chem.MolFromSmarts(NAPHTHOL)) for mol in found)
    assert not any(mol.HasSubstructMatch(Chem.MolFromSmarts("[F,Cl,Br]")) for mol in found)


def test_a_profile_can_hold_the_constraints(scripted: SmilesModel) -> None:
    params = Improve.parse({"goal": {**GOAL, "must_have": "O"}, "lead": "CCO", "budget": 30})
    made = run_task(optimisation.improve, params, seed=1, models={"": scripted})
    assert all("O" in each for each in smiles_of(made))
    assert made.result["profile"]["must_have"] == "O"


def test_odd_groups_a_lead_has_are_borne() -> None:
    odd, lead = Chem.MolFromSmiles("CCNF"), Chem.MolFromSmiles("CNF")
    assert constraints("", "", "", odd=False).broken(odd) == "odd"
    assert not constraints("", "", "", odd=True).broken(odd)
    assert not constraints("", "", "", odd=False, lead=lead).broken(odd)


@pytest.mark.parametrize("smiles", ["FN(C)C", "COC#CC", "C[SH](C)CC", "CPC"])
def test_what_chemists_do_not_make_is_odd(smiles: str) -> None:
    assert oddities(Chem.MolFromSmiles(smiles))
    assert not oddities(Chem.MolFromSmiles("CP(=O)(O)OCc1ccsc1S(C)(=O)=O"))


def test_macrocycles_and_stereo_can_be_asked_for() -> None:
    asked = constraints("[r{12-}]", "", "", odd=False)
    assert not asked.broken(Chem.MolFromSmiles("C1CCCCCCCCCCCC1"))
    assert asked.broken(Chem.MolFromSmiles("C1CCCCC1"))
    hand = constraints("C[C@H](O)F", "", "", odd=True)
    assert hand.broken(Chem.MolFromSmiles("C[C@H](O)F")) != hand.broken(
        Chem.MolFromSmiles("C[C@@H](O)F")
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"must_have": "C(("}, "not a valid SMARTS"),
        ({"must_not_have": "C " * 30}, "too long"),
        ({"keep": "C N"}, "it takes one"),
        ({"keep": "[P]"}, "does not contain the part"),
    ],
)
def test_a_constraint_that_cannot_be_is_told(asked: dict[str, str], words: str) -> None:
    words_of = {"must_have": "", "must_not_have": "", "keep": "", **asked}
    with pytest.raises(BadInput, match=words):
        constraints(**words_of, odd=False, lead=Chem.MolFromSmiles("CCO"))
