"""The ADMET figures: features, ten networks as one, conversion, domain, and the task with them."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio.api import StudioError
from studio.testing.plugins import run_task
from studio_molecules.admet import conversion, limits
from studio_molecules.admet import prediction as admet_prediction
from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD
from studio_molecules.admet.features import Graph, graph
from studio_molecules.admet.layout import (
    CHANCES,
    FORMAT,
    HEADS,
    MEMBERS,
    QUANTITIES,
    shapes,
    trunk_shapes,
)
from studio_molecules.admet.network import Ensemble, Outcome
from studio_molecules.admet.weights import WEIGHTS, loader
from studio_molecules.properties import FIGURES
from studio_molecules.schema import Improve, Predict
from studio_molecules.smiles.weights import SmilesModel
from studio_molecules.tasks import optimisation, prediction

REAL = Path(__file__).parents[4] / "resources/weights/starter/admet-ai.safetensors"
REFERENCE = Path(__file__).with_name("admet_reference.csv")
"""By a plain reading of the checkpoints of admet-ai 2.0.1, network by network, in float32."""

CAFFEINE = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
STRANGE = ("C", "[He]", "CC(=O)O", CAFFEINE, "F/C=C/F", "C[N+](C)(C)C", "C#N", "IC1CC1")


def drawn_tensors() -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(7)
    wanted = shapes({head: len(conversion.COLUMNS[head]) for head in HEADS})
    return {
        name: torch.randn(shape, generator=rng) * shape[-1] ** -0.5
        for name, shape in wanted.items()
    }


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return drawn_tensors()


@pytest.fixture(scope="module")
def ensemble(tensors: dict[str, Tensor]) -> Ensemble:
    return Ensemble(tensors, [name for head in HEADS for name in conversion.COLUMNS[head]])


def load(path: Path) -> Ensemble:
    steps: Iterator[float] = loader().load(path, "cpu")
    shares = [0.0]
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            assert all(a <= b for a, b in pairwise(shares))
            return end.value


# --- features ---------------------------------------------------------------------------------


def test_an_atom_and_a_bond_as_they_were_taught() -> None:
    made = graph(Chem.MolFromSmiles("CCO"))
    oxygen = made.atoms[2]
    assert np.flatnonzero(oxygen).tolist() == [7, 38 + 2, 45 + 4, 51, 56 + 1, 62 + 4, 71]
    assert oxygen[71] == pytest.approx(0.15999)
    assert np.flatnonzero(made.bonds[0]).tolist() == [1, 7]
    assert made.source.tolist() == [0, 1, 1, 2]
    assert made.target.tolist() == [1, 0, 2, 1]
    ring = graph(Chem.MolFromSmiles("c1ccccc1"))
    assert np.flatnonzero(ring.bonds[0]).tolist() == [4, 5, 6, 7]
    assert ring.atoms[0][70] == 1


def test_what_is_not_in_a_list_has_the_last_place() -> None:
    iodine, tin = (
        graph(Chem.MolFromSmiles("I")).atoms[0],
        graph(Chem.MolFromSmiles("[Sn]")).atoms[0],
    )
    assert np.flatnonzero(iodine)[0] == 36
    assert np.flatnonzero(tin)[0] == 37
    assert graph(Chem.MolFromSmiles("[Fe+3]")).atoms[0][45 + 5] == 1


@pytest.mark.parametrize("smiles", STRANGE)
def test_every_kind_of_feature_is_there_once(smiles: str) -> None:
    made = graph(Chem.MolFromSmiles(smiles))
    for start, end in pairwise((0, 38, 45, 51, 56, 62, 70)):
        assert (made.atoms[:, start:end].sum(1) == 1).all()
    assert (made.bonds[:, :5].sum(1) == 1).all()
    assert (made.bonds[:, 7:].sum(1) == 1).all()
    assert (made.source[::2] == made.target[1::2]).all()


# --- the networks -----------------------------------------------------------------------------


def one_network(tensors: dict[str, Tensor], number: int, made: Graph) -> Tensor:
    """Pass messages bond by bond, as the paper writes it."""
    own = {name: tensors[name][number].double() for name in trunk_shapes()}
    atoms, bonds = torch.from_numpy(made.atoms).double(), torch.from_numpy(made.bonds).double()
    edges = list(zip(made.source.tolist(), made.target.tolist(), strict=True))
    first = [
        own["bond_in.weight"] @ torch.cat([atoms[v], bonds[e]]) for e, (v, _) in enumerate(edges)
    ]
    states = [each.relu() for each in first]
    zero = torch.zeros(300, dtype=torch.float64)
    for _ in range(2):
        sums = [
            sum((states[f] for f, (u, w) in enumerate(edges) if w == v and u != target), zero)
            for v, target in edges
        ]
        states = [(a + own["message.weight"] @ b).relu() for a, b in zip(first, sums, strict=True)]
    whole = zero
    for v in range(len(atoms)):
        near = sum((states[e] for e, (_, w) in enumerate(edges) if w == v), zero)
        seen = own["atom_out.weight"] @ torch.cat([atoms[v], near]) + own["atom_out.bias"]
        whole = whole + seen.relu() / 100
    hidden = (own["hidden.weight"] @ whole + own["hidden.bias"]).relu()
    head, place = (QUANTITIES, number) if number < MEMBERS else (CHANCES, number - MEMBERS)
    last = {name: tensors[f"{head}.{name}"][place].double() for name in ("out.weight", "out.bias")}
    out = last["out.weight"] @ hidden + last["out.bias"]
    if head == CHANCES:
        return out.sigmoid()
    scale, mean = (tensors[f"{head}.{name}"][place].double() for name in ("scale", "mean"))
    return out * scale + mean


@pytest.mark.parametrize("smiles", STRANGE)
def test_ten_networks_at_once_are_those_one_by_one(
    tensors: dict[str, Tensor], ensemble: Ensemble, smiles: str
) -> None:
    made = graph(Chem.MolFromSmiles(smiles))
    every = [
        torch.stack([one_network(tensors, first + n, made) for n in range(MEMBERS)])
        for first in (0, MEMBERS)
    ]
    wanted = torch.cat(every, 1)
    outcome = ensemble(made)
    np.testing.assert_allclose(outcome.means, wanted.mean(0), atol=2e-5)
    np.testing.assert_allclose(outcome.spreads, wanted.std(0, correction=0), atol=2e-5)


def test_a_molecule_has_the_same_bits_however_it_is_written(ensemble: Ensemble) -> None:
    written = (CAFFEINE, "CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "O=c1n(C)c(=O)n(C)c2ncn(C)c12")
    text = "\n".join(("CCO", written[0], "c1ccccc1"))
    alone = [predict(each, ensemble)["molecules"][0] for each in written]
    among = predict(text, ensemble)["molecules"][1]
    assert alone[0] == alone[1] == alone[2] == among


@pytest.mark.parametrize("atoms", [3, 6, 8, 11, 17, 20, 43])
def test_the_number_of_threads_does_not_change_the_bits(ensemble: Ensemble, atoms: int) -> None:
    made, before = graph(Chem.MolFromSmiles("C" * atoms)), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = ensemble(made)
        torch.set_num_threads(2)
        assert ensemble(made) == one
    finally:
        torch.set_num_threads(before)


def test_where_arrays_lie_in_memory_does_not_change_the_bits(ensemble: Ensemble) -> None:
    made = graph(Chem.MolFromSmiles(CAFFEINE))
    wanted = ensemble(made)
    for offset in (4, 20, 36, 52):
        shifted = []
        for each in (made.atoms, made.bonds):
            room = np.zeros(each.nbytes + 128, np.uint8)
            start = -room.ctypes.data % 64 + offset
            copy = room[start : start + each.nbytes].view(np.float32).reshape(each.shape)
            copy[:] = each
            shifted.append(copy)
        assert ensemble(Graph(*shifted, made.source, made.target)) == wanted


# --- the file ---------------------------------------------------------------------------------


def checkpoint(path: Path, tensors: dict[str, Tensor], number: int) -> Path:
    """Write an archive as a checkpoint is one; its pickle is no pickle at all."""
    head = HEADS[number // MEMBERS]
    named = ("bond_in.weight", "message.weight", "atom_out.weight", "atom_out.bias")
    arrays = [tensors[name][number] for name in (*named, "hidden.weight", "hidden.bias")]
    place = number % MEMBERS
    arrays += [tensors[f"{head}.out.{name}"][place] for name in ("weight", "bias")]
    if head == QUANTITIES:
        arrays += [
            torch.ones(10),
            *(tensors[f"{head}.{name}"][place] for name in ("mean", "scale")),
        ]
    first = 16 if head == QUANTITIES else 2
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"cos\nsystem\n(S'false'\ntR.")
        for offset, array in enumerate(arrays):
            archive.writestr(f"model/data/{first + offset}", array.numpy().astype("<f4").tobytes())
    return path


def test_checkpoints_become_one_file_without_unpickling(
    tmp_path: Path, tensors: dict[str, Tensor], ensemble: Ensemble
) -> None:
    paths = [checkpoint(tmp_path / f"{number}.pt", tensors, number) for number in range(10)]
    target = tmp_path / "admet.safetensors"
    conversion.convert(paths, target)
    assert {name: value.shape for name, value in load_file(target).items()} == {
        name: value.shape for name, value in tensors.items()
    }
    facts = loader().recognise(target)
    assert facts is not None
    assert facts.capabilities == ("admet",)
    assert facts.facts["endpoints"] == 41
    made = graph(Chem.MolFromSmiles(CAFFEINE))
    assert load(target)(made) == ensemble(made)
    again = tmp_path / "again.safetensors"
    conversion.convert(paths, again)
    assert again.read_bytes() == target.read_bytes()


def test_a_checkpoint_of_another_layout_is_refused(
    tmp_path: Path, tensors: dict[str, Tensor]
) -> None:
    paths = [checkpoint(tmp_path / f"{number}.pt", tensors, number) for number in range(10)]
    with pytest.raises(ValueError, match="bytes"):
        conversion.convert(paths[::-1], tmp_path / "admet.safetensors")
    with pytest.raises(ValueError, match="10 checkpoints"):
        conversion.convert(paths[:9], tmp_path / "admet.safetensors")
    assert not (tmp_path / "admet.safetensors").exists()


@pytest.mark.parametrize(
    ("columns", "dropped", "said"),
    [
        ("{", "", "does not name its outputs"),
        (json.dumps({"quantities": ["Caco2_Wang"]}), "", "does not name its outputs"),
        (json.dumps(conversion.COLUMNS | {"quantities": ["Luck"]}), "", "“Luck”"),
        (json.dumps(conversion.COLUMNS), "hidden.bias", "hidden.bias is missing"),
    ],
)
def test_a_file_that_lies_is_told(
    tmp_path: Path, tensors: dict[str, Tensor], columns: str, dropped: str, said: str
) -> None:
    path = tmp_path / "admet.safetensors"
    save_file({k: v for k, v in tensors.items() if k != dropped}, path, {FORMAT: columns})
    with pytest.raises(StudioError, match=said):
        loader().recognise(path)


def test_other_files_are_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    assert loader().recognise(path) is None
    path.write_bytes(b"no safetensors")
    assert loader().recognise(path) is None
    assert loader().recognise(tmp_path) is None


# --- domain, figures and the task ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("smiles", "inside"),
    [
        ("CC(C)NCC(O)COc1cccc2ccccc12", 1),  # propranolol
        (CAFFEINE, 1),
        ("C", 0),  # too small
        ("C" * 50, 0),  # too fatty
        ("OP(=O)([O-])OP(=O)([O-])OCC1OC(n2cnc3c(N)ncnc32)C(O)C1O", 0),  # too charged
        ("B12B3B4B5B1B6B2B3B4B5B6c1ccccc1", 0),  # a cage of boron
    ],
)
def test_usual_molecules_are_in_the_domain(smiles: str, inside: int) -> None:
    assert admet_prediction.domain_figures(Chem.MolFromSmiles(smiles), {})["domain"] == inside


def test_where_networks_disagree_a_usual_molecule_is_outside() -> None:
    mol = Chem.MolFromSmiles(CAFFEINE)
    for times, inside in ((1, 1), (2.2, 1), (2.4, 0)):
        spreads = {id: times * usual for id, usual in admet_prediction.TYPICAL.items()}
        figures = admet_prediction.domain_figures(mol, spreads)
        assert figures["domain"] == inside
        assert figures["disagreement"] == pytest.approx(times)
    assert set(admet_prediction.TYPICAL) == set(ENDPOINTS)


def test_values_that_cannot_be_are_left_out(ensemble: Ensemble) -> None:
    class Extreme:
        columns = ensemble.columns

        def __call__(self, made: Graph) -> Outcome:
            return Outcome([-1.0] * len(self.columns), [0.1] * len(self.columns))

    figures = admet_prediction.describe(Extreme(), CAFFEINE)
    assert set(ENDPOINTS) - figures.keys() == set(limits.POSSIBLE)
    assert not any(id + SPREAD in figures for id in limits.POSSIBLE)


def test_limits_are_told_with_their_figure() -> None:
    assert "Good to 0.3, poor above 0.7." in FIGURES["herg"].meaning
    assert "Good from −4, poor below −6." in FIGURES["solubility"].meaning
    assert [limits.light("lipophilicity", value) for value in (-2, 0, 2, 4, 6)] == [
        "poor", "fair", "good", "fair", "poor"
    ]  # fmt: skip
    assert limits.light("bbb", 0.9) == limits.light("mw", 900) == ""


def test_every_figure_of_the_ensemble_is_explained() -> None:
    assert len(ENDPOINTS) == 41
    columns = sorted(each.column for each in ENDPOINTS.values())
    assert columns == sorted(conversion.COLUMNS["quantities"] + conversion.COLUMNS["chances"])
    chances = {each.column for each in ENDPOINTS.values() if each.chance}
    assert chances == set(conversion.COLUMNS["chances"])
    for id in ENDPOINTS:
        assert FIGURES[id].meaning.endswith(".")
        assert FIGURES[id + SPREAD].unit == FIGURES[id].unit
    assert "no better than predicting the mean" in FIGURES["half_life"].meaning
    assert "weak" in FIGURES["clearance_microsome"].meaning
    assert "weak" in FIGURES["cyp2c9_substrate"].meaning
    assert "authors' test set)." in FIGURES["hia"].meaning


def predict(text: str, ensemble: Ensemble | None, **more: Any) -> dict[str, Any]:
    models = {} if ensemble is None else {WEIGHTS: ensemble}
    made = run_task(prediction.predict, Predict.parse({"smiles": text, **more}), models=models)
    return made.result


def test_predict_brings_all_endpoints_with_spread_and_domain(ensemble: Ensemble) -> None:
    result = predict(f"{CAFFEINE} caffeine\nCCO", ensemble)
    assert result["admet_missing"] == ""
    for row in result["molecules"]:
        there = set(ENDPOINTS) - (set(limits.POSSIBLE) - row.keys())
        assert {*there, *(id + SPREAD for id in there), "domain", "familiar"} <= row.keys()
        assert all(0 <= row[id] <= 1 for id, each in ENDPOINTS.items() if each.chance)
        assert all(row[id + SPREAD] > 0 for id in there)
        assert row["mw"] > 0


def test_predict_goes_on_without_the_weights_and_says_so() -> None:
    result = predict("CCO", None)
    assert "not installed" in result["admet_missing"]
    assert result["molecules"][0]["mw"] > 0
    assert "hia" not in result["molecules"][0]
    assert predict("CCO", None, admet=False)["admet_missing"] == ""


def test_predict_leaves_them_out_where_they_are_not_wanted(ensemble: Ensemble) -> None:
    assert "hia" not in predict("CCO", ensemble, admet=False)["molecules"][0]


GOAL = {
    "objectives": [
        {"property": "hia", "low": 0.0, "tolerance": 1.0},
        {"property": "logp", "low": -2},
    ]
}


def improved(ensemble: Ensemble | None, scripted: SmilesModel) -> dict[str, Any]:
    models: dict[str, Any] = {"": scripted} | ({WEIGHTS: ensemble} if ensemble else {})
    params = Improve.parse({"goal": GOAL, "lead": "CCCO", "budget": 15, "count": 5})
    return run_task(optimisation.improve, params, seed=1, models=models).result


def test_a_profile_may_wish_for_what_networks_guess(
    ensemble: Ensemble, scripted: SmilesModel
) -> None:
    found = improved(ensemble, scripted)["molecules"]
    assert found
    for row in found:
        assert row["hia"] == admet_prediction.describe(ensemble, row["smiles"])["hia"]
        assert "bbb" not in row  # only what was asked for is kept


def test_a_profile_that_needs_missing_weights_is_told(scripted: SmilesModel) -> None:
    with pytest.raises(StudioError, match="“hia”, but the ADMET model is not installed"):
        improved(None, scripted)


# --- the real weights ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the weights of the set-up are not there")
def test_the_real_figures_are_those_of_the_package() -> None:
    ensemble = load(REAL)
    rows = list(csv.DictReader(REFERENCE.read_text("utf-8").splitlines()))
    assert len(rows) == 12
    for row in rows:
        figures = admet_prediction.describe(ensemble, row["smiles"])
        for id in ENDPOINTS:
            wanted = float(row[id])
            if limits.is_possible(id, wanted):
                assert figures[id] == pytest.approx(wanted, abs=1e-3), (row["name"], id)
            else:
                assert id not in figures, (row["name"], id)
