"""A column of one's own is learned, told with its error, and searched for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen

from studio.api import BadInput
from studio.testing.plugins import run_task
from studio_molecules.chem import own_model
from studio_molecules.molecule import Molecule, from_csv, to_csv
from studio_molecules.schema import Fit, Improve
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks import optimisation, own_score

TAUGHT = [f"{'C' * n}{end}" for n in range(1, 16) for end in ("O", "N", "C(=O)O", "c1ccccc1")]
VALUES = [2 * Crippen.MolLogP(Chem.MolFromSmiles(each)) + 1 for each in TAUGHT]


def table() -> list[Molecule]:
    rows = [
        Molecule(each, f"m{n}", operation="read", figures={"assay": VALUES[n]})
        for n, each in enumerate(TAUGHT)
    ]
    return [*rows, Molecule("CCCCCCCS", "new", operation="read")]


def test_a_column_is_learned_and_told_for_every_molecule() -> None:
    inputs = {"table": to_csv(table())}
    made = run_task(own_score.fit, Fit.parse({"column": "assay"}), inputs=inputs)
    rows = from_csv(made.artifacts[0].payload)
    told = [each.figures["assay (predicted)"] for each in rows]
    assert len(told) == len(TAUGHT) + 1
    spread = float(np.std(VALUES))
    assert made.result["error"] < spread / 2, "it learned something"
    unseen = np.sqrt(np.mean((np.array(told[:-1]) - VALUES) ** 2))
    assert made.result["error"] == pytest.approx(unseen, rel=1e-3), "of molecules it did not see"
    assert made.result["fitted_on"] == len(TAUGHT)
    again = run_task(own_score.fit, Fit.parse({"column": "assay"}), inputs=inputs)
    assert again.artifacts[0].payload == made.artifacts[0].payload


def test_noise_is_said_to_be_noise() -> None:
    noise = np.random.default_rng(0).normal(size=len(TAUGHT)).tolist()
    assert own_model.fit(TAUGHT, noise, "noise").r2 < 0.3


def test_what_cannot_be_learned_is_told() -> None:
    for column, rows, said in (
        ("other", table(), "no column of numbers called “other”"),
        ("assay", table()[:5], "for 5 molecules only"),
        (
            "assay",
            [Molecule("C" * n, figures={"assay": 1.0}) for n in range(1, 40)],
            "is the same for all",
        ),
    ):
        with pytest.raises(BadInput, match=said):
            run_task(own_score.fit, Fit.parse({"column": column}), inputs={"table": to_csv(rows)})


def test_a_search_asks_for_a_column_of_ones_own(scripted: SmilesModel) -> None:
    goal = {"objectives": [{"property": "own:assay", "low": 12, "tolerance": 12}]}
    params = Improve.parse({"goal": goal, "lead": "CCCCO", "budget": 60, "count": 5})
    own: dict[str, Any] = {"own:assay": {"smiles": TAUGHT, "values": VALUES}}
    made = run_task(
        optimisation.improve, params, seed=1, models={"": scripted}, inputs={"own": own}
    )
    best = made.result["molecules"][0]
    assert best["own:assay"] > min(VALUES)
    assert best["score"] > 0
    with pytest.raises(BadInput, match="“assay” are not here"):
        run_task(optimisation.improve, params, seed=1, models={"": scripted})
