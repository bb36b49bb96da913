"""What can be done with molecules in view: copy, use as lead, export, look back. Shows no table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint

from studio.api import Kind, PluginContext, SavedArtifact, StudioError
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.pages.modes import ANALOGUES, IMPROVE
from studio_molecules.pages.phrases import tr
from studio_molecules.pages.table.files import DRAWN, PLAIN, plain, put
from studio_molecules.schema import SHEET_MOST

if TYPE_CHECKING:
    from studio_molecules.pages.page import MoleculePage

TASK = "molecules.export"
_RECENT = 20


class ArtifactActions:
    """Menus and what they do."""

    def __init__(self, ctx: PluginContext, page: MoleculePage) -> None:
        self._ctx, self._page = ctx, page

    # --- one molecule, or the selected ones -----------------------------------------------------

    def copy(self) -> None:
        """Copy the SMILES of the selected molecules, one a line."""
        picked = self._picked()
        if len(picked) == 1:
            self.copy_current()
        elif picked:
            self._ctx.ui.copy("\n".join(each.smiles for each in picked))
            words = tr("Copied {count} SMILES.")
            self._ctx.notices.info(words.format(count=len(picked)), key="molecules.copy")

    def copy_current(self) -> None:
        """Copy the SMILES of the molecule that is looked at."""
        molecule = self._page.collection.molecule()
        if molecule is not None:
            self._ctx.ui.copy(molecule.smiles)
            self._ctx.notices.info(tr("Copied the SMILES."), key="molecules.copy")

    def use_as_lead(self, mode: str = "") -> None:
        """Take the molecule that is looked at as the lead of Analogues, or of Improve."""
        molecule = self._page.collection.molecule()
        if molecule is not None:
            stays = self._page.composer.mode.id in (ANALOGUES, IMPROVE)
            self._page.set_mode(mode or (self._page.composer.mode.id if stays else ANALOGUES))
            self._page.composer.set_lead(molecule.smiles)
            self._page.composer.focus()

    def show_menu(self, at: QPoint) -> None:
        """Open the menu of what is selected."""
        picked = self._picked()
        if not picked:
            return
        ui, menu = self._ctx.ui, self._ctx.ui.menu()
        menu.addAction(ui.icon("copy"), tr("Copy SMILES"), self.copy)
        for icon, words, mode in (
            ("git-fork", tr("Find analogues of it"), ANALOGUES),
            ("wand-sparkles", tr("Improve it"), IMPROVE),
        ):
            menu.addAction(ui.icon(icon), words, partial(self.use_as_lead, mode))
        menu.addSeparator()
        menu.addAction(ui.icon("check"), tr("Select all in view"), self.choose_all)
        words = tr("Export 1 selected…") if len(picked) == 1 else tr("Export {count} selected…")
        menu.addAction(
            ui.icon("download"), words.format(count=f"{len(picked):,}"), self.save_selected
        )
        menu.popup(at)

    def choose_all(self) -> None:
        """Select every molecule in view."""
        collection = self._page.collection
        collection.choose(collection.current, collection.shown)

    def _picked(self) -> list[Molecule]:
        return self._page.collection.picked()

    # --- files ----------------------------------------------------------------------------------

    def save_as(self) -> None:
        """Ask where to, and write the selected molecules, or all in view."""
        molecules = self._page.collection.wanted()
        if not molecules:
            self._page.trouble.tell(tr("There are no molecules in view. Open the filters first."))
            return
        self._save(molecules)

    def save_selected(self) -> None:
        """Ask where to, and write the selected molecules, be it only one."""
        self._save(self._picked())

    def _save(self, molecules: Sequence[Molecule]) -> None:
        suffixes = (".sdf", *PLAIN, ".png", ".svg")
        title = self._page.collection.said_of(len(molecules))
        path = self._ctx.ui.save_file(title, "molecules.sdf", suffixes)
        if path is None:
            return
        path = path if path.suffix else path.with_suffix(".sdf")
        self.export(path, molecules)

    def export(self, path: Path, molecules: Sequence[Molecule]) -> None:
        """Write molecules in the format of the ending of ``path``."""
        suffix = path.suffix.lower()
        if suffix in PLAIN:
            self._ctx.run_later(
                lambda: put(path, plain(molecules, suffix)),
                lambda error: self._told(path, len(molecules), error),
            )
        elif suffix in DRAWN:
            self._export_drawn(path, molecules)
        else:
            words = tr("“{suffix}” is none of the formats: SDF, SMILES (.smi), CSV, PNG, SVG.")
            self._page.trouble.tell(words.format(suffix=suffix))

    def _export_drawn(self, path: Path, molecules: Sequence[Molecule]) -> None:
        if path.suffix.lower() != ".sdf" and len(molecules) > SHEET_MOST:
            words = tr("A sheet holds {most} structures; the first ones in view are on it.")
            self._ctx.notices.info(words.format(most=SHEET_MOST), key="molecules.sheet")
            molecules = molecules[:SHEET_MOST]

        def start(table: bytes) -> None:
            params: Mapping[str, Any] = {"format": path.suffix[1:].lower()}
            title = tr("Export {name}").format(name=path.name)
            try:
                job = self._ctx.tasks.submit(
                    TASK, params, title=title, inputs={"table": table}, keep=False
                )
            except StudioError as error:
                self._page.trouble.tell(error)
                return
            job.on_artifact(lambda artifact: self._put(path, artifact, len(molecules)))
            job.on_failed(lambda error: self._told(path, 0, error))

        self._ctx.run_later(lambda: to_csv(molecules), start)

    def _put(self, path: Path, artifact: SavedArtifact, count: int) -> None:
        self._ctx.run_later(
            lambda: put(path, artifact.path.read_bytes()),
            lambda error: self._told(path, count, error),
        )

    def _told(self, path: Path, count: int, error: StudioError | None) -> None:
        if error is not None:
            self._page.trouble.tell(error, self.save_as)
            return
        one, many = tr("1 molecule is in {name}."), tr("{count} molecules are in {name}.")
        words = (one if count == 1 else many).format(count=f"{count:,}", name=path.name)
        self._ctx.notices.info(words, str(path.parent), key="molecules.export")

    # --- earlier tables -------------------------------------------------------------------------

    def show_recent(self, at: QPoint) -> None:
        """Open the menu of earlier tables."""

        def show(found: list[SavedArtifact]) -> None:
            menu = self._ctx.ui.menu()
            for artifact in found:
                run = partial(self._page.open_artifact, artifact)
                menu.addAction(artifact.title[:60] or tr("Molecules"), run)
            if not found:
                menu.addAction(tr("There are no earlier tables")).setEnabled(False)
            menu.popup(at)

        kinds = (Kind.MOLECULES,)
        self._ctx.run_later(lambda: self._ctx.library.find(kinds=kinds, limit=_RECENT), show)
