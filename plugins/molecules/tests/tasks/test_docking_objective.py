"""Docking as one of the objectives of a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.molecules.tests import pocket
from studio.api import BadInput
from studio.testing.plugins import Made, run_task
from studio_molecules.molecule import from_csv
from studio_molecules.schema import Improve
from studio_molecules.tasks import optimisation

pytest.importorskip("vina", reason="Vina has no wheel for this Python")

GOAL = {
    "objectives": [
        {"property": "docking", "high": -6, "tolerance": 4},
        {"property": "heavy", "high": 12, "tolerance": 0},
    ]
}


class CountedVina(pocket.QuickVina):
    """Says which ligands it was given."""

    def __init__(self) -> None:
        self.docked = 0

    def run(self, request: Any) -> Any:
        """Count, then answer."""
        self.docked += sum(name.startswith("ligand") for name in request.files)
        yield from super().run(request)


def _improve(folder: Path, sandbox: Any = None, **more: Any) -> Made:
    wish = {"goal": GOAL, "lead": "CCO", "budget": 25, "target": "bowl", "seed": 1, **more}
    models = {"docking-targets": pocket.targets(), "": None}
    return run_task(
        optimisation.improve,
        Improve.parse(wish),
        models=models,
        scratch=folder,
        sandbox=sandbox or CountedVina(),
    )


def test_molecules_are_docked_when_they_meet_the_rest(tmp_path: Path) -> None:
    vina = CountedVina()
    made = _improve(tmp_path, vina)
    rows = from_csv(made.artifacts[0].payload)
    assert rows
    assert {row.figures["docking"] for row in rows} == {-5.0}
    assert rows[0].figures["score"] == pytest.approx(0.75**0.5)
    assert 0 < vina.docked <= made.result["scored"]


def test_what_breaks_another_objective_is_not_docked(tmp_path: Path) -> None:
    vina = CountedVina()
    impossible = {"objectives": [*GOAL["objectives"][:1], {"property": "mw", "low": 5000}]}
    with pytest.raises(BadInput, match="meets the profile"):
        _improve(tmp_path, vina, goal=impossible)
    assert not vina.docked


@pytest.mark.parametrize(
    ("change", "said"),
    [({"target": ""}, "no target"), ({"method": "reinforcement"}, "too slow")],
)
def test_what_cannot_be_is_said(tmp_path: Path, change: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        _improve(tmp_path, **change)
