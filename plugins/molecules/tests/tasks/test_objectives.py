"""Profiles: desirabilities, limits, and what cannot be asked for."""

from __future__ import annotations

import json

import msgspec
import pytest

from studio.api import BadInput
from studio_molecules import objectives
from studio_molecules.admet.endpoints import ENDPOINTS
from studio_molecules.objectives import Objective, Profile
from studio_molecules.schema import Improve


def test_desirability_falls_over_the_slack() -> None:
    objective = Objective("logp", low=2, high=3, tolerance=2)
    values = [objective.desirability(x) for x in (2, 2.5, 3, 4, 5, 6, 1, 0, -1)]
    assert values == [1, 1, 1, 0.5, 0, 0, 0.5, 0, 0]


def test_without_slack_it_is_all_or_nothing() -> None:
    objective = Objective("mw", high=500)
    assert (objective.desirability(500), objective.desirability(500.1)) == (1, 0)


def test_the_score_is_a_weighted_geometric_mean() -> None:
    objectives = (
        Objective("qed", low=1, tolerance=1, weight=3),
        Objective("logp", high=0, tolerance=1),
    )
    assert Profile(objectives).score({"qed": 0.5, "logp": -2}) == pytest.approx(0.5 ** (3 / 4))


def test_a_broken_limit_is_worth_nothing() -> None:
    objectives = (
        Objective("mw", high=300, tolerance=1000, limit=True),
        Objective("qed", low=0, tolerance=1),
    )
    assert Profile(objectives).score({"mw": 301, "qed": 1}) == 0
    assert Profile(objectives).score({"mw": 300, "qed": 1}) == 1


def test_a_figure_that_is_missing_counts_as_not_met() -> None:
    assert Profile((Objective("qed", low=0.5, tolerance=0.5),)).score({}) == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("nonsense", "not a profile"),
        ({"objectives": []}, "has no objectives"),
        ({"objectives": [{"property": "colour", "low": 1}]}, "Objective 1 .*unknown property"),
        ({"objectives": [{"property": "qed"}]}, "neither"),
        (
            {"objectives": [{"property": "qed", "low": 2, "high": 1}]},
            "minimum of 2 above its maximum of 1",
        ),
        ({"objectives": [{"property": "qed", "low": 1, "weight": 0}]}, "negative weight"),
        ({"objectives": [{"property": "qed", "low": 1}], "similarity": 0.5}, "there is no lead"),
        ({"objectives": [{"property": "similarity", "low": 0.5}]}, "there is no lead"),
        ({"objectives": [{"property": "qed", "low": 1, "colour": "red"}]}, "not a profile"),
    ],
)
def test_what_cannot_be_wished_for_is_told(data: object, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        objectives.parse(json.dumps(data).encode())


def test_a_lead_from_elsewhere_stands_in_and_gives_way() -> None:
    near = {"objectives": [{"property": "similarity", "low": 0.5}], "similarity": 0.4}
    assert objectives.parse(json.dumps(near).encode(), "CCO").lead == "CCO"
    assert objectives.parse(json.dumps(near | {"lead": "CCN"}).encode(), "CCO").lead == "CCN"


@pytest.mark.parametrize("figure", objectives.OBJECTIVES)
def test_every_wish_begins_with_something_that_can_be_met(figure: str) -> None:
    objective = objectives.usual_objective(figure)
    assert objective.tolerance > 0
    assert objectives.checked(objectives.Profile((objective,), lead="C")).objectives == (objective,)
    if figure in ENDPOINTS and ENDPOINTS[figure].chance:
        assert {objective.low, objective.high} == {None, 0.5}


def test_profiles_of_earlier_versions_are_read() -> None:
    """Files, and the records of jobs, that say wishes, figure and slack."""
    earlier = {"wishes": [{"figure": "qed", "low": 0.8, "slack": 0.3}], "lead": "C"}
    (objective,) = objectives.parse(msgspec.json.encode(earlier)).objectives
    assert objective == Objective("qed", low=0.8, tolerance=0.3)
    assert Improve.parse({"wishes": earlier}) == Improve.parse({"goal": earlier})
