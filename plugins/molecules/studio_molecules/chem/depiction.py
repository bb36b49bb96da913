"""Structures as SVG in the colours of the window. Measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDepictor, rdFMCS
from rdkit.Chem.Draw import rdMolDraw2D

from studio.api import BadInput

_HIGHLIGHT = {True: (0.42, 0.32, 0.13), False: (0.99, 0.85, 0.55)}
"""Dark or light → the colour behind what is marked; opaque, for SVG readers differ on the rest."""

_SECONDS = 5
"""For the common part of molecules; what was found by then is taken."""

_CARD = (400, 284)
"""Pixels of the picture on a card."""
_GREY = (0.5, 0.53, 0.58)
"""Carbon and its bonds on a card, whatever its paper."""
_BLUE = (0.36, 0.52, 1.0)


def draw(
    mol: Chem.Mol,
    width: int,
    height: int,
    *,
    dark: bool,
    pattern: Chem.Mol | None = None,
    common: Chem.Mol | None = None,
) -> str:
    """Return an SVG without background.

    Args:
        pattern: Atoms that match it are marked.
        common: Atoms that do not match it are marked.
    """
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
    if common is not None and common.GetNumAtoms():
        shared = set(mol.GetSubstructMatch(common))
        matches = (tuple(set(range(mol.GetNumAtoms())) - shared),)
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


def common_part(mols: Sequence[Chem.Mol]) -> Chem.Mol:
    """Return the largest part that all molecules have, as far as some seconds are enough.

    It has no atom where they have less than a third of the smallest one in common: then everything
    differs, and nothing would be told by marking it.
    """
    found = rdFMCS.FindMCS(
        list(mols), timeout=_SECONDS, ringMatchesRingOnly=True, completeRingsOnly=True
    )
    least = min(mol.GetNumHeavyAtoms() for mol in mols) / 3
    return Chem.MolFromSmarts(found.smartsString if found.numAtoms >= least else "")


def thumbnail(mols: Sequence[Chem.Mol]) -> bytes:
    """Return a PNG of the first structures for a card, up to four, legible on light and dark.

    Empty without any.
    """
    rdDepictor.SetPreferCoordGen(True)
    shown = [Chem.Mol(mol) for mol in mols[:4]]
    if not shown:
        return b""
    columns, rows = min(len(shown), 2), -(-len(shown) // 2)
    wide, high = _CARD[0] // columns, _CARD[1] // rows
    canvas = rdMolDraw2D.MolDraw2DCairo(*_CARD, wide, high)
    options: Any = canvas.drawOptions()
    options.clearBackground = False
    options.padding = 0.1
    options.bondLineWidth = 2.5
    options.updateAtomPalette({0: _GREY, 1: _GREY, 6: _GREY, 7: _BLUE})
    for mol in shown:
        rdDepictor.Compute2DCoords(mol)
    canvas.DrawMolecules(shown)
    canvas.FinishDrawing()
    drawn: bytes = canvas.GetDrawingText()
    return drawn


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
