"""Docked poses in the gallery: each in its pocket, to turn, with its energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api import BadInput, PluginContext, Role, SavedArtifact, StudioError, outcome
from studio.api.window.language import tr
from studio_molecules.pages.structure.conformer_view import ConformerView, moved

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
