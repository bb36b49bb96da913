"""Actions on a set of molecules: predict, cluster, pairs, combine, compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

from PySide6.QtCore import QByteArray, QPoint, Qt
from PySide6.QtSvgWidgets import QSvgWidget
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.api import (
    JobRequest,
    Kind,
    ModeForms,
    Params,
    PluginContext,
    Role,
    RunController,
    SavedArtifact,
    StudioError,
    TroubleRow,
)
from studio.api.window.language import tr, tr_filled
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.pages.modes import DOCK
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import Columns, shown
from studio_molecules.pages.table.model import column_title
from studio_molecules.pages.table.selection_bar import COMPARED_MOST
from studio_molecules.schema import Cluster, Dock
from studio_molecules.titles import shortened

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
            self.words.setText(tr_filled(error))
            return
        job.on_done(self._on_drawn)
        job.on_failed(lambda error: self.words.setText(tr_filled(error)))

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


_RECENT = 12
_FEWEST = 2
SIMILARITY = "similarity"
_DOCKING = ("target", "receptor", "center", "size", "exhaustiveness", "poses")


class SetActions:
    """Menu of the set in view, and its actions.

    Attributes:
        dialog: Dialog for cluster options, once opened.
        comparison: Side-by-side view of molecules, once opened.
    """

    def __init__(
        self,
        ctx: PluginContext,
        collection: Collection,
        run: RunController,
        trouble: TroubleRow,
        parent: QWidget,
        sort: Callable[[str], None],
        modes: ModeForms,
    ) -> None:
        """Work on ``collection`` by ``run``; ``sort`` shows the table from the greatest on."""
        self._ctx, self._collection, self._run = ctx, collection, run
        self._trouble, self._parent, self._sort = trouble, parent, sort
        self._modes = modes
        self.dialog: QDialog | None = None
        self.comparison: ComparisonDialog | None = None

    def show_menu(self, at: QPoint) -> None:
        """Open the menu of the set; earlier tables are looked up first."""

        def show(artifacts: list[SavedArtifact]) -> None:
            self._menu(artifacts).popup(at)

        kinds = (Kind.MOLECULES,)
        self._ctx.run_later(lambda: self._ctx.library.find(kinds=kinds, limit=_RECENT), show)

    def _menu(self, earlier: Sequence[SavedArtifact]) -> Any:
        ui, menu = self._ctx.ui, self._ctx.ui.menu()
        count = f"{len(self.rows()):,}"
        menu.addAction(
            ui.icon("gauge"),
            tr("Predict properties of these {count}").format(count=count),
            self.predict,
        )
        menu.addAction(
            ui.icon("puzzle"), tr("Dock these {count}…").format(count=count), self.ask_dock
        )
        menu.addAction(ui.icon("boxes"), tr("Cluster, scaffolds, R-groups…"), self.ask_cluster)
        own = list(self._collection.own_columns())
        if own:
            learned = menu.addMenu(ui.icon("chart-line"), tr("Learn your own column"))
            for column in own:
                learned.addAction(column, partial(self.learn, column))
        menu.addAction(ui.icon("git-compare"), tr("Matched pairs"), self.pairs)
        menu.addAction(ui.icon("arrow-down-up"), tr("Sort by similarity to this"), self.sort_alike)
        menu.addSeparator()
        for how, words in (
            ("add", tr("Merge with…")),
            ("subtract", tr("Remove molecules that are in…")),
            ("common", tr("Keep only molecules also in…")),
        ):
            below = menu.addMenu(words)
            others = [result for result in earlier if result.id != self._collection.artifact]
            for artifact in others:
                below.addAction(shortened(artifact.title, 60), partial(self.combine, how, artifact))
            below.setEnabled(bool(others))
        return menu

    def rows(self) -> list[Molecule]:
        """Return the selected molecules if there are several, else those in view."""
        picked = self._collection.picked()
        return picked if len(picked) >= _FEWEST else self._collection.in_view()

    def run(self, id: str) -> None:
        """Run the action of a button of the selection bar."""
        if id == "keep":
            self._collection.keep(self._collection.chosen)
        elif id == "predict":
            self.predict()
        elif id == "dock":
            self.ask_dock()
        elif id == "compare":
            self.compare()

    # --- jobs ---------------------------------------------------------------------------------

    def predict(self) -> None:
        """Predict the molecules; their columns stay."""
        self._start("molecules.predict", {"admet": True}, tr("Predict {count} molecules"))

    def ask_cluster(self) -> None:
        """Ask how to cluster, then do so."""
        self.dialog = _FormDialog(
            self._ctx,
            tr("Cluster, scaffolds, R-groups"),
            Cluster,
            ("similarity", "pick", "core"),
            lambda values: self._start(
                "molecules.cluster", values, tr("Cluster {count} molecules")
            ),
            self._parent,
        )
        self.dialog.open()

    def ask_dock(self) -> None:
        """Ask into which protein, then dock; the answers are those of the mode, too."""
        form = self._modes.forms[DOCK]

        def start(values: Mapping[str, Any]) -> None:
            settings = {**form.values(), **values}
            form.set_values(settings)
            self._start("molecules.dock", settings, tr("Dock {count} molecules"), table="ligands")

        self.dialog = dialog = _FormDialog(
            self._ctx, tr("Dock"), Dock, _DOCKING, start, self._parent
        )
        dialog.form.set_values(form.values())
        dialog.open()

    def learn(self, column: str) -> None:
        """Fit a model on a column of numbers, and predict it for every molecule."""
        self._start("molecules.fit", {"column": column}, tr("Learn from {count} molecules"))

    def pairs(self) -> None:
        """Find molecules that differ in one place."""
        self._start("molecules.pairs", {}, tr("Matched pairs of {count} molecules"))

    def combine(self, how: str, other: SavedArtifact) -> None:
        """Merge with another table, or take it away."""

        def start(data: bytes) -> None:
            inputs = {"other": data}
            self._start("molecules.combine", {"how": how}, tr("Combine {count} molecules"), inputs)

        self._ctx.run_later(other.read, start)

    def _start(
        self,
        task: str,
        params: Mapping[str, Any],
        title: str,
        inputs: Mapping[str, Any] | None = None,
        table: str = "table",
    ) -> None:
        rows = self.rows()
        if not rows:
            self._trouble.tell(tr("No molecules in view. Widen the filters first."))
            return
        parent = self._collection.artifact

        def request() -> JobRequest:
            return JobRequest(
                task,
                dict(params),
                title=title.format(count=f"{len(rows):,}"),
                inputs={table: to_csv(rows), **(inputs or {})},
                parents=[parent] if parent else [],
            )

        self._run.run(request)

    # --- at once ------------------------------------------------------------------------------

    def sort_alike(self) -> None:
        """Sort the table by likeness to the molecule that is looked at."""
        molecule, rows = self._collection.molecule(), self._collection.rows
        if molecule is None:
            return
        smiles = [entry.smiles for entry in rows.molecules]

        def show(result: Mapping[str, Any]) -> None:
            similarities = [float(value) for value in result.get("similarities", ())]
            if self._collection.rows is rows and len(similarities) == len(rows):
                values = [value if value >= 0 else math.nan for value in similarities]
                self._collection.add_figure(SIMILARITY, values)
                self._sort(SIMILARITY)

        request = JobRequest(
            "molecules.similar",
            {"to": molecule.smiles},
            title=tr("Compare molecules"),
            inputs={"smiles": smiles},
            keep=False,
        )
        try:
            job = self._ctx.tasks.submit(request)
        except StudioError as error:
            self._trouble.tell(error)
            return
        job.on_done(show)
        job.on_failed(self._trouble.tell)

    def compare(self) -> None:
        """Show two to four molecules side by side."""
        picked = self._collection.picked()[:COMPARED_MOST]
        if len(picked) >= _FEWEST:
            self.comparison = ComparisonDialog(
                self._ctx, picked, self._collection.rows, self._parent
            )
            self.comparison.open()


class _FormDialog(QDialog):
    """Parameters of a task, and a button."""

    def __init__(
        self,
        ctx: PluginContext,
        title: str,
        params: type[Params],
        only: Sequence[str],
        go: Callable[[Mapping[str, Any]], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(360)
        self.form = ctx.ui.form(params, only=only)
        cancel = ctx.ui.button(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        start = ctx.ui.button(tr("Start"), "play", primary=True)
        start.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(start)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 16)
        column.addWidget(self.form.widget)
        row.setContentsMargins(20, 0, 20, 0)
        column.addLayout(row)
        self.accepted.connect(lambda: go(self.form.values()))
