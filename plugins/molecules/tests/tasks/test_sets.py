"""Work on sets: clusters, scaffolds, R-groups, matched pairs, two tables as one, likeness."""

from __future__ import annotations

from typing import Any

import pytest
from rdkit import Chem

from studio.api import BadInput
from studio.testing.plugins import Made, run_task
from studio_molecules.molecule import Molecule, from_csv, to_csv
from studio_molecules.schema import Cluster, Combine, Draw, Pairs, Predict, Similar
from studio_molecules.tasks import (
    clusters,
    comparison,
    depiction,
    matched_pairs,
    prediction,
    similarity,
)

FAMILIES = (
    *("c1ccccc1CCN", "c1ccccc1CCO", "c1ccccc1CCNC", "Clc1ccc(CCN)cc1"),
    *("C1CCNCC1", "C1CCN(C)CC1", "C1CCN(CC)CC1"),
    "OCC(O)C(O)C(O)C(O)CO",
)

_MARK = "#FCD88C"


def rows(*smiles: str) -> list[Molecule]:
    found = [Chem.MolToSmiles(Chem.MolFromSmiles(each)) for each in smiles]
    return [
        Molecule(each, f"m{n}", operation="read", figures={"pIC50": float(n)}, words={"Lab": "A"})
        for n, each in enumerate(found)
    ]


def made_of(made: Made) -> list[Molecule]:
    return from_csv(made.artifacts[0].payload)


def clustered(molecules: list[Molecule], **params: Any) -> list[Molecule]:
    inputs = {"table": to_csv(molecules)}
    return made_of(run_task(clusters.cluster, Cluster.parse(params), inputs=inputs))


def test_a_set_gets_clusters_scaffolds_and_a_diverse_pick_beside_its_columns() -> None:
    before = rows(*FAMILIES)
    found = clustered(before, similarity=0.3, pick=3)
    assert [each.smiles for each in found] == [each.smiles for each in before]
    assert all(each.words["Lab"] == "A" and "pIC50" in each.figures for each in found)
    clusters = [each.figures["Cluster"] for each in found]
    assert clusters[0] == clusters[1] == clusters[2] == clusters[3] == 1
    assert len({clusters[0], clusters[4], clusters[7]}) == 3
    assert found[0].figures["Cluster size"] == 4
    centres = [each for each in found if each.figures["Cluster centre"]]
    assert len(centres) == len(set(clusters))
    assert found[0].words["Scaffold"] == "c1ccccc1"
    assert found[0].figures["Scaffold size"] == 4
    assert "Scaffold" not in found[7].words, "it has no ring"
    picked = {each.figures["Cluster"] for each in found if "Diverse pick" in each.figures}
    assert len(picked) >= 2
    assert clustered(found, similarity=0.3, pick=3) == found, "its own columns are made anew"


def test_many_rows_are_led_into_the_same_families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "BUTINA_MOST", 3)
    found = clustered(rows(*FAMILIES), similarity=0.3)
    led = [each.figures["Cluster"] for each in found]
    assert led[0] == led[2]
    assert len({led[0], led[4], led[7]}) == 3


def test_what_stands_around_a_core_goes_into_columns() -> None:
    found = clustered(rows("Clc1ccc(CCN)cc1", "Fc1ccc(CCO)cc1", "CCO"), core="c1ccccc1")
    said = [{title: each.words[title] for title in each.words if title[0] == "R"} for each in found]
    assert {text.replace("[*:1]", "*").replace("[*:2]", "*") for text in said[0].values()} == {
        "Cl*",
        "NCC*",
    }
    assert not said[2]
    with pytest.raises(BadInput, match="contains the core"):
        clustered(rows("CCO"), core="c1ccccc1")
    with pytest.raises(BadInput, match="not a valid pattern"):
        clustered(rows("CCO"), core="c1cc")


def test_pairs_that_differ_in_one_place_say_what_it_does() -> None:
    inputs = {"table": to_csv(rows("Clc1ccccc1CCN", "Fc1ccccc1CCN", "CCCCCC"))}
    (pair,) = made_of(run_task(matched_pairs.pairs, Pairs(), inputs=inputs))
    assert pair.operation == "Cl* → F*"
    assert pair.figures == {"Δ pIC50": 1.0}
    assert (pair.words["From"], pair.name) == ("m0", "m1")
    with pytest.raises(BadInput, match="differ in one place"):
        run_task(matched_pairs.pairs, Pairs(), inputs={"table": to_csv(rows("CCO"))})


def test_two_tables_are_merged_subtracted_and_intersected() -> None:
    inputs = {"table": to_csv(rows("CCO", "CCN")), "other": to_csv(rows("CCN", "CCC"))}

    def smiles(how: str) -> list[str]:
        made = run_task(comparison.combine, Combine.parse({"how": how}), inputs=inputs)
        return [each.smiles for each in made_of(made)]

    assert smiles("add") == ["CCO", "CCN", "CCC"]
    assert smiles("subtract") == ["CCO"]
    assert smiles("common") == ["CCN"]
    with pytest.raises(BadInput, match="no two tables"):
        run_task(comparison.combine, Combine(), inputs={"table": b""})


def test_likeness_to_one_molecule_is_told_in_order() -> None:
    params = Similar.parse({"to": "aspirin", "smiles": ["CC(=O)Oc1ccccc1C(=O)O", "CCO", "C1"]})
    found = run_task(similarity.similar, params).result["similarities"]
    assert found[0] == 1
    assert 0 <= found[1] < 0.5
    assert found[2] == -1


def test_what_differs_is_marked_and_what_is_common_is_not() -> None:
    values = {"smiles": ["c1ccccc1CCN", "c1ccccc1CCO"], "differing": True}
    svgs = run_task(depiction.draw, Draw.parse(values)).result["svgs"]
    plain = run_task(depiction.draw, Draw.parse(values | {"differing": False})).result["svgs"]
    assert all(_MARK in svg.upper() for svg in svgs)
    assert not any(_MARK in svg.upper() for svg in plain)
    strangers = run_task(depiction.draw, Draw.parse(values | {"smiles": ["CCCCCC", "c1ccccc1Cl"]}))
    assert strangers.result["shared"] == 0
    assert not any(_MARK in svg.upper() for svg in strangers.result["svgs"])


def test_a_table_in_view_is_predicted_with_all_its_columns() -> None:
    own = [Molecule("CCO", "x", "CC", "atom added", 5, {"score": 0.5, "Mine": 7.0}, {"Lab": "A"})]
    made = run_task(
        prediction.predict, Predict.parse({"admet": False}), inputs={"table": to_csv(own)}
    )
    (row,) = made_of(made)
    assert (row.name, row.parent, row.operation, row.seed) == ("x", "CC", "atom added", 5)
    assert row.figures["score"] == 0.5
    assert row.figures["Mine"] == 7.0
    assert row.figures["mw"] == pytest.approx(46.07, abs=0.01)
    assert row.words == {"Lab": "A"}
