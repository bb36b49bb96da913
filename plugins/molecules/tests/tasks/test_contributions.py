"""What atoms add to a figure: sums are exact, networks are asked without each atom."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen, rdMolDescriptors

from studio.api import BadInput
from studio.testing.plugins import run_task
from studio_molecules.admet import prediction
from studio_molecules.admet.endpoints import ENDPOINTS
from studio_molecules.admet.features import Graph
from studio_molecules.admet.network import Ensemble, Outcome
from studio_molecules.chem import own_model
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.schema import Draw, Export
from studio_molecules.tasks import depiction, export

DRUG = "CC(C)NCC(O)COc1cccc2ccccc12"


class Nitrogens:
    """Stands for networks: says how many nitrogens there are, twice over."""

    columns = tuple(each.column for each in ENDPOINTS.values())

    def __call__(self, graph: Graph) -> Outcome:
        """Count the atoms whose element is nitrogen."""
        found = 2.0 * float(graph.atoms[:, 6].sum())
        return Outcome([found] * len(self.columns), [0.0] * len(self.columns))


@pytest.mark.parametrize(
    ("figure", "whole"), [("logp", Crippen.MolLogP), ("tpsa", rdMolDescriptors.CalcTPSA)]
)
def test_contributions_of_a_sum_come_to_the_figure(figure: str, whole: Any) -> None:
    mol = Chem.MolFromSmiles(DRUG)
    found = prediction.of_sum(mol, figure)
    assert len(found.values) == mol.GetNumAtoms()
    assert sum(found.values) == pytest.approx(whole(mol))
    assert found.exact
    assert found.strongest == max(map(abs, found.values))


def test_an_atom_of_which_networks_make_much_is_found_by_hiding_it() -> None:
    mol = Chem.MolFromSmiles(DRUG)
    steps = list(prediction.by_occlusion(mol, cast(Ensemble, Nitrogens()), "herg"))
    assert steps.count(None) == mol.GetNumAtoms()
    found = steps[-1]
    assert found is not None
    (nitrogen,) = (atom.GetIdx() for atom in mol.GetAtoms() if atom.GetSymbol() == "N")
    assert [place for place, value in enumerate(found.values) if value] == [nitrogen]
    assert (found.values[nitrogen], found.figure, found.exact) == (2.0, 2.0, False)


def test_what_a_model_of_ones_own_column_makes_of_an_atom_is_found_by_hiding_it() -> None:
    chains = [f"{'C' * n}{end}" for n in range(1, 14) for end in ("O", "N", "Cl")]
    values = [10.0 * each.endswith("N") for each in chains]
    model = own_model.fit(chains, values, "amine")
    mol = Chem.MolFromSmiles("CCCCCCCCN")
    found = prediction.of_own(mol, model)
    assert found.figure == pytest.approx(10, abs=2.5)
    assert found.values.index(max(found.values)) == 8, "the nitrogen"
    whole = own_model.hidden(mol, np.zeros((9, 3)))
    assert whole.shape == (9, len(own_model.features(mol)))
    assert (whole <= own_model.features(mol)).all(), "hiding takes away and adds nothing"
    assert np.expm1(whole[0, :1024]).sum() < np.expm1(own_model.features(mol)[:1024]).sum()
    own = {"own:amine": {"smiles": chains, "values": values}}
    params = Draw.parse({"smiles": ["CCCCCCCCN"], "by_atom": "own:amine"})
    drawn = run_task(depiction.draw, params, inputs={"own": own}).result
    assert drawn["by_atom"][0]["values"] == pytest.approx(found.values)
    assert "<ellipse" in drawn["svgs"][0]
    with pytest.raises(BadInput, match="“amine” are not here"):
        run_task(depiction.draw, params)


def test_a_drawing_is_coloured_and_signed_by_atom() -> None:
    plain, coloured = (
        run_task(depiction.draw, Draw.parse({"smiles": [DRUG], "by_atom": figure})).result
        for figure in ("", "logp")
    )
    assert plain["by_atom"] == []
    (told,) = coloured["by_atom"]
    assert told["figure"] == pytest.approx(2.5775)
    (drawn,), (bare,) = coloured["svgs"], plain["svgs"]
    assert "<ellipse" in drawn
    assert "<ellipse" not in bare
    with pytest.raises(BadInput, match="not known"):
        run_task(depiction.draw, Draw.parse({"smiles": [DRUG], "by_atom": "weather"}))


def test_a_sheet_is_coloured_as_the_page_is() -> None:
    rows = to_csv([Molecule(DRUG, "propranolol"), Molecule("CCO", "ethanol")])
    made = run_task(
        export.export,
        Export.parse({"format": "svg", "by_atom": "tpsa"}),
        inputs={"table": rows},
    )
    assert made.artifacts[0].payload.count(b"<ellipse") == 4, "two oxygens, a nitrogen, an oxygen"
