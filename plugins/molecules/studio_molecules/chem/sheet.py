"""Sheets of structures, all at one scale, drawn a part at a time. Lays nothing out.

RDKit draws a sheet in one call, which takes seconds and can neither be stopped nor shared. What is
made here in parts is the same file, byte for byte.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D
from rdkit.Geometry import Point2D

from studio_molecules.chem import depiction

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = 3
_PIECE = 8192  # bytes of a chunk of pixels, as libpng makes them
_NUMBERED = re.compile(rb"(rdkitPKL|MOL|SMILES)(\d*)")
"""Keyword of a text: which form of a structure, and its number where that is not 0."""

_Chunk = tuple[bytes, bytes]


class StackedPng:
    """A file that grows downwards."""

    def __init__(self) -> None:
        # What libpng chooses for such pictures: the same pixels give the same bytes.
        self._packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 8, zlib.Z_FILTERED)
        self._packed = bytearray()
        self._width = self._height = self._texts = 0
        self._before: list[_Chunk] = []
        self._after: list[_Chunk] = []
        self._ends_white = False

    def add(self, png: bytes) -> None:
        """Put a picture below those that are there."""
        chunks = list(_chunks(png))
        self._width, height = struct.unpack_from(">II", chunks[0][1])
        pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
        self._packed += self._packer.compress(self._below(pixels))
        if not self._height:
            self._before = [chunk for chunk in chunks[1:] if chunk[0] == b"bKGD"]
        texts = [data for kind, data in chunks if kind == b"zTXt"]
        self._after += [(b"zTXt", self._renumbered(text)) for text in texts]
        self._texts += sum(text.startswith(b"MOL") for text in texts)
        self._height += height

    def finished(self) -> bytes:
        """Return the file; nothing can be added to it any more."""
        self._packed += self._packer.flush()
        header = struct.pack(">IIBBBBB", self._width, self._height, 8, 2, 0, 0, 0)
        pieces = [
            (b"IDAT", bytes(self._packed[at : at + _PIECE]))
            for at in range(0, len(self._packed), _PIECE)
        ]
        chunks = [(b"IHDR", header), *self._before, *pieces, *self._after, (b"IEND", b"")]
        return _SIGNATURE + b"".join(_packed(*chunk) for chunk in chunks)

    def _below(self, pixels: bytes) -> bytes:
        """Return the filtered lines of an image, encoded to follow those already written.

        The first line of a PNG cannot refer to one above it, so it could stay as it is; libpng
        encodes a white line below a white one as unchanged.
        """
        line = 1 + _CHANNELS * self._width
        white, unchanged = (
            prefix + bytes(line - len(prefix)) for prefix in (b"\x01\xff\xff\xff", b"\x02")
        )
        follows_white, self._ends_white = self._ends_white, _last(pixels, line, unchanged) == white
        return unchanged + pixels[line:] if follows_white and pixels[:line] == white else pixels

    def _renumbered(self, text: bytes) -> bytes:
        def later(match: re.Match[bytes]) -> bytes:
            number = int(match[2] or 0) + self._texts
            return match[1] + (b"%d" % number if number else b"")

        return _NUMBERED.sub(later, text, count=1) if _NUMBERED.match(text) else text


def _last(pixels: bytes, line: int, unchanged: bytes) -> bytes:
    """Return the last line that differs from the one above it."""
    at = len(pixels) - line
    while at and pixels[at : at + line] == unchanged:
        at -= line
    return pixels[at : at + line]


def _chunks(png: bytes) -> Iterator[_Chunk]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _packed(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


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
