"""Cards of tables of molecules that came without a picture: their first structures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage, QPainter

from studio.api import PluginContext, StudioError, outcome
from studio_molecules.molecule import Molecule
from studio_molecules.pages.table.depiction_cache import DepictionCache, PictureRequest
from studio_molecules.pages.table.files import read_table

WIDTH, HEIGHT = 400, 280
_MOST = 4
Give = Callable[[QImage], None]


class Cards(QObject):
    """Draws them, each when all of its structures are there."""

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._structures = DepictionCache(ctx)
        self._structures.drawn.connect(self._look)
        self._waiting: list[tuple[list[PictureRequest], Give]] = []

    def draw(self, path: Path, give: Give) -> None:
        """Give the card of the table at ``path``; a null image of one that cannot be read."""

        def read(result: list[Molecule] | StudioError) -> None:
            if isinstance(result, StudioError) or not result:
                give(QImage())
                return
            smiles = [molecule.drawn for molecule in result[:_MOST]]
            columns, rows = min(len(smiles), 2), -(-len(smiles) // 2)
            wide, high = WIDTH // columns, HEIGHT // rows
            self._waiting.append(([PictureRequest(text, wide, high) for text in smiles], give))
            self._look()

        self._ctx.run_later(lambda: outcome(lambda: read_table(path)[:_MOST]), read)

    def _look(self) -> None:
        waiting, self._waiting = self._waiting, []
        for requests, give in waiting:
            pictures = [self._structures.picture(item) for item in requests]
            if any(picture is None for picture in pictures):
                self._waiting.append((requests, give))
            else:
                give(_side_by_side([item for item in pictures if item is not None]))


def _side_by_side(pictures: list[QImage]) -> QImage:
    """Return a card of pictures in two columns; null, if none can be drawn."""
    if all(picture.isNull() for picture in pictures):
        return QImage()
    card = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
    card.fill(0)
    painter = QPainter(card)
    columns, rows = min(len(pictures), 2), -(-len(pictures) // 2)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        painter.drawImage(WIDTH // columns * column, HEIGHT // rows * row, picture)
    painter.end()
    return card
