"""Sheets that are drawn in parts: RDKit, in one call, makes the same of them."""

from __future__ import annotations

import io
import zlib

import numpy
import pytest
from PIL import Image
from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from studio.testing.plugins import run_task
from studio_molecules.chem.depiction import thumbnail
from studio_molecules.chem.sheet import _chunks
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.schema import Export
from studio_molecules.tasks import export

SMILES = [
    "CC(C)NCC(O)COc1cccc2ccccc12", "C", "CC(C)CC1NC(=O)C(CCCN)NC1=O", "[NH4+].[Cl-]", "CCO",
    "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
]  # fmt: skip
"""Two rows; the fourth has no bonds, and the largest of all is in the first row."""
NAMES = [f"gypq {number}" for number in range(len(SMILES))]


def _in_one_call(suffix: str) -> bytes:
    times = 2 if suffix == "png" else 1
    make = rdMolDraw2D.MolDraw2DCairo if suffix == "png" else rdMolDraw2D.MolDraw2DSVG
    canvas = make(1300 * times, 400 * times, 260 * times, 200 * times)
    options = canvas.drawOptions()
    options.maxFontSize, options.legendFontSize = 16 * times, 14 * times
    options.bondLineWidth = 1.5 * times
    canvas.DrawMolecules([export._laid_out(Molecule(each)) for each in SMILES], legends=NAMES)
    canvas.FinishDrawing()
    drawn = canvas.GetDrawingText()
    return drawn if isinstance(drawn, bytes) else drawn.encode()


def _contents(file: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the chunks of a PNG, pixels aside, and those unpacked: any zlib may have packed."""
    chunks = list(_chunks(file))
    pixels = b"".join(data for kind, data in chunks if kind == b"IDAT")
    return [each for each in chunks if each[0] != b"IDAT"], zlib.decompress(pixels)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_sheet_in_parts_is_that_of_one_call(suffix: str) -> None:
    rows = [Molecule(smiles, name) for smiles, name in zip(SMILES, NAMES, strict=True)]
    made = run_task(export.export, Export.parse({"format": suffix}), inputs={"table": to_csv(rows)})
    (artifact,) = made.artifacts
    whole = _in_one_call(suffix)
    if suffix == "png":
        assert _contents(artifact.payload) == _contents(whole)
    else:
        assert artifact.payload == whole
    told = [event.done for event in made.progress]
    assert told == sorted(told)
    assert told[-1] == made.progress[-1].total


def test_a_card_shows_the_first_structures_on_no_paper() -> None:
    drawn = thumbnail(
        [Chem.MolFromSmiles("CCO"), Chem.MolFromSmiles("c1ccccc1"), Chem.MolFromSmiles("CC(=O)O")]
    )
    with Image.open(io.BytesIO(drawn)) as card:
        pixels = numpy.asarray(card.convert("RGBA"))
    assert pixels.shape == (284, 400, 4)
    assert pixels[0, 0, 3] == 0
    quarters = [pixels[y : y + 142, x : x + 200, 3].any() for y in (0, 142) for x in (0, 200)]
    assert quarters == [True, True, True, False]
    assert thumbnail([]) == b""
