"""Profiles: desirabilities, limits, and what cannot be wished for."""

from __future__ import annotations

import json

import pytest

from studio.api import BadInput
from studio_molecules import objectives
from studio_molecules.admet.endpoints import ENDPOINTS
from studio_molecules.objectives import Objective, Profile


def test_desirability_falls_over_the_slack() -> None:
    wish = Objective("logp", low=2, high=3, slack=2)
    values = [wish.desirability(x) for x in (2, 2.5, 3, 4, 5, 6, 1, 0, -1)]
    assert values == [1, 1, 1, 0.5, 0, 0, 0.5, 0, 0]


def test_without_slack_it_is_all_or_nothing() -> None:
    wish = Objective("mw", high=500)
    assert (wish.desirability(500), wish.desirability(500.1)) == (1, 0)


def test_the_score_is_a_weighted_geometric_mean() -> None:
    wishes = (Objective("qed", low=1, slack=1, weight=3), Objective("logp", high=0, slack=1))
    assert Profile(wishes).score({"qed": 0.5, "logp": -2}) == pytest.approx(0.5 ** (3 / 4))


def test_a_broken_limit_is_worth_nothing() -> None:
    wishes = (Objective("mw", high=300, slack=1000, limit=True), Objective("qed", low=0, slack=1))
    assert Profile(wishes).score({"mw": 301, "qed": 1}) == 0
    assert Profile(wishes).score({"mw": 300, "qed": 1}) == 1


def test_a_figure_that_is_missing_counts_as_not_met() -> None:
    assert Profile((Objective("qed", low=0.5, slack=0.5),)).score({}) == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("nonsense", "not a profile"),
        ({"wishes": []}, "has no objectives"),
        ({"wishes": [{"figure": "colour", "low": 1}]}, "Objective 1 .*unknown property"),
        ({"wishes": [{"figure": "qed"}]}, "neither"),
        (
            {"wishes": [{"figure": "qed", "low": 2, "high": 1}]},
            "minimum of 2 above its maximum of 1",
        ),
        ({"wishes": [{"figure": "qed", "low": 1, "weight": 0}]}, "negative weight"),
        ({"wishes": [{"figure": "qed", "low": 1}], "similarity": 0.5}, "there is no lead"),
        ({"wishes": [{"figure": "similarity", "low": 0.5}]}, "there is no lead"),
        ({"wishes": [{"figure": "qed", "low": 1, "colour": "red"}]}, "not a profile"),
    ],
)
def test_what_cannot_be_wished_for_is_told(data: object, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        objectives.parse(json.dumps(data).encode())


def test_a_lead_from_elsewhere_stands_in_and_gives_way() -> None:
    near = {"wishes": [{"figure": "similarity", "low": 0.5}], "similarity": 0.4}
    assert objectives.parse(json.dumps(near).encode(), "CCO").lead == "CCO"
    assert objectives.parse(json.dumps(near | {"lead": "CCN"}).encode(), "CCO").lead == "CCN"


@pytest.mark.parametrize("figure", objectives.WISHABLE)
def test_every_wish_begins_with_something_that_can_be_met(figure: str) -> None:
    wish = objectives.first_wish(figure)
    assert wish.slack > 0
    assert objectives.checked(objectives.Profile((wish,), lead="C")).wishes == (wish,)
    if figure in ENDPOINTS and ENDPOINTS[figure].chance:
        assert {wish.low, wish.high} == {None, 0.5}
