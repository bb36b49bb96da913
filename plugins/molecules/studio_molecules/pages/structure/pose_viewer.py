"""Docked poses in the gallery: each in its pocket, to turn, with its energy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, SavedArtifact, StudioError, outcome
from studio.api.window.language import tr
from studio_molecules.molecule import Molecule
from studio_molecules.pages.phrases import count_words
from studio_molecules.pages.structure.conformer_view import ConformerView, moved
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.depiction_cache import DepictionCache, PictureRequest
from studio_molecules.pages.table.files import read_table
from studio_molecules.pages.table.model import MoleculeModel
from studio_molecules.pages.table.views import Grid

_FIGURES = ("score", "similarity", "qed", "logp", "sa")


class Viewer(QWidget):
    """Shows one artifact; it is read beside the window."""

    def __init__(self, ctx: PluginContext, artifact: SavedArtifact) -> None:
        super().__init__()
        self.collection = Collection()
        self.structures = DepictionCache(ctx)
        model = MoleculeModel(self.collection, self)
        self.grid = Grid(ctx, self.collection, model, self.structures)
        self.words = ctx.ui.label(tr("Reading…"), Role.MUTE, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.words)
        column.addWidget(self.grid, 1)
        ctx.run_later(lambda: outcome(lambda: read_table(artifact.path)), self._show)

    def _show(self, result: list[Molecule] | StudioError) -> None:
        if isinstance(result, StudioError):
            self.words.setText(str(result))
            return
        self.collection.hold(result)
        self.grid.card.figures = [id for id in _FIGURES if id in self.collection.rows.figures][:3]
        self.words.setText(count_words(len(result), len(result)))


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


_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Record:
    """One pose of an SDF: title, fields, data for a ``ConformerView``, and centre."""

    title: str
    fields: Mapping[str, str]
    shape: Mapping[str, Any]
    middle: Sequence[float]


class PoseViewer(QWidget):
    """Shows one artifact; it is read beside the window.

    Attributes:
        records: The poses.
        choice: Which one is in view.
    """

    def __init__(self, ctx: PluginContext, artifact: SavedArtifact) -> None:
        super().__init__()
        self.records: list[Record] = []
        pocket = artifact.meta.get("pocket")
        self._pocket = pocket if isinstance(pocket, Mapping) else {"symbols": (), "places": ()}
        self.choice = ctx.ui.combo_box()
        self.choice.setAccessibleName(tr("Pose"))
        self.choice.setMinimumWidth(240)
        self.choice.currentIndexChanged.connect(self._show_pose)
        self.words = ctx.ui.label(tr("Reading…"), Role.MUTE, wrap=True)
        self.view = ConformerView(ctx)
        row = QHBoxLayout()
        row.addWidget(self.choice)
        row.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        ctx.run_later(lambda: outcome(lambda: _read(artifact)), self._show)

    def _show(self, records: list[Record] | StudioError) -> None:
        if isinstance(records, StudioError):
            self.words.setText(str(records))
            return
        self.records = records
        for record in records:
            number = record.fields.get("Pose", "")
            self.choice.addItem(
                tr("{name}, pose {number}").format(name=record.title, number=number)
            )

    def _show_pose(self, place: int) -> None:
        record = self.records[place]
        energy, target = (record.fields.get(name, "") for name in ("Energy (kcal/mol)", "Target"))
        words = tr("{energy} kcal/mol in {target}").format(energy=energy, target=target)
        self.words.setText(words)
        self.view.show_shape({**record.shape, "around": moved(self._pocket, record.middle)})


def _read(artifact: SavedArtifact) -> list[Record]:
    if artifact.path.stat().st_size > _MOST_BYTES:
        raise BadInput("These are too many poses to show.", "Export them instead.")
    text = artifact.path.read_text("utf-8")
    try:
        return [_record(part) for part in text.split("$$$$\n") if part.strip()]
    except (ValueError, IndexError) as error:
        raise BadInput("This is not a file of poses.") from error


def _record(text: str) -> Record:
    lines = text.splitlines()
    atoms, bonds = int(lines[3][:3]), int(lines[3][3:6])
    first, after = lines[4 : 4 + atoms], lines[4 + atoms : 4 + atoms + bonds]
    places = [[float(line[at : at + 10]) for at in (0, 10, 20)] for line in first]
    middle = [sum(axis) / atoms for axis in zip(*places, strict=True)]
    shape = {
        "symbols": [line[31:34].strip() for line in first],
        "places": [
            [axis - centre for axis, centre in zip(place, middle, strict=True)] for place in places
        ],
        "bonds": [(int(line[:3]) - 1, int(line[3:6]) - 1, 1) for line in after],
    }
    fields = {
        line[4:-1]: lines[number + 1]
        for number, line in enumerate(lines[:-1])
        if line.startswith(">  <")
    }
    return Record(lines[0], fields, shape, middle)
