"""Structures as SVG in the colours of the window. Measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDepictor, rdFMCS
from rdkit.Chem.Draw import rdMolDraw2D

from studio.api import BadInput

Colour = tuple[float, float, float]
_HIGHLIGHT = {True: (0.42, 0.32, 0.13), False: (0.99, 0.85, 0.55)}
"""Dark or light → the colour behind what is marked; opaque, for SVG readers differ on the rest."""

_SECONDS = 5
"""For the common part of molecules; what was found by then is taken."""

_CARD = (400, 284)
"""Pixels of the picture on a card."""
_RAISES, _LOWERS = (0.90, 0.40, 0.0), (0.0, 0.45, 0.70)
"""Vermilion and blue (Okabe and Ito): told apart by every kind of colour vision."""
_PAPER = {True: (0.09, 0.10, 0.13), False: (1.0, 1.0, 1.0)}
_LEAST, _SIGNED = 0.05, 0.25
"""Of the strongest contribution: less has no colour, less has no sign beside it."""
SIGN_SCALE = 0.9
"""Of a sign beside an atom, of its letter."""
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
    shades: Sequence[float] = (),
) -> str:
    """Return an SVG without background; a molecule that has a layout in the plane keeps it.

    Args:
        pattern: Atoms that match it are marked.
        common: Atoms that do not match it are marked.
        shades: What each atom adds to a figure; coloured, the strongest most.
    """
    lay_out(mol)
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
        if any(
            {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= set(matched) for matched in matches
        )
    ]
    colours = shaded(mol, shades, dark=dark) if shades else {}
    options.atomHighlightsAreCircles = bool(shades)
    options.annotationFontScale = SIGN_SCALE
    rdMolDraw2D.PrepareAndDrawMolecule(
        canvas,
        mol,
        highlightAtoms=sorted(colours or atoms),
        highlightBonds=[] if shades else bonds,
        highlightAtomColors=colours or None,
    )
    canvas.FinishDrawing()
    svg: str = canvas.GetDrawingText()
    return svg


def lay_out(mol: Chem.Mol) -> None:
    """Give a molecule places in the plane, unless it has some."""
    if not mol.GetNumConformers() or mol.GetConformer().Is3D():
        rdDepictor.SetPreferCoordGen(True)
        rdDepictor.Compute2DCoords(mol)


def shaded(mol: Chem.Mol, shades: Sequence[float], *, dark: bool) -> dict[int, Colour]:
    """Return atom → colour of its contribution, and label the strong ones + or -."""
    most = max(map(abs, shades), default=0.0)
    colours = {}
    for atom, value in zip(mol.GetAtoms(), shades, strict=True):
        part = abs(value) / most if most else 0.0
        if part < _LEAST:
            continue
        colour, strength = _RAISES if value > 0 else _LOWERS, 0.15 + 0.6 * part
        pairs = zip(_PAPER[dark], colour, strict=True)
        red, green, blue = (ground + (own - ground) * strength for ground, own in pairs)
        colours[atom.GetIdx()] = (red, green, blue)
        if part >= _SIGNED:
            atom.SetProp("atomNote", "+" if value > 0 else "-")
    return colours


def common_part(mols: Sequence[Chem.Mol]) -> Chem.Mol:
    """Return the largest part that all molecules have, as far as some seconds are enough.

    It has no atom where they have less than a third of the smallest one in common: then everything
    differs, and nothing would be told by marking it.
    """
    result = rdFMCS.FindMCS(
        list(mols), timeout=_SECONDS, ringMatchesRingOnly=True, completeRingsOnly=True
    )
    least = min(mol.GetNumHeavyAtoms() for mol in mols) / 3
    return Chem.MolFromSmarts(result.smartsString if result.numAtoms >= least else "")


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
