"""Sheets of structures, all at one scale, drawn a part at a time. Lays nothing out.

RDKit draws a sheet in one call, which takes seconds and can neither be stopped nor shared. What is
made here in parts is the same file, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D
from rdkit.Geometry import Point2D

from studio_molecules.chem import depiction
from studio_molecules.chem.stacked_png import StackedPng

COLUMNS = 5
_WIDTH, _HEIGHT = 260, 200
_PNG_SCALE = 2

_Drawing = Generator[int, None, bytes]
"""How many are drawn, again and again; then the file."""


class Sheet:
    """Structures side by side on white paper, each with its name below.

    Args:
        suffix: ``png`` or ``svg``.

    Attributes:
        draw: Yields how many structures are drawn, now and then; returns the file.
    """

    def __init__(self, suffix: str) -> None:
        self._times = _PNG_SCALE if suffix == "png" else 1
        self._make = rdMolDraw2D.MolDraw2DCairo if suffix == "png" else rdMolDraw2D.MolDraw2DSVG
        self.draw: Callable[[], _Drawing] = self._png if suffix == "png" else self._svg
        self._mols: list[Chem.Mol] = []
        self._names: list[str] = []
        self._colours: list[dict[int, depiction.Colour]] = []
        self._bond = float("inf")
        """Pixels of a unit of length: as many as the largest structure has room for."""

    def add(self, mol: Chem.Mol, name: str, shades: Sequence[float] = ()) -> None:
        """Append a molecule with coordinates, its atoms coloured by contribution."""
        colours = depiction.shaded(mol, shades, dark=False) if shades else {}
        trial = self._canvas(1, 1)
        trial.DrawMolecule(mol, legend=name)
        here, there = trial.GetDrawCoords(Point2D(0, 0)), trial.GetDrawCoords(Point2D(1, 0))
        self._bond = min(self._bond, there.x - here.x)
        self._mols.append(mol)
        self._names.append(name)
        self._colours.append(colours)

    def __len__(self) -> int:
        """Return how many molecules there are."""
        return len(self._mols)

    def _rows(self) -> Iterator[slice]:
        for first in range(0, len(self), COLUMNS):
            yield slice(first, first + COLUMNS)

    def _png(self) -> _Drawing:
        columns = min(COLUMNS, len(self))
        file = StackedPng()
        done = 0
        for row in self._rows():
            canvas = self._canvas(columns, 1)
            colours = self._colours[row]
            marked = {
                "highlightAtoms": [list(atom) for atom in colours],
                "highlightAtomColors": colours,
            }
            canvas.DrawMolecules(
                self._mols[row], legends=self._names[row], **marked if any(colours) else {}
            )
            canvas.FinishDrawing()
            file.add(canvas.GetDrawingText())
            done += len(colours)
            yield done
        return file.finished()

    def _svg(self) -> _Drawing:
        columns, rows = min(COLUMNS, len(self)), -(-len(self) // COLUMNS)
        canvas = self._canvas(columns, rows)
        options: Any = canvas.drawOptions()
        for number, (mol, name) in enumerate(zip(self._mols, self._names, strict=True)):
            row, column = divmod(number, COLUMNS)
            canvas.SetOffset(column * _WIDTH, row * _HEIGHT)
            colours = self._colours[number]
            canvas.DrawMolecule(
                mol,
                highlightAtoms=list(colours),
                highlightAtomColors=colours,
                highlightBonds=[],
                legend=name,
            )
            options.clearBackground = False  # the paper is there by now
            yield number + 1
        canvas.FinishDrawing()
        text: str = canvas.GetDrawingText()
        return text.encode()

    def _canvas(self, columns: int, rows: int) -> rdMolDraw2D.MolDraw2D:
        wide, high = _WIDTH * self._times, _HEIGHT * self._times
        canvas = self._make(wide * columns, high * rows, wide, high)
        options: Any = canvas.drawOptions()  # rdkit-stubs gives its setters no value
        options.maxFontSize = 16 * self._times
        options.legendFontSize = 14 * self._times
        options.bondLineWidth = 1.5 * self._times
        options.atomHighlightsAreCircles = True
        options.annotationFontScale = depiction.SIGN_SCALE
        if self._bond < float("inf"):
            options.fixedBondLength = self._bond
        return canvas
