"""Two to four molecules side by side: what differs is marked, their figures stand in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtSvgWidgets import QSvgWidget
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from studio.api import JobRequest, PluginContext, Role, StudioError
from studio.api.window.language import tr
from studio_molecules.molecule import Molecule
from studio_molecules.pages.table.columns import Columns, shown
from studio_molecules.pages.table.model import column_title

_WIDE, _HIGH = 260, 220


class ComparisonDialog(QDialog):
    """Structures above, figures below; rows in which they differ come first.

    Attributes:
        drawings: A picture for each molecule.
        figures: The table of figures.
    """

    def __init__(
        self,
        ctx: PluginContext,
        molecules: Sequence[Molecule],
        rows: Columns,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.setWindowTitle(tr("Compare molecules"))
        self.resize(60 + (_WIDE + 16) * len(molecules), 640)
        self.words = ctx.ui.label(tr("Drawing…"), Role.MUTE, wrap=True)
        self.drawings = [QSvgWidget() for _ in molecules]
        above = QGridLayout()
        for place, (molecule, drawing) in enumerate(zip(molecules, self.drawings, strict=True)):
            drawing.setFixedSize(_WIDE, _HIGH)
            drawing.setAccessibleName(tr("Structure of {name}").format(name=molecule.name))
            above.addWidget(ctx.ui.label(molecule.name, Role.STRONG, wrap=True), 0, place)
            above.addWidget(drawing, 1, place)
        self.figures = QLabel(_as_html(molecules, rows, ctx.ui.tokens.colors["mute"]))
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.figures.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        area = QScrollArea()
        area.setAccessibleName(tr("Properties"))
        area.setWidget(self.figures)
        area.setWidgetResizable(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.addLayout(above)
        column.addWidget(self.words)
        column.addWidget(area, 1)
        self._ask([entry.smiles for entry in molecules])

    def _ask(self, smiles: Sequence[str]) -> None:
        params = {
            "smiles": list(smiles),
            "width": _WIDE,
            "height": _HIGH,
            "dark": self._ctx.ui.tokens.dark,
            "differing": True,
        }
        try:
            job = self._ctx.tasks.submit(
                JobRequest("molecules.draw", params, title=tr("Draw"), keep=False)
            )
        except StudioError as error:
            self.words.setText(str(error))
            return
        job.on_done(self._on_drawn)
        job.on_failed(lambda error: self.words.setText(str(error)))

    def _on_drawn(self, result: Mapping[str, Any]) -> None:
        for drawing, svg in zip(self.drawings, result.get("svgs", ())):
            drawing.load(QByteArray(str(svg).encode()))
        self.words.setText(
            tr("What is not in the largest common part is marked.")
            if result.get("shared")
            else tr("They have no larger part in common.")
        )


def _as_html(molecules: Sequence[Molecule], rows: Columns, mute: str) -> str:
    """Return a table: a row for each column of the set, those that differ first and bold."""
    table_rows: list[tuple[bool, str, list[str]]] = []
    for id in (*rows.figures, *rows.words):
        cells = [molecule.words.get(id) or _value(molecule, id) for molecule in molecules]
        if any(cell not in ("", "–") for cell in cells):
            table_rows.append((len(set(cells)) == 1, id, cells))
    lines = []
    for same, id, cells in sorted(table_rows, key=lambda row: row[0]):
        style = f" style='color:{mute}'" if same else ""
        inner = "".join(
            f"<td align='right' width='{_WIDE // 2}'{style}>{escape(cell)}</td>" for cell in cells
        )
        lines.append(f"<tr><td{style}>{escape(column_title(id))}</td>{inner}</tr>")
    return f"<table cellpadding='3' cellspacing='0' width='100%'>{''.join(lines)}</table>"


def _value(molecule: Molecule, id: str) -> str:
    return shown(id, molecule.figures[id]) if id in molecule.figures else "–"
