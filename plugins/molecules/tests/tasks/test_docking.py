"""Molecules are docked by Vina in the sandbox: energies, poses, what cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from plugins.molecules.tests import pocket
from studio.api import BadInput, SandboxRequest, SandboxStep
from studio.protocol.caches import CACHE_ENV
from studio.sandbox.sandbox import Sandbox
from studio.testing.plugins import Made, run_task
from studio_molecules.chem import conformer
from studio_molecules.docking import conversion, ligands, receptor, weights
from studio_molecules.molecule import READ, Molecule, from_csv, to_csv
from studio_molecules.schema import Dock
from studio_molecules.tasks import docking

pytest.importorskip("vina", reason="Vina has no wheel for this Python")

QUICK: Mapping[str, Any] = {"target": "bowl", "exhaustiveness": 1, "seed": 3}


class CountingSandbox(Sandbox):
    """The real one; counts what it is asked to run."""

    runs = 0

    def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
        """Run it."""
        self.runs += 1
        yield from super().run(request)


def _dock(text: str, folder: Path, **more: Any) -> Made:
    params = Dock.parse({**QUICK, "smiles": text, **more})
    models = {"": pocket.targets()}
    return run_task(docking.dock, params, models=models, scratch=folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _dock("OCCc1ccccc1 alcohol\nCCCCl", tmp_path_factory.mktemp("dock"))


def test_each_molecule_has_an_energy_and_poses_in_the_box(made: Made) -> None:
    sdf, table = made.artifacts
    rows = from_csv(table.payload)
    assert [row.figures["docking"] for row in rows] == sorted(made.result["scores"].values())
    assert made.result["score"] == rows[0].figures["docking"] < 0
    assert {row.name for row in rows} == {"alcohol", ""}
    assert rows[0].words["Docked into"] == "BOWL"
    placed = conformer.folded(rows[0].coordinates, 0)
    assert Chem.MolToSmiles(Chem.RemoveHs(placed)) == rows[0].smiles, "the best pose is its shape"
    assert len(rows) == 2, "the second has an atom of a type that the first has not"
    supplier = Chem.SDMolSupplier()
    supplier.SetData(sdf.payload.decode())
    poses = list(supplier)
    energies = [float(pose.GetProp("Energy (kcal/mol)")) for pose in poses[:3]]
    assert energies == sorted(energies)
    for pose in poses:
        centre = rdMolTransforms.ComputeCentroid(pose.GetConformer())
        assert math.dist((centre.x, centre.y, centre.z), (0, 0, 0)) < 8
    assert Chem.MolToSmiles(poses[0]) == Chem.CanonSmiles("OCCc1ccccc1")


def test_rows_of_a_table_keep_their_columns_and_stay_where_they_cannot_be_docked(
    tmp_path: Path,
) -> None:
    rows = [
        Molecule("OCCc1ccccc1", "a", figures={"nM": 3.0}, words={"Target": "mine"}),
        Molecule("[He]", "b", words={"note": "x"}),
        Molecule("OCCc1ccccc1", "c", operation=READ),
    ]
    made = run_task(
        docking.dock,
        Dock.parse(QUICK),
        inputs={"ligands": to_csv(rows)},
        models={"": pocket.targets()},
        scratch=tmp_path,
        sandbox=pocket.QuickVina(),
    )
    first, twin, refused = from_csv(made.artifacts[1].payload)
    assert (first.name, first.figures["nM"], first.words["Target"]) == ("a", 3.0, "mine")
    assert (twin.name, twin.figures["docking"]) == ("c", first.figures["docking"])
    assert refused.words["Pose"].startswith("not docked")
    assert refused.words["note"] == "x"
    assert made.artifacts[1].meta["pocket"]["symbols"]


def test_what_was_docked_before_is_not_docked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_ENV, str(tmp_path / "cache"))
    sandbox = CountingSandbox()
    params = Dock.parse({**QUICK, "smiles": "CCO"})
    for _ in range(2):
        again = run_task(
            docking.dock,
            params,
            models={"": pocket.targets()},
            scratch=tmp_path,
            sandbox=sandbox,
        )
        assert again.result["count"] == 1
    assert sandbox.runs == 1


def test_what_was_docked_before_a_run_was_killed_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_ENV, str(tmp_path / "cache"))
    asked: list[int] = []

    class Killed(pocket.QuickVina):
        def run(self, request: SandboxRequest) -> Iterator[SandboxStep]:
            asked.append(len([name for name in request.files if name.startswith("ligand")]))
            steps = super().run(request)
            yield next(steps)
            if len(asked) == 1:
                raise KeyboardInterrupt
            yield from steps

    def again() -> Made:
        params = Dock.parse({**QUICK, "smiles": "CCO\nCCCO\nCCCCO"})
        models = {"": pocket.targets()}
        return run_task(docking.dock, params, models=models, scratch=tmp_path, sandbox=Killed())

    with pytest.raises(KeyboardInterrupt):
        again()
    assert again().result["count"] == 3
    assert asked == [3, 2]


def test_stop_ends_a_run_within_a_ligand(tmp_path: Path) -> None:
    params = Dock.parse({**QUICK, "smiles": "CCCCCCCCc1ccccc1", "exhaustiveness": 64})
    stopped = run_task(
        docking.dock, params, models={"": pocket.targets()}, scratch=tmp_path, stop_after=12
    )
    assert stopped.cancelled
    assert not stopped.artifacts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"smiles": ""}, "no molecules"),
        ({"target": "NONE"}, "no target called"),
        ({"target": ""}, "no target"),
        ({"smiles": "C1CC"}, "ring 1 is not closed"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, change: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        _dock("CCO", tmp_path, **change)


@pytest.mark.parametrize(
    ("text", "center", "said"),
    [
        (pocket.pdbqt().replace("HD", "C "), "0 0 0", "no hydrogens"),
        (pocket.pdbqt(), "200 0 0", "Å away"),
        (pocket.pdbqt(), "here", "three numbers"),
        ("HELLO", "0 0 0", "no atoms"),
    ],
)
def test_a_protein_that_cannot_be_docked_into_is_refused(text: str, center: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        receptor.read("mine.pdbqt", text, center, "14 14 14")


def test_a_protein_of_a_hundred_thousand_atoms_is_cut_to_the_box() -> None:
    lines = pocket.pdbqt().splitlines()
    far = [f"{line[:30]}{900 + n % 90:8.3f}{line[38:]}" for n in range(1200) for line in lines]
    assert len(far) > 100_000
    target, said = receptor.read("big.pdbqt", "\n".join(lines + far), "0 0 0", "14 14 14")
    assert target.pdbqt == pocket.pdbqt()
    assert said == f"Only the {len(lines):,} of {len(lines + far):,} atoms around the box are used."


def test_a_protein_without_hydrogens_gets_them_and_its_ligand_is_the_box() -> None:
    chain = Chem.MolFromSequence("GKDHSFEA")
    assert Chem.rdDistGeom.EmbedMolecule(chain, randomSeed=1, useRandomCoords=True) == 0
    protein = Chem.MolToPDBBlock(chain, flavor=2).replace("HETATM", "ATOM  ")
    ligand = Chem.MolFromSmiles("c1ccccc1CC")
    Chem.rdDistGeom.EmbedMolecule(ligand, randomSeed=1)
    there = Chem.MolToPDBBlock(ligand, flavor=2)
    assert " H" not in {line[76:78] for line in protein.splitlines()}
    target, said = receptor.read("own.pdb", protein + there, "", "20 20 20")
    kinds = [line[77:79].strip() for line in target.pdbqt.splitlines()]
    assert kinds.count("HD") >= 12, "of the backbone, lysine, serine, histidine"
    assert "H" not in kinds, "those of carbon are part of it"
    charges = [float(line[70:76]) for line in target.pdbqt.splitlines()]
    assert abs(sum(charges)) < 2.5
    assert any(abs(charge) > 0.2 for charge in charges)
    assert said.startswith("The box is around UNL")
    assert math.dist(target.center, ligand.GetConformer().GetPositions().mean(0)) < 0.01
    with pytest.raises(BadInput, match="three numbers"):
        receptor.read("own.pdb", protein, "", "20 20 20")
    with pytest.raises(BadInput, match="cannot be prepared"):
        receptor.read("own.pdb", there.replace("HETATM", "ATOM  "), "0 0 0", "20 20 20")


@pytest.mark.parametrize(
    ("drawn", "charged"),
    [
        ("CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)[O-]"),
        ("CN1CCN(C)CC1", "CN1CC[NH+](C)CC1"),
        ("c1ccccc1CN1CCN(C)CC1", "C[NH+]1CCN(Cc2ccccc2)CC1"),
        ("CC(C)c1c(O)c2ccccc2oc1=O", "CC(C)c1c([O-])c2ccccc2oc1=O"),
        ("CCC1SC(=O)NC1=O", "CCC1SC(=O)[N-]C1=O"),
        ("NC(=N)NCC", "CCNC(N)=[NH2+]"),
        ("c1ccccc1-c1nn[nH]n1", "c1ccc(-c2nn[n-]n2)cc1"),
        ("CC(=O)N(C)c1ccc(O)cc1", "CC(=O)N(C)c1ccc(O)cc1"),
        ("CN(C)c1ccncc1S(N)(=O)=O", "CN(C)c1ccncc1S(N)(=O)=O"),
    ],
)
def test_a_ligand_has_the_charges_of_blood(drawn: str, charged: str) -> None:
    mol = ligands.at_ph(Chem.MolFromSmiles(drawn))
    assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(charged)


def test_a_protein_of_the_user_is_docked_into(tmp_path: Path) -> None:
    path = tmp_path / "mine.pdbqt"
    path.write_text(pocket.pdbqt(), "ascii")
    own = {"receptor": str(path), "center": "0, 0, 0", "size": "14 14 14", "target": ""}
    made = _dock("CCO", tmp_path, **own)
    assert made.result["target"] == "mine.pdbqt"
    assert made.result["score"] < 0


def test_a_pose_within_the_protein_clashes_and_a_bent_one_is_strained() -> None:
    mol = Chem.AddHs(Chem.MolFromSmiles("CCCC"))
    assert Chem.rdDistGeom.EmbedMolecule(mol, randomSeed=1) == 0
    bowl = docking.heavy_atoms(pocket.pdbqt())
    free = docking.check_pose(mol, bowl)
    assert free.clashes == 0
    assert free.words == "plausible"
    placed = mol.GetConformer()
    shift = np.array([0, 0, -pocket.RADIUS])
    placed.SetPositions(placed.GetPositions() + shift)
    assert "clash" in docking.check_pose(mol, bowl).words
    rdMolTransforms.SetBondLength(placed, 1, 2, 4.0)
    assert "strained" in docking.check_pose(mol, ([], np.empty((0, 3)))).words


def test_targets_are_packed_and_read_again(tmp_path: Path) -> None:
    conf = "\n".join(
        f"{kind}_{axis} = {value}"
        for kind, value in (("center", 1.5), ("size", 20))
        for axis in "xyz"
    )
    members = {"0-BOWL_conf.txt": conf, "1-BOWL_target.pdbqt": pocket.pdbqt()}
    for name, text in members.items():
        (tmp_path / name).write_text(text, "ascii")
    packed = tmp_path / "set.safetensors"
    conversion.convert([tmp_path / name for name in members], packed)
    loader = weights.loader()
    facts = loader.recognise(packed)
    assert facts is not None
    steps = loader.load(packed, "cpu")
    while True:
        try:
            next(steps)
        except StopIteration as end:
            loaded = end.value
            break
    target = loaded.find("bowl")
    assert (target.center, target.size) == ((1.5, 1.5, 1.5), (20, 20, 20))
    assert target.pdbqt == pocket.pdbqt()
    (tmp_path / "0-BOWL_conf.txt").write_text("center_x = 1", "ascii")
    with pytest.raises(ValueError, match="six numbers"):
        conversion.convert([tmp_path / name for name in members], packed)
