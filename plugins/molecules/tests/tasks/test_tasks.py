"""The tasks, with a model that writes known strings."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rdkit import Chem

from studio.api import BadInput, StudioError
from studio.api.artifacts import NewArtifact
from studio.api.worker.context import ResultEvent
from studio.testing import short_memory
from studio.testing.link_meter import bytes_of
from studio.testing.plugins import Made, run_task
from studio_molecules.chem import conformer as shape
from studio_molecules.chem import descriptors, graph_mutations
from studio_molecules.goals import reinforcement, scores
from studio_molecules.goals.scores import Scored
from studio_molecules.molecule import Molecule, from_csv, to_csv
from studio_molecules.schema import Analogues, Draw, Export, Generate, Improve, Predict, Shape
from studio_molecules.smiles.network import Recurrent
from studio_molecules.smiles.vocabulary import Vocabulary
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks import (
    analogues,
    conversion,
    depiction,
    export,
    generation,
    optimisation,
    prediction,
    table_artifact,
)

LEAD = "CC(C)NCC(O)COc1cccc2ccccc12"
PROFILE = {
    "objectives": [
        {"property": "qed", "low": 0.95, "tolerance": 0.9},
        {"property": "logp", "high": 3},
    ]
}


def test_invalid_strings_are_counted_and_dropped(scripted: SmilesModel) -> None:
    made = run_task(
        generation.generate, Generate.parse({"count": 7}), seed=1, models={"": scripted}
    )
    smiles = [each["smiles"] for each in made.result["molecules"]]
    assert len(smiles) == len(set(smiles)) == 7
    assert all(Chem.MolFromSmiles(each) is not None for each in smiles)
    assert 0.5 < made.result["valid_raw"] < 0.95
    (artifact,) = made.artifacts
    assert artifact.verdict is not None
    assert artifact.verdict.passed
    assert [each.smiles for each in from_csv(artifact.payload)] == smiles


def test_the_same_seed_makes_the_same_table(scripted: SmilesModel) -> None:
    params = Generate.parse({"count": 5})
    first, again = (
        run_task(generation.generate, params, seed=2, models={"": scripted}) for _ in range(2)
    )
    assert first.artifacts[0].payload == again.artifacts[0].payload


def test_when_memory_runs_out_fewer_strings_are_written_at_a_time(
    scripted: SmilesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    begin = scripted.network.begin

    def narrow(count: int) -> object:
        if count > 20:
            raise MemoryError
        sizes.append(count)
        return begin(count)

    monkeypatch.setattr(scripted.network, "begin", narrow)
    made = run_task(
        generation.generate, Generate.parse({"count": 50}), seed=1, models={"": scripted}
    )
    assert made.result["count"] == 7
    assert set(sizes) == {12}, "later batches begin with what fitted"
    reduced = made.artifacts[0].meta["reduced"]
    assert reduced == ["25 strings at a time", "12 strings at a time"]


SHORT = {
    "generate": (generation.generate, Generate.parse({"count": 7}), "8 strings at a time"),
    "analogues": (
        analogues.analogues,
        Analogues.parse({"lead": "CCO", "count": 2, "similarity": 0.1, "by_model": 1.0}),
        "32 strings at a time",
    ),
    "improve": (
        optimisation.improve,
        Improve.parse({"goal": PROFILE, "budget": 10}),
        "50 strings at a time",
    ),
}


@pytest.fixture(scope="module")
def untrained() -> SmilesModel:
    """A small network that has learned nothing: chains of C, N and O, and quickly."""
    vocabulary = Vocabulary.learned("CNO")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SmilesModel(Recurrent(len(vocabulary), 8, 1).eval(), vocabulary)


@pytest.mark.parametrize("name", SHORT)
def test_wherever_memory_runs_out_batches_become_smaller(untrained: SmilesModel, name: str) -> None:
    task, params, words = SHORT[name]

    def made() -> Made:
        return run_task(task, params, seed=1, models={"": untrained})

    reduced = short_memory.run_short(made)
    assert len(reduced) > 1
    assert all(each == [words] for each in reduced.values())
    assert f"even with {words}" in short_memory.run_out(made)


@dataclass(frozen=True)
class Brief(reinforcement.Settings):
    """Warming up twice meets what warming up twenty times does."""

    warming: int = 2


def test_an_agent_that_runs_out_of_memory_learns_in_smaller_batches(
    untrained: SmilesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reinforcement, "Settings", Brief)
    params = Improve.parse({"goal": PROFILE, "budget": 40, "method": "reinforcement"})

    def made() -> Made:
        return run_task(optimisation.improve, params, seed=1, models={"": untrained})

    reduced = short_memory.run_short(made, within="studio_molecules.goals")
    assert len(reduced) > 2
    assert set(map(tuple, reduced.values())) == {("32 molecules to learn from at a time",)}


@pytest.mark.parametrize("method", ["genetic", "reinforcement"])
def test_a_search_goes_on_from_what_it_found(untrained: SmilesModel, method: str) -> None:
    params = Improve.parse({"goal": PROFILE, "budget": 10, "method": method})
    begun = {"population": [LEAD, "CCO"]}
    made = run_task(optimisation.improve, params, seed=1, models={"": untrained}, inputs=begun)
    assert made.result["scored"] == 12, "what was tried before is not counted again"
    assert LEAD in [each["smiles"] for each in made.result["molecules"]]


def test_a_run_that_finds_too_few_says_how_many(scripted: SmilesModel) -> None:
    made = run_task(
        generation.generate, Generate.parse({"count": 50}), seed=1, models={"": scripted}
    )
    assert made.result["count"] == 7
    assert made.result["drawn"] > 50


def test_relatives_are_as_near_as_asked_and_know_their_parent(scripted: SmilesModel) -> None:
    params = Analogues.parse({"lead": LEAD, "count": 60, "similarity": 0.5})
    made = run_task(analogues.analogues, params, seed=3, models={"": scripted})
    lead = descriptors.fingerprint(Chem.MolFromSmiles(LEAD))
    known = {LEAD, *(each["smiles"] for each in made.result["molecules"])}
    assert made.result["count"] == 60
    for each in made.result["molecules"]:
        mol = Chem.MolFromSmiles(each["smiles"])
        assert mol is not None
        assert descriptors.similarity(mol, lead) >= 0.5
        assert each["parent"] in known
        assert each["operation"]
        assert each["smiles"] != LEAD


def test_only_what_the_model_wrote_counts_as_raw(
    scripted: SmilesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analogues, "_IN_VAIN", 200)
    params = Analogues.parse({"lead": LEAD, "count": 5, "similarity": 0, "by_model": 0})
    made = run_task(analogues.analogues, params, seed=3, models={"": scripted})
    assert made.result["drawn"] == 0
    assert "valid_raw" not in made.result
    params = Analogues.parse({"lead": "CCO", "count": 20, "similarity": 0, "by_model": 1})
    made = run_task(analogues.analogues, params, seed=3, models={"": scripted})
    assert made.result["drawn"] == made.result["tried"] > 0
    assert 0 < made.result["valid_raw"] < 1


def test_a_lead_the_model_cannot_spell_is_edited(scripted: SmilesModel) -> None:
    params = Analogues.parse({"lead": "[2H]C(C)CO", "count": 5, "similarity": 0, "by_model": 1})
    made = run_task(analogues.analogues, params, seed=3, models={"": scripted})
    first = [each for each in made.result["molecules"] if each["parent"].startswith("[2H]")]
    assert first
    assert all(each["operation"] != "rewritten by the model" for each in first)


def test_a_lead_without_further_relatives_ends_the_run(
    scripted: SmilesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analogues, "_IN_VAIN", 200)
    params = Analogues.parse({"lead": "CCO", "count": 5000, "similarity": 0.5, "by_model": 0})
    made = run_task(analogues.analogues, params, seed=3, models={"": scripted})
    assert 0 < made.result["count"] < 100
    assert made.result["tried"] < 2000


def test_a_lead_that_cannot_be_is_told(scripted: SmilesModel) -> None:
    with pytest.raises(BadInput, match="ring 1 is not closed"):
        run_task(analogues.analogues, Analogues.parse({"lead": "C1CC"}), models={"": scripted})


def test_a_search_gets_better_and_tells_its_curve(scripted: SmilesModel, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(PROFILE))
    params = Improve.parse({"profile": str(path), "lead": "CCO", "budget": 400, "count": 10})
    made = run_task(optimisation.improve, params, seed=4, models={"": scripted})
    curve = [json.loads(line) for line in made.text.splitlines()]
    assert curve[-1]["best"] > curve[0]["best"]
    assert [each["best"] for each in curve] == sorted(each["best"] for each in curve)
    scores = [each["score"] for each in made.result["molecules"]]
    assert scores == sorted(scores, reverse=True)
    assert all(each["logp"] <= 3 for each in made.result["molecules"])


def test_a_search_ends_once_it_is_content(scripted: SmilesModel) -> None:
    easy = {"objectives": [{"property": "mw", "high": 5000, "tolerance": 1}]}
    asked = {"goal": easy, "lead": LEAD, "budget": 100_000}
    for early, said in (({"enough": 0.1}, "score of 0.1"), ({"patience": 1}, "Nothing better")):
        params = Improve.parse(asked | early)
        made = run_task(optimisation.improve, params, seed=4, models={"": scripted})
        assert said in made.result["ended"]
        assert made.result["scored"] < 1000
        assert json.loads(made.text.splitlines()[-1])["top"][0][1] == made.result["best"]


def test_stereo_is_kept_listed_or_left_out(scripted: SmilesModel) -> None:
    found = {}
    for wanted in ("keep", "enumerate", "ignore"):
        asked = {"goal": PROFILE, "lead": "C[C@H](N)CCO", "budget": 40, "stereo": wanted}
        params = Improve.parse(asked)
        made = run_task(optimisation.improve, params, seed=4, models={"": scripted})
        found[wanted] = {each["smiles"]: each["operation"] for each in made.result["molecules"]}
    assert any("@" in each for each in found["keep"])
    assert not any("@" in each for each in found["ignore"])
    assert "stereoisomer" in found["enumerate"].values()


def test_stop_keeps_what_was_found(scripted: SmilesModel) -> None:
    params = Improve.parse({"goal": PROFILE, "lead": LEAD, "budget": 100_000})
    made = run_task(optimisation.improve, params, seed=5, models={"": scripted}, stop_after=200)
    assert made.cancelled
    assert made.artifacts
    assert made.result["stopped"] is True


def test_a_search_that_is_stopped_without_a_result_says_why(scripted: SmilesModel) -> None:
    goal = {"objectives": [{"property": "mw", "high": 1, "limit": True}]}
    params = Improve.parse({"goal": goal, "lead": LEAD, "budget": 100_000})
    made = run_task(optimisation.improve, params, seed=5, models={"": scripted}, stop_after=200)
    assert made.cancelled
    assert not made.artifacts
    assert re.match(r"None of \d+ molecules meets the profile\. Widen", made.result["note"])


def test_an_agent_learns_from_the_neighbours_of_the_lead(untrained: SmilesModel) -> None:
    """Alone it would never write one: here it knows nothing but chains."""
    goal = {"objectives": [{"property": "mw", "high": 300, "tolerance": 100}], "similarity": 0.35}
    params = Improve.parse(
        {"goal": goal, "lead": LEAD, "method": "reinforcement", "budget": 80, "count": 50}
    )
    made = run_task(optimisation.improve, params, seed=5, models={"": untrained})
    found = made.result["molecules"]
    assert len(found) > 5
    assert all(each["similarity"] >= 0.35 for each in found)
    assert {each["parent"] for each in found} > {LEAD, ""}


def test_what_is_almost_like_the_lead_is_worth_a_little() -> None:
    memory = reinforcement.Memory(reinforcement.Settings(), floor=0.5)
    mol = Chem.MolFromSmiles("CCO")
    near, far = (Scored("CCO", mol, 0.0, {"similarity": like}) for like in (0.4, 0.1))
    assert 0 < memory.reward(far) < memory.reward(near) < 0.3
    assert memory.reward(Scored("CCO", mol, 0.6, {"similarity": 0.7})) == 0.6


def test_who_a_molecule_came_from_outlives_continue(scripted: SmilesModel) -> None:
    origins = {"CCO": ["CC", "atom added", 7]}
    params = Improve.parse({"goal": PROFILE, "budget": 10})
    begun = {"population": ["CCO"], "origins": origins}
    made = run_task(optimisation.improve, params, models={"": scripted}, seed=2, inputs=begun)
    found = {each["smiles"]: each for each in made.result["molecules"]}
    assert (found["CCO"]["parent"], found["CCO"]["operation"]) == ("CC", "atom added")
    assert found["CCO"]["seed"] == 7


def test_a_search_with_nothing_new_to_find_ends(
    scripted: SmilesModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_mutations, "mutate", lambda *_, **__: None)
    monkeypatch.setattr(optimisation, "_PATIENCE", 50)
    params = Improve.parse({"goal": PROFILE, "lead": "C", "budget": 1000})
    made = run_task(optimisation.improve, params, models={"": scripted})
    assert made.result["scored"] == 1


def test_an_impossible_profile_says_so(scripted: SmilesModel) -> None:
    goal = {"objectives": [{"property": "mw", "high": 1, "limit": True}]}
    params = Improve.parse({"goal": goal, "lead": LEAD, "budget": 50})
    with pytest.raises(StudioError, match=r"None of .* meets the profile"):
        run_task(optimisation.improve, params, models={"": scripted})


def test_a_profile_that_is_no_file_for_one_is_told(scripted: SmilesModel, tmp_path: Path) -> None:
    (tmp_path / "large.json").write_bytes(b" " * (2 << 20))
    for name, said in {"large.json": "too large", "none.json": "cannot be read"}.items():
        params = Improve.parse({"profile": str(tmp_path / name)})
        with pytest.raises(BadInput, match=said):
            run_task(optimisation.improve, params, models={"": scripted})


def test_figures_of_a_list_with_its_faults() -> None:
    text = "CC(=O)Oc1ccccc1C(=O)O aspirin\nC1CC bad\nOCC\nCCO\n[Na+].CC(=O)[O-] salt"
    made = run_task(prediction.predict, Predict.parse({"smiles": text, "lead": "CCO"}))
    assert [each["name"] for each in made.result["molecules"]] == ["aspirin", "", "", "salt"]
    assert made.result["molecules"][0]["mw"] == pytest.approx(180.16, abs=0.01)
    assert made.result["molecules"][1]["similarity"] == 1
    assert [fault["line"] for fault in made.result["faults"]] == [2]
    assert made.result["repeats"] == 1
    reason = "the same molecule as line 3: both are kept"
    assert made.result["repeated"] == [{"line": 4, "reason": reason}]
    assert made.result["remarks"][0]["line"] == 5


def test_every_column_of_a_table_is_carried_to_every_format() -> None:
    text = "smiles,name,Date,Activity_nM\nCCO,ethanol,2024-01-31,1100\nCCN,,unknown,\n"
    made = run_task(prediction.predict, Predict.parse({"smiles": text, "admet": False}))
    rows = from_csv(made.artifacts[0].payload)
    assert [dict(row.words) for row in rows] == [{"Date": "2024-01-31"}, {"Date": "unknown"}]
    assert made.result["molecules"][0]["Date"] == "2024-01-31"
    assert made.result["columns"][0] == "name"
    assert {"Date", "Activity_nM", "mw"} < set(made.result["columns"])
    assert "CCO ethanol" in made.artifacts[0].text, "found by its name"
    inputs = {"table": to_csv(rows)}
    written = run_task(export.export, Export.parse({"format": "sdf"}), inputs=inputs)
    text = written.artifacts[0].payload.decode()
    assert text.startswith("ethanol\n")
    assert ">  <Date>\n2024-01-31\n" in text
    assert "$$$$\nMolecule 2\n" in text


@pytest.mark.parametrize("name", ["missing.smi", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        run_task(prediction.predict, Predict.parse({"file": str(tmp_path / name)}))


def test_drawings_and_shapes() -> None:
    asked = {"smiles": ["CCO", "c1ccccc1"], "highlight": "c1ccccc1"}
    drawn = run_task(depiction.draw, Draw.parse(asked))
    assert [svg.count("<svg") for svg in drawn.result["svgs"]] == [1, 1]
    assert "ellipse" in drawn.result["svgs"][1]
    with pytest.raises(BadInput, match="not a valid pattern"):
        run_task(depiction.draw, Draw.parse({"smiles": ["C"], "highlight": "[["}))
    shape = run_task(conversion.fold, Shape.parse({"smiles": "CCO"}), seed=6).result
    assert sorted(shape["symbols"]) == ["C"] * 2 + ["H"] * 6 + ["O"]
    assert len(shape["places"]) == 9
    assert shape == run_task(conversion.fold, Shape.parse({"smiles": "CCO"}), seed=6).result


def test_a_table_with_a_fault_does_not_pass() -> None:
    assert not table_artifact.check(b"smiles,name,parent,operation,seed\nC1CC,,,,0\n").passed
    assert not table_artifact.check(b"smiles,name,parent,operation,seed\nC,,,,0\nC,,,,0\n").passed


def test_folding_is_many_steps_and_whoever_stops_it_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()
    fold = shape.fold
    monkeypatch.setattr(shape, "fold", lambda *given: go_on.wait() and fold(*given))
    params = Shape.parse({"smiles": "CCO"})
    made = run_task(conversion.fold, params, stop_after=4)
    assert made.cancelled
    assert made.steps == 4
    go_on.set()
    assert run_task(conversion.fold, params).result["symbols"].count("C") == 2


@pytest.mark.parametrize("smiles", ["[CH99999]", "[#999]"])
def test_an_impossible_atom_is_refused_in_a_sentence_wherever_it_is_given(
    scripted: SmilesModel, smiles: str
) -> None:
    table = run_task(
        prediction.predict, Predict.parse({"smiles": f"CCO\n{smiles}", "admet": False})
    )
    assert [each["smiles"] for each in table.result["molecules"]] == ["CCO"]
    for task, params in (
        (depiction.draw, Draw.parse({"smiles": [smiles]})),
        (conversion.fold, Shape.parse({"smiles": smiles})),
        (prediction.predict, Predict.parse({"smiles": "CCO", "lead": smiles, "admet": False})),
    ):
        with pytest.raises(BadInput, match="is not a valid molecule"):
            run_task(task, params)
    with pytest.raises(BadInput, match="is not a valid molecule"):
        run_task(analogues.analogues, Analogues.parse({"lead": smiles}), models={"": scripted})


def _result(**values: Any) -> ResultEvent:
    return ResultEvent(values)


def test_of_ten_thousand_molecules_the_table_crosses_the_link_and_nothing_else() -> None:
    figures = {"qed": 0.5, "logp": 2.25, "mw": 180.25, "tpsa": 40.5, "sa": 1.75}
    molecules = [Molecule(f"{'C' * (n % 30)}O", f"number {n}", "CO", "read", n, figures)
                 for n in range(10_000)]  # fmt: skip
    ctx = SimpleNamespace(wants_whole=False, artifact=NewArtifact, result=_result)
    sizes = bytes_of(table_artifact.finish(ctx, molecules, "Many"))  # type: ignore[arg-type]
    table = len(to_csv(molecules))
    print(f"a table of {table:,} bytes: {sizes}")
    assert sizes["Produced"] < table + 90_000, "and what can be searched, and a thumbnail"
    assert sizes["Finished"] < 2_000
    ctx.wants_whole = True
    whole = bytes_of(table_artifact.finish(ctx, molecules, "Many"))  # type: ignore[arg-type]
    assert whole["Finished"] > table, "control: --json asks for it"


def test_what_was_typed_has_a_title_of_its_own() -> None:
    made = run_task(prediction.predict, Predict.parse({"smiles": "CCO\nCCN", "admet": False}))
    assert made.artifacts[0].title == "2 molecules entered"
    with pytest.raises(BadInput, match="What you typed contains no valid molecules"):
        run_task(prediction.predict, Predict.parse({"smiles": "C1CC"}))


def test_merged_rows_tell_the_range_of_their_numbers() -> None:
    text = "smiles,pIC50\nCCO,5.0\nOCC,7.0\nCCN,6.0\n"
    asked = Predict.parse({"smiles": text, "admet": False, "repeats": "merge"})
    first, second = run_task(prediction.predict, asked).result["molecules"]
    assert (first["pIC50"], first["pIC50 (range)"]) == (6.0, "5–7")
    assert "pIC50 (range)" not in second


def test_tautomers_are_one_molecule_on_request() -> None:
    text = {"smiles": "Oc1ccccn1\nO=c1cccc[nH]1", "admet": False}
    assert run_task(prediction.predict, Predict.parse(text)).result["repeats"] == 0
    made = run_task(prediction.predict, Predict.parse({**text, "tautomers": True}))
    assert made.result["repeats"] == 1


def test_a_list_that_is_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_molecules.tasks.table_artifact._SHOWN", 1)
    asked = Predict.parse({"smiles": "CCO\nCCN\nCCC", "admet": False})
    made = run_task(prediction.predict, asked)
    assert len(made.result["molecules"]) == 1
    assert made.result["left_out"] == 2
    assert "ends after 1 of 3 molecules" in made.result["left_out_because"]


def test_equal_scores_are_told_apart_by_likeness_to_the_lead() -> None:
    lead = Chem.MolFromSmiles(LEAD)

    def goal(mol: Chem.Mol) -> tuple[float, dict[str, float]]:
        return 1.0, {"similarity": descriptors.similarity(mol, descriptors.fingerprint(lead))}

    judge = scores.Judge(goal)
    for smiles in ("CCO", "CCCCCC", LEAD, "c1ccccc1"):
        judge(Chem.MolFromSmiles(smiles))
    alike = [each.figures["similarity"] for each in judge.best(4)]
    assert alike == sorted(alike, reverse=True)
    assert judge.best(1)[0].smiles == Chem.CanonSmiles(LEAD)
    assert judge.best(1000)[0].smiles == Chem.CanonSmiles(LEAD), "from the whole list, too"
