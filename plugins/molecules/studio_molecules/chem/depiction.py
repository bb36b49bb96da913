"""Structures as SVG in the colours of the window. Measures nothing."""

from __future__ import annotations

from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from studio.api import BadInput

_HIGHLIGHT = {True: (0.42, 0.32, 0.13), False: (0.99, 0.85, 0.55)}
"""Dark or light → the colour behind what is marked; opaque, for SVG readers differ on the rest."""


def draw(mol: Chem.Mol, width: int, height: int, *, dark: bool, pattern: Chem.Mol | None) -> str:
    """Return an SVG without background; the atoms that match ``pattern`` are marked."""
    rdDepictor.SetPreferCoordGen(True)
    rdDepictor.Compute2DCoords(mol)
    canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
    options: Any = canvas.drawOptions()  # rdkit-stubs gives its setters no value
    if dark:
        rdMolDraw2D.SetDarkMode(options)
    options.clearBackground = False
    options.padding = 0.08
    options.maxFontSize = 16
    options.bondLineWidth = 1.5
    options.setHighlightColour(_HIGHLIGHT[dark])
    matches = mol.GetSubstructMatches(pattern) if pattern else ()
    atoms = {atom for match in matches for atom in match}
    bonds = [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if any({bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= set(each) for each in matches)
    ]
    rdMolDraw2D.PrepareAndDrawMolecule(
        canvas, mol, highlightAtoms=sorted(atoms), highlightBonds=bonds
    )
    canvas.FinishDrawing()
    svg: str = canvas.GetDrawingText()
    return svg


def pattern_of(smarts: str) -> Chem.Mol | None:
    """Return the query of a SMARTS (or SMILES); None for an empty one.

    Raises:
        BadInput: it is neither.
    """
    if not smarts.strip():
        return None
    pattern = Chem.MolFromSmarts(smarts.strip())
    if pattern is None:
        raise BadInput(
            f"“{smarts[:60]}” is not a valid pattern.",
            "Enter SMARTS or SMILES, such as c1ccccc1 or [OH].",
        )
    return pattern
