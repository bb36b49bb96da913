"""The benches measure what they say: known answers, small data, a model of known strings."""

from __future__ import annotations

import csv
import gzip
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from rdkit import Chem
from rdkit.Chem.Pharm2D import Generate, Gobbi_Pharm2D
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from benchmarks.molecules import (
    decoys,
    docking,
    goals,
    guacamol,
    hazard_screen,
    moses,
    moses_data,
    pharmacophore,
    sample_efficiency,
    similarity,
    speed,
)
from plugins.molecules.tests import conftest
from studio.api import ErrorCode, StudioError
from studio_molecules.chem import common_molecules
from studio_molecules.chem.hazard_screen import MEASURED
from studio_molecules.smiles.network import Transformer
from studio_molecules.smiles.vocabulary import Vocabulary
from studio_molecules.smiles.weights import SmilesModel

scripted = conftest.scripted

PLAIN = ("CCO", "c1ccccc1O", "CC(=O)Nc1ccccc1", "C1CCNCC1", "Cc1ccncc1")


class Bench:
    """A bench context that says nothing."""

    def say(self, text: str) -> None:
        """Drop it."""

    def weights_path(self, weights: str) -> Path:
        """Have none."""
        raise StudioError(ErrorCode.NOT_FOUND, f"There is no {weights}.")


def mols(*smiles: str) -> list[Chem.Mol]:
    return [Chem.MolFromSmiles(text) for text in smiles]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with five molecules a split, one of them written by the scripted model."""
    path = tmp_path / "molsets-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for split in ("train", "test"):
            rows = "\n".join(["SMILES,SPLIT", *(f"{text},{split}" for text in PLAIN)])
            archive.writestr(f"moses/dataset/data/{split}.csv.gz", gzip.compress(rows.encode()))
        archive.writestr("moses/metrics/mcf.csv", "names,smarts\nMCF1,[#6]=[#6]\n")
        archive.writestr("moses/metrics/wehi_pains.csv", '"c:1:n:c:c:c:c:1",<regId=x(1)>\n')
    return path


# --- the measures -----------------------------------------------------------------------------


def test_a_set_is_as_like_itself_as_can_be() -> None:
    made = mols(*PLAIN)
    bits = similarity.bits(made)
    assert similarity.nearest(bits, bits) == 1
    assert similarity.diversity(similarity.bits(made[:1] * 3)) == 0
    assert 0.5 < similarity.diversity(bits) < 0.8  # each is like itself: at most 1 − 1/5
    assert similarity.diversity(bits, 2) < similarity.diversity(bits)
    counts = similarity.fragments(made)
    assert similarity.cosine(counts, counts) == pytest.approx(1)


def test_scaffolds_have_two_rings_and_fragments_come_from_cuts() -> None:
    two = mols("CCc1ccc(-c2ccccc2)cc1", "Oc1cccc(-c2ccccc2)c1", "CCc1ccccc1")
    assert similarity.scaffolds(two) == {"c1ccc(-c2ccccc2)cc1": 2}
    assert similarity.fragments(mols("CC(=O)Nc1ccccc1")).total() == 3
    assert similarity.cosine(similarity.scaffolds(two), similarity.scaffolds(mols("CCO"))) != 1


def test_filters_refuse_what_the_set_does_not_hold(wheel: Path) -> None:
    passing = moses_data.read_filters(wheel)
    refused = ("C=C", "Cc1ccncc1", "C[N+](C)(C)C", "C[Si](C)C", "C1CCCCCCC1")
    assert passing(Chem.MolFromSmiles("CCO"))
    assert [passing(mol) for mol in mols(*refused)] == [False] * 5


@pytest.mark.parametrize("content", [b"no archive", None])
def test_what_is_not_the_wheel_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.whl"
    if content is None:
        zipfile.ZipFile(path, "w").close()
    else:
        path.write_bytes(content)
    with pytest.raises(StudioError, match=r"other\.whl is not the wheel of molsets"):
        moses_data.read_split(path, "train")


# --- goals ------------------------------------------------------------------------------------


def test_goals_give_what_the_published_package_gives() -> None:
    """Its figures were written by ``training/agreement.py``."""
    with (Path(__file__).parent / "guacamol_reference.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"smiles", *guacamol.GOALS}
    for goal, make in guacamol.GOALS.items():
        measure, told = make(), [float(row[goal]) for row in rows]
        found = [measure(Chem.MolFromSmiles(row["smiles"])) for row in rows]
        assert found == pytest.approx(told, abs=1e-6), goal
        assert max(told) > min(told), "not all alike"


def test_pharmacophores_have_the_bits_of_rdkit() -> None:
    drugs = [row["smiles"] for row in common_molecules.molecules()][::20]
    for text in (*drugs, "", "C", "[Na+].CC(=O)[O-]"):
        mol = Chem.MolFromSmiles(text)
        known = set(Generate.Gen2DFingerprint(mol, Gobbi_Pharm2D.factory).GetOnBits())
        assert set(pharmacophore.fingerprint(mol).GetOnBits()) == known, text


def test_goals_of_efficiency_alone_are_what_they_are_called() -> None:
    isomers, drug = (sample_efficiency.OTHERS[name]() for name in ("C7H8N2O2", "QED"))
    assert isomers(Chem.MolFromSmiles("COc1ncccc1C(N)=O")) == 1
    assert 0 < isomers(Chem.MolFromSmiles("COc1ncccc1C(N)=S")) < 1
    assert drug(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")) == pytest.approx(0.550, abs=1e-3)


def test_the_score_is_a_mean_of_means_and_missing_molecules_count() -> None:
    assert guacamol.score_of("Zaleplon MPO", [1.0] * 100) == pytest.approx(1)
    assert guacamol.score_of("Zaleplon MPO", [1.0]) == pytest.approx((1 + 0.1 + 0.01) / 3)
    assert guacamol.score_of("Celecoxib rediscovery", [0.7]) == 0.7
    assert guacamol.score_of("C11H24", [1.0] * 106) == pytest.approx(2 / 3)
    assert sum(row[-1] for row in guacamol.PUBLISHED.values()) == pytest.approx(17.983)


def test_the_area_is_what_the_published_benchmark_counts() -> None:
    """Trapezoids over every hundred molecules; what was not scored counts as the last mean."""
    assert sample_efficiency.area([0.5] * 1000, 1000) == pytest.approx(0.475)
    assert sample_efficiency.area([0.5] * 100, 1000) == pytest.approx(0.475)
    late = [0.0] * 900 + [1.0] * 100
    assert sample_efficiency.area(late, 1000) == pytest.approx(0.05)
    assert sample_efficiency.area(late[::-1], 1000) == pytest.approx(0.95)


# --- whole benches ----------------------------------------------------------------------------


def test_moses_with_and_without_the_data(
    scripted: SmilesModel, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    monkeypatch.setattr(moses, "loaded", lambda ctx, file: files.append(file) or scripted)
    monkeypatch.setenv("STUDIO_BENCH_MOSES_SAMPLES", "60")
    found = moses.measure(Bench())
    assert 0.5 < found["valid"] < 0.95
    assert "wheel of molsets" in found["novelty"]
    monkeypatch.setenv("STUDIO_BENCH_MOSES", str(wheel))
    monkeypatch.setenv("STUDIO_BENCH_MOSES_WEIGHTS", "baseline.safetensors")
    found = moses.measure(Bench())
    assert 0 < found["novelty"] < 1  # ethanol is known
    assert found["test molecules"] == 5
    assert 0 < found["SNN/Test"] < 1
    assert found["published"]["CharRNN"]["valid"] == 0.9748
    assert files == ["", "baseline.safetensors"]


def test_goals_are_measured_once_and_told_beside_the_published(
    scripted: SmilesModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(goals, "loaded", lambda ctx: scripted)
    monkeypatch.setenv("STUDIO_BENCH_GOALS_BUDGET", "60")
    monkeypatch.setenv("STUDIO_BENCH_GOALS_LOG", str(tmp_path / "log.jsonl"))
    monkeypatch.setenv("STUDIO_BENCH_GOALS", "median molecules 1, Zaleplon")
    found = goals.measure(Bench())
    asked = [found[goal] for goal in ("Median molecules 1", "Zaleplon MPO")]
    assert all(0 < each["score"] <= each["best"] <= 1 for each in asked)
    assert found["GuacaMol"]["Graph GA"] == pytest.approx(0.406 + 0.754)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len(lines) == 2
    monkeypatch.setattr(goals, "searched", None)  # nothing is searched again
    assert goals.measure(Bench()) == found
    monkeypatch.setenv("STUDIO_BENCH_GOALS", "gold")
    with pytest.raises(StudioError, match="names no goal"):
        goals.measure(Bench())


def test_a_goal_that_is_reached_ends_its_search(scripted: SmilesModel) -> None:
    first = [Chem.MolFromSmiles("CCO")]
    search = goals._search("genetic", scripted, first, {"seed": 1, "budget": 5000})
    judge, best = goals.searched(lambda mol: 1.0, search, 5000, enough=20)
    assert 20 <= len(judge.seen) < 400
    assert best[:20] == [1.0] * 20


def test_speed_is_told_for_each_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = Vocabulary.learned(["CCO"])
    torch.manual_seed(0)
    model = SmilesModel(Transformer(len(vocabulary), 32, 1).eval(), vocabulary)
    monkeypatch.setattr(speed, "loaded", lambda ctx: model)
    monkeypatch.setattr(speed, "SAMPLED", 32)
    monkeypatch.setattr(speed, "COMPARED", 8)
    monkeypatch.setattr(speed, "ROWS", 200)
    found = speed.measure(Bench())
    rates = found["molecules a second"]
    assert rates.pop("predicted") == "not measured: There is no admet-ai."
    assert list(rates) == ["sampled", "described", "scored", "screened", "drawn"]
    assert list(found["milliseconds of processor time"]) == ["sorted", "filtered", "searched"]
    assert all(rate["clock"] > 0 and rate["processor"] > 0 for rate in rates.values())


def test_of_the_medicines_only_nitrogen_mustards_are_marked() -> None:
    found = hazard_screen.measure(Bench())
    assert set(found["marked"].values()) == {"nitrogen mustards"}
    assert (len(found["marked"]), found["medicines"]) == MEASURED
    assert found["ratio"] == pytest.approx(len(found["marked"]) / found["medicines"], abs=1e-4)


def test_common_molecules_are_what_their_formulas_say() -> None:
    rows = common_molecules.molecules()
    assert len({row["name"] for row in rows}) == len(rows) >= 300
    for row in rows:
        mol = Chem.MolFromSmiles(row["smiles"])
        assert CalcMolFormula(mol) == row["formula"], row["name"]


class Docked(Bench):
    """Docks as it is told: the ligands of a target by three kcal/mol better, but for one."""

    def run(self, task: str, params: Mapping[str, Any], inputs: Any = None) -> Mapping[str, Any]:
        assert task == "molecules.dock"
        own = docking.LIGANDS[params["target"]]
        names = [line.split()[1] for line in params["smiles"].splitlines()]
        energies = {name: -10.0 if name in own else -7.0 for name in names}
        energies[next(iter(own))] = -7.0
        return {"molecules": [{"name": n, "docking": e} for n, e in energies.items()]}


def test_docking_is_judged_by_how_often_known_ligands_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STUDIO_BENCH_DOCKING", "DRD2, EGFR")
    found = docking.measure(Docked())
    assert {name: each["auc"] for name, each in found["targets"].items()} == {
        "DRD2": 0.875,  # three of four before all, one level with all
        "EGFR": 0.875,
    }
    assert found["targets"]["DRD2"]["enrichment"] == pytest.approx(5, abs=0.01), "four come first"
    assert len(found["targets"]["DRD2"]) == 2 + 4 + 16
    ligand, like = {"it": "Clc1ccc2ccccc2c1"}, "Clc1ccc2ccccc2c1C"
    pool = {"small": "CCO", "like": like, "near": "FC(F)(F)C1CCCCC1"}
    assert list(decoys.decoys(ligand, pool, 1)) == ["near"]
    assert (found["ratio"], found["risperidone_off"]) == (0.875, 3.9)
    for smiles in (each for own in docking.LIGANDS.values() for each in own.values()):
        assert Chem.MolFromSmiles(smiles) is not None
