"""Substructures that are looked for, and tables that are written as SDF or as sheets."""

from __future__ import annotations

import re

import pytest
from rdkit import Chem

from studio.api import BadInput
from studio.testing.plugins import run_task
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.schema import Draw, Export, Match, Shape
from studio_molecules.tasks import conversion, depiction, export, similarity

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
ROWS = [
    Molecule(ASPIRIN, "aspirin", operation="read", figures={"mw": 180.159, "qed": 0.55}),
    Molecule("CCO", "", parent="CCC", operation="atom changed", figures={"mw": 46.069}),
]


def test_a_pattern_is_found_in_smarts_and_in_smiles() -> None:
    smiles = [ASPIRIN, "CCO", "not a molecule", "Oc1ccccc1"]
    for pattern, places in (("c1ccccc1", [0, 3]), ("[OX2H]", [0, 1, 3]), ("[Br]", [])):
        made = run_task(similarity.match, Match.parse({"smiles": smiles, "pattern": pattern}))
        assert made.result["matches"] == places


@pytest.mark.parametrize(("pattern", "said"), [(" ", "attern"), ("c1cc", "is not a valid pattern")])
def test_what_is_no_pattern_is_told(pattern: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        run_task(similarity.match, Match.parse({"smiles": ["CCO"], "pattern": pattern}))


def test_what_is_too_large_is_neither_drawn_nor_folded() -> None:
    with pytest.raises(BadInput, match="too long"):
        run_task(depiction.draw, Draw.parse({"smiles": ["C" * 1_000_000]}))
    with pytest.raises(BadInput, match="400 heavy atoms"):
        run_task(conversion.fold, Shape.parse({"smiles": "C" * 400}))


def test_a_sheet_of_nothing_is_told() -> None:
    rows = [Molecule("C1CC", figures={})]
    with pytest.raises(BadInput, match="can be drawn"):
        run_task(export.export, Export.parse({"format": "svg"}), inputs={"table": to_csv(rows)})


def test_an_sd_file_keeps_names_and_figures() -> None:
    made = run_task(export.export, Export.parse({}), inputs={"table": to_csv(ROWS)})
    (artifact,) = made.artifacts
    supplier = Chem.SDMolSupplier()
    supplier.SetData(artifact.payload.decode())
    first, second = list(supplier)
    assert (Chem.MolToSmiles(first), first.GetProp("_Name")) == (ASPIRIN, "aspirin")
    assert float(first.GetProp("qed")) == 0.55
    assert second.GetProp("parent") == "CCC"
    assert not second.HasProp("qed")
    assert artifact.verdict is not None
    assert artifact.verdict.passed


@pytest.mark.parametrize(("suffix", "sign"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_a_sheet_is_a_picture(suffix: str, sign: bytes) -> None:
    made = run_task(export.export, Export.parse({"format": suffix}), inputs={"table": to_csv(ROWS)})
    (artifact,) = made.artifacts
    assert artifact.suffix == f".{suffix}"
    assert sign in artifact.payload[:200]


def test_a_sheet_says_what_did_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SHEET_MOST", 9)
    rows = [Molecule("C" * length) for length in range(1, 30)]
    made = run_task(export.export, Export.parse({"format": "svg"}), inputs={"table": to_csv(rows)})
    assert made.result == {"written": 9, "count": 29}


def test_nothing_cannot_be_exported() -> None:
    with pytest.raises(BadInput, match="no molecules"):
        run_task(export.export, Export.parse({}), inputs={"table": to_csv([])})


def test_what_is_drawn_brings_its_notice() -> None:
    sarin = "CC(C)OP(C)(=O)F"
    made = run_task(depiction.draw, Draw.parse({"smiles": ["CCO", sarin]}))
    plain, careful = made.result["notices"]
    assert plain == ""
    assert "Chemical Weapons Convention" in careful


@pytest.mark.parametrize("dark", [True, False])
def test_what_is_looked_for_is_marked_in_a_colour_that_every_reader_knows(dark: bool) -> None:
    plain, marked = (
        run_task(
            depiction.draw,
            Draw.parse({"smiles": ["Cc1ccccc1"], "highlight": pattern, "dark": dark}),
        ).result["svgs"][0]
        for pattern in ("", "c1ccccc1")
    )
    more = set(re.findall(r"#[0-9A-Fa-f]{6}\b", marked)) - set(re.findall(r"#\w+", plain))
    assert len(more) == 1
    assert not re.search(r"#[0-9A-Fa-f]{8}\b", marked)
