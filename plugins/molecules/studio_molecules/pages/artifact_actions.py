"""Actions on the molecules in view: copy, use as lead, export, view history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import (
    BadInput,
    JobRequest,
    Kind,
    PluginContext,
    Role,
    SavedArtifact,
    StudioError,
    TroubleRow,
    outcome,
)
from studio.api.window.language import tr
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.pages.composer import Composer
from studio_molecules.pages.modes import ANALOGUES, IMPROVE
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.files import DRAWN, PLAIN, plain, put
from studio_molecules.schema import SHEET_MOST
from studio_molecules.titles import shortened

SELECTED, SHOWN, ALL = "selected", "shown", "all"


class ExportDialog(QDialog):
    """Rows, format, and whether structures are in space.

    Attributes:
        scopes: A button for each set of rows there is, by ``SELECTED``, ``SHOWN``, ``ALL``.
        format: The choice of endings, each under its name.
        in_space: Whether an SD file has 3-D coordinates.
    """

    def __init__(
        self,
        ctx: PluginContext,
        counts: Sequence[tuple[str, int]],
        chosen: str,
        go: Callable[[str, str, bool], None],
        parent: QWidget,
    ) -> None:
        """Ask; ``go`` gets the scope, the ending and whether it is in space.

        Args:
            counts: Each scope with how many molecules it has.
            chosen: The scope that is chosen at first.
        """
        super().__init__(parent)
        self._ctx = ctx
        self.setWindowTitle(tr("Export molecules"))
        self.scopes: dict[str, QRadioButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(8)
        column.addWidget(ctx.ui.label(tr("Which molecules"), Role.HEADING))
        for scope, count in counts:
            button = QRadioButton(_scope(scope).format(count=f"{count:,}"))
            button.setEnabled(count > 0)
            button.setChecked(scope == chosen)
            self._group.addButton(button)
            self.scopes[scope] = button
            column.addWidget(button)
        column.addSpacing(8)
        column.addWidget(ctx.ui.label(tr("Format"), Role.HEADING))
        self.format = ctx.ui.combo_box()
        self.format.setAccessibleName(tr("Format"))
        for suffix, words in formats():
            self.format.addItem(words, suffix)
        self.in_space = QCheckBox(tr("3-D coordinates: from the file, otherwise a conformer"))
        self.format.currentIndexChanged.connect(lambda _place: self._show_in_space())
        column.addWidget(self.format)
        column.addWidget(self.in_space)
        column.addSpacing(8)
        column.addLayout(self._buttons())
        self.accepted.connect(
            lambda: go(self.scope(), str(self.format.currentData()), self._wants_space())
        )

    def _buttons(self) -> QHBoxLayout:
        cancel = self._ctx.ui.button(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        export = self._ctx.ui.button(tr("Export…"), "download", primary=True)
        export.setDefault(True)
        export.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(export)
        return row

    def scope(self) -> str:
        """Return which rows are wanted."""
        return next(scope for scope, button in self.scopes.items() if button.isChecked())

    def choose(self, suffix: str) -> None:
        """Choose a format by its ending."""
        self.format.setCurrentIndex(self.format.findData(suffix))

    def _show_in_space(self) -> None:
        self.in_space.setVisible(self.format.currentData() == ".sdf")

    def _wants_space(self) -> bool:
        return self.in_space.isChecked() and self.format.currentData() == ".sdf"


def formats() -> tuple[tuple[str, str], ...]:
    """Return the suffixes, each with its title."""
    return (
        (".sdf", tr("SDF: structures with all columns")),
        (".csv", tr("CSV: a table with all columns")),
        (".xlsx", tr("Excel workbook: a table with all columns")),
        (".smi", tr("SMILES with names, one per line")),
        (".png", tr("PNG: a sheet of structures")),
        (".svg", tr("SVG: a sheet of structures")),
    )


def _scope(scope: str) -> str:
    return {
        SELECTED: tr("{count} selected"),
        SHOWN: tr("{count} shown"),
        ALL: tr("All {count}"),
    }[scope]


TASK = "molecules.export"
_RECENT = 20


class MoleculeActions:
    """Menus and their actions."""

    def __init__(
        self,
        ctx: PluginContext,
        collection: Collection,
        composer: Composer,
        trouble: TroubleRow,
        open_table: Callable[[SavedArtifact], None],
    ) -> None:
        """Work on ``collection``; ``open_table`` shows a table of the library instead."""
        self._ctx, self._collection, self._composer = ctx, collection, composer
        self._trouble, self._open_table = trouble, open_table
        self.more: Sequence[tuple[str, str, Callable[[], None]]] = ()
        """What others put into the menu: icon, words and what they do."""
        self.by_atom: Callable[[], str] = str
        """Returns the figure whose contributions of atoms are coloured on a sheet."""
        self.by_atom_inputs: Callable[[str], dict[str, Any]] = lambda figure: {}
        """Returns what that takes beside its name."""
        self.dialog: ExportDialog | None = None
        """What asks for the format of an export, once it did."""

    # --- one molecule, or the selected ones -----------------------------------------------------

    def copy(self) -> None:
        """Copy the SMILES of the selected molecules, one a line."""
        picked = self._picked()
        if len(picked) == 1:
            self.copy_current()
        elif picked:
            self._ctx.ui.copy("\n".join(molecule.smiles for molecule in picked))
            words = tr("{count} SMILES copied.")
            self._ctx.notices.info(words.format(count=len(picked)), key="molecules.copy")

    def copy_current(self) -> None:
        """Copy the SMILES of the molecule that is looked at."""
        molecule = self._collection.molecule()
        if molecule is not None:
            self._ctx.ui.copy(molecule.smiles)
            self._ctx.notices.info(tr("SMILES copied."), key="molecules.copy")

    def use_as_lead(self, mode: str = "") -> None:
        """Take the molecule that is looked at as the lead of Analogues, or of Improve."""
        molecule = self._collection.molecule()
        if molecule is not None:
            stays = self._composer.mode in (ANALOGUES, IMPROVE)
            self._composer.modes.choose(mode or (self._composer.mode if stays else ANALOGUES))
            self._composer.set_lead(molecule.smiles)
            self._composer.focus()

    def show_menu(self, at: QPoint) -> None:
        """Open the menu of the selection."""
        picked = self._picked()
        if not picked:
            return
        ui, menu = self._ctx.ui, self._ctx.ui.menu()
        menu.addAction(ui.icon("copy"), tr("Copy SMILES"), self.copy)
        for icon, words, mode in (
            ("git-fork", tr("Find analogues"), ANALOGUES),
            ("wand-sparkles", tr("Optimise"), IMPROVE),
        ):
            menu.addAction(ui.icon(icon), words, partial(self.use_as_lead, mode))
        menu.addSeparator()
        for icon, words, run in self.more:
            menu.addAction(ui.icon(icon), words, run)
        menu.addSeparator()
        menu.addAction(ui.icon("check"), tr("Select all in view"), self.choose_all)
        words = tr("Export 1 selected…") if len(picked) == 1 else tr("Export {count} selected…")
        menu.addAction(
            ui.icon("download"), words.format(count=f"{len(picked):,}"), self.save_selected
        )
        menu.popup(at)

    def choose_all(self) -> None:
        """Select every molecule in view."""
        collection = self._collection
        collection.choose(collection.current, collection.shown)

    def _picked(self) -> list[Molecule]:
        return self._collection.picked()

    # --- files ----------------------------------------------------------------------------------

    def save_as(self) -> None:
        """Ask what leaves in which format: several that are selected, else those in view."""
        several = len(self._collection.chosen.intersection(self._collection.shown)) > 1
        self._ask(SELECTED if several else SHOWN if self._collection.shown else ALL)

    def save_selected(self) -> None:
        """Ask for a format, and write the selected molecules, be it only one."""
        self._ask(SELECTED)

    def _ask(self, scope: str) -> None:
        collection = self._collection
        if not len(collection.rows):
            self._trouble.tell(tr("There are no molecules to export yet."))
            return
        picked = len(collection.chosen.intersection(collection.shown))
        counts = ((SELECTED, picked), (SHOWN, len(collection.shown)), (ALL, len(collection.rows)))
        self.dialog = ExportDialog(self._ctx, counts, scope, self._save, self._trouble.widget)
        self.dialog.open()

    def _save(self, scope: str, suffix: str, in_space: bool) -> None:
        collection = self._collection
        takes = {SELECTED: collection.picked, SHOWN: collection.in_view, ALL: collection.every}
        molecules = takes[scope]()

        def written(path: Path, done: bool) -> None:
            if done:
                self._said(path, len(molecules))
            else:
                self._export_drawn(path, molecules, in_space)

        self._ctx.kit.save_as(
            dict(formats())[suffix],
            f"molecules{suffix}",
            (suffix,),
            self._labelled(lambda path: _write_plain(path, molecules)),
            trouble=self._trouble,
            done=written,
        )

    def _export_drawn(self, path: Path, molecules: Sequence[Molecule], in_space: bool) -> None:
        """Export the format in the runtime, and move the result to ``path``."""
        if path.suffix.lower() in (".png", ".svg") and len(molecules) > SHEET_MOST:
            words = tr("A sheet holds {most} structures; it shows the first ones in view.")
            self._ctx.notices.info(words.format(most=SHEET_MOST), key="molecules.sheet")
            molecules = molecules[:SHEET_MOST]

        def start(table: bytes) -> None:
            title = tr("Export {name}").format(name=path.name)
            try:
                job = self._ctx.tasks.submit(
                    JobRequest(
                        TASK,
                        {
                            "format": path.suffix[1:].lower(),
                            "in_space": in_space,
                            "by_atom": self.by_atom(),
                        },
                        title=title,
                        inputs={"table": table, **self.by_atom_inputs(self.by_atom())},
                        keep=False,
                    )
                )
            except StudioError as error:
                self._trouble.tell(error)
                return
            job.on_artifact(lambda artifact: self._put(path, artifact, len(molecules)))
            job.on_failed(lambda error: self._trouble.tell(error, self.save_as))

        self._ctx.run_later(lambda: to_csv(molecules), start)

    def _put(self, path: Path, artifact: SavedArtifact, count: int) -> None:
        def done(error: StudioError | None) -> None:
            if error is not None:
                self._trouble.tell(error, self.save_as)
            else:
                self._said(path, count)

        write = self._labelled(lambda target: put(target, artifact.read()))
        self._ctx.run_later(lambda: outcome(lambda: write(path)), done)

    def _labelled(self, write: Callable[[Path], Any]) -> Callable[[Path], Any]:
        return self._ctx.kit.labelled(self._collection.artifact, write)

    def _said(self, path: Path, count: int) -> None:
        one, many = tr("1 molecule is in {name}."), tr("{count} molecules are in {name}.")
        words = (one if count == 1 else many).format(count=f"{count:,}", name=path.name)
        self._ctx.notices.info(words, str(path.parent), key="molecules.export")

    # --- earlier tables -------------------------------------------------------------------------

    def show_recent(self, at: QPoint) -> None:
        """Open the menu of earlier tables."""

        def show(artifacts: list[SavedArtifact]) -> None:
            menu = self._ctx.ui.menu()
            for artifact in artifacts:
                run = partial(self._open_table, artifact)
                menu.addAction(_called(artifact), run)
            if not artifacts:
                menu.addAction(tr("No earlier tables")).setEnabled(False)
            menu.popup(at)

        kinds = (Kind.MOLECULES,)
        self._ctx.run_later(lambda: self._ctx.library.find(kinds=kinds, limit=_RECENT), show)


def _called(artifact: SavedArtifact) -> str:
    """Return the title of a table and its creation time, since titles repeat."""
    title = shortened(artifact.title, 60) or tr("Molecules")
    if not artifact.created:
        return title
    created = datetime.fromtimestamp(artifact.created).astimezone()
    return f"{title}  ·  {created:%Y-%m-%d %H:%M}"


def _write_plain(path: Path, molecules: Sequence[Molecule]) -> bool:
    """Write molecules in the format of the ending; return False if the runtime has to."""
    suffix = path.suffix.lower()
    if suffix in DRAWN:
        return False
    if suffix not in PLAIN:
        words = tr("“{suffix}” is not a supported format. Use SDF, CSV, Excel, SMILES, PNG or SVG.")
        raise BadInput(words.format(suffix=suffix))
    put(path, plain(molecules, suffix))
    return True
