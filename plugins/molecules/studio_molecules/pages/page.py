"""The page of molecules: modes, composer, browser put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from studio.api import (
    JobHandle,
    JobRequest,
    Kind,
    Mode,
    Page,
    PluginContext,
    Role,
    SavedArtifact,
    StudioError,
    TaskResult,
    outcome,
)
from studio.api.window.language import tr
from studio_molecules.molecule import Molecule
from studio_molecules.pages.artifact_actions import MoleculeActions
from studio_molecules.pages.commands import page_actions
from studio_molecules.pages.composer import Composer
from studio_molecules.pages.import_problems import ImportProblems, faults_of, told_of
from studio_molecules.pages.modes import GENERATE, IMPROVE, PREDICT
from studio_molecules.pages.objectives.editor import ProfileFiles
from studio_molecules.pages.set_actions import SetActions
from studio_molecules.pages.structure.best_so_far import BestSoFar
from studio_molecules.pages.table.browser import Browser
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.depiction_cache import DepictionCache
from studio_molecules.pages.table.files import read_table
from studio_molecules.pages.welcome import no_weights, welcome
from studio_molecules.schema import MOLECULE_SUFFIXES

_POPULATION = 200
"""Of the best molecules in view, how many a search goes on from."""
_NARROW, _SMALL, _LOW = 640, 720, 600


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = MoleculePage(ctx)
    return Page(
        page,
        panel=page.composer.modes.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.open_artifact,
        reuse=page.composer.reuse,
        run=page.run.run,
        actions=page_actions(page.run, page.target, page.composer, page.browser, page.molecules),
        focus=page.composer.focus,
    )


class MoleculePage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        collection: The molecules in view.
        artifact: The table of the library they are; None while there is none.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx, ui, kit = ctx, ctx.ui, ctx.kit
        self.artifact: SavedArtifact | None = None
        self._job: JobHandle | None = None
        self._state: Mapping[str, Any] = {}
        self._empty: QWidget | None = None
        self.faults: ImportProblems | None = None
        self.collection = Collection()
        self.structures = DepictionCache(ctx)
        self.best = BestSoFar(ctx, self.structures)
        self.trouble, self._progress = ui.trouble_row(), ui.progress_row(stop=False)
        self.composer = Composer(ctx)
        self.browser = Browser(ctx, self.collection, self.structures)
        self.composer.resolve = self.collection.smiles_of
        self.composer.profile.columns = self.collection.own_columns
        self.structures.taught = self.composer.profile.taught
        self.views = QStackedWidget()
        self.run = kit.run_controller(
            prepare=self.composer.request,
            button=self.composer.go,
            progress=self._progress,
            trouble=self.trouble,
        )
        self.target = kit.drop_target(
            self,
            tr("Open molecules"),
            trouble=self.trouble,
            files=self._read_files,
            suffixes=MOLECULE_SUFFIXES,
            many=False,
            text=self._read_list,
            nothing=tr("No molecules on the clipboard. Copy SMILES or a file first."),
        )
        self.molecules = MoleculeActions(
            ctx, self.collection, self.composer, self.trouble, self.open_artifact
        )
        self.molecules.by_atom = lambda: self.browser.detail.drawing.by_atom
        self.molecules.by_atom_inputs = self.structures.inputs
        self.sets = SetActions(
            ctx, self.collection, self.run, self.trouble, self, self._sort_down, self.composer.modes
        )
        self.molecules.more = (
            ("gauge", tr("Predict properties"), self.sets.predict),
            ("puzzle", tr("Dock…"), self.sets.ask_dock),
            ("arrow-down-up", tr("Sort by similarity to this"), self.sets.sort_alike),
            ("columns-2", tr("Compare"), self.sets.compare),
        )
        self._profiles = ProfileFiles(ctx, self.composer, self.trouble)
        self._lay_out()
        self._connect()
        self._follow()
        self.show_stage()

    # --- putting it together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = self._ctx.ui.label(tr("Molecules"), Role.TITLE)
        self.called = self._ctx.ui.elided_label("", Role.MUTE, right=True)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._title)
        head.addWidget(self.composer.modes.widget)
        head.addWidget(self.called.widget, 1)
        self.views.addWidget(self.browser)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.composer)
        column.addWidget(self._strip())
        column.addWidget(self.best)
        column.addWidget(self.views, 1)

    def _strip(self) -> QWidget:
        """Return the place of progress and messages: there always, so that nothing below moves."""
        strip = QWidget()
        inside = QVBoxLayout(strip)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        parts = (self._progress.widget, self.trouble.widget)
        for part in parts:
            inside.addWidget(part)
        strip.setMinimumHeight(max(part.sizeHint().height() for part in parts))
        return strip

    def _connect(self) -> None:
        self.composer.modes.on_change(self._on_mode)
        self.composer.field.on_return(self.run.run)
        self.composer.continued.connect(self._go_on)
        self.composer.open_asked.connect(self.target.pick)
        browser = self.browser
        browser.table.menu_asked.connect(self.molecules.show_menu)
        browser.grid.menu_asked.connect(self.molecules.show_menu)
        browser.detail.copy_asked.connect(self.molecules.copy_current)
        browser.detail.lead_asked.connect(self.molecules.use_as_lead)
        browser.toolbar.recent_asked.connect(self.molecules.show_recent)
        browser.toolbar.set_asked.connect(self.sets.show_menu)
        browser.toolbar.export_asked.connect(self.molecules.save_as)
        browser.selection.pressed.connect(self._on_selection)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self.browser.update())
        self.destroyed.connect(lambda: end_theme())

    # --- running ------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Show the stream and result of a job."""
        self.run.on_start(self._on_start)
        self.run.on_stopped(self._on_stopped)
        self.run.on_text(self._on_text)
        self.run.on_result(self._on_made)
        self.run.on_done(self._on_done)
        self.run.on_over(self.best.clear)

    def _on_start(self, job: JobHandle) -> None:
        assert self.run.request is not None
        self.composer.chart.begin(len(self.run.request.inputs.get("population", ())))
        self._job = job

    def _on_made(self, result: TaskResult) -> None:
        """Show a table; poses that come along have a viewer of their own."""
        if result.artifact.kind == Kind.MOLECULES:
            self.open_artifact(result.artifact)

    def _on_done(self, result: Mapping[str, Any]) -> None:
        """Tell why a search ended early."""
        if ended := str(result.get("ended") or ""):
            self._ctx.notices.info(ended, key="molecules.ended")

    def _on_stopped(self) -> None:
        """Tell why nothing came of it, if nothing did."""
        note = str(self._job.result.get("note") or "") if self._job is not None else ""
        if note:
            self.trouble.tell(note)

    def _on_text(self, text: str, _tokens: int, channel: str) -> None:
        if channel == "curve":
            chart = self.composer.chart
            chart.read(text)
            self.best.show_top(chart.top)

    def _go_on(self) -> None:
        """Search on from the best molecules in view."""
        self.composer.modes.choose(IMPROVE)
        self.run.run(self._request_on)

    def _request_on(self) -> JobRequest:
        rows, request = self.collection.rows, self.composer.request()
        best = rows.order("score", descending=True)[:_POPULATION]
        chosen = [rows.molecules[row] for row in best]
        population = [molecule.smiles for molecule in chosen]
        origins = {
            molecule.smiles: [molecule.parent, molecule.operation, molecule.seed]
            for molecule in chosen
        }
        source = self.artifact.id if self.artifact is not None else ""
        return replace(
            request,
            inputs={**request.inputs, "population": population, "origins": origins},
            parents=[source] if source else [],
        )

    def _run_lead(self, smiles: str) -> None:
        self.composer.set_lead(smiles)
        self.run.run()

    def _read_files(self, paths: list[Path]) -> None:
        """Predict the molecules of a file."""
        self.composer.modes.choose(PREDICT)
        self.composer.set_file(paths[0])
        self.run.run()
        if len(paths) > 1:
            words = tr("One list is opened at a time: {name}.").format(name=paths[0].name)
            self._ctx.notices.info(words, key="molecules.drop")

    def _read_list(self, text: str) -> None:
        """Predict SMILES, one a line."""
        self.composer.modes.choose(PREDICT)
        self.composer.set_list(text)
        self.run.run()

    def _on_selection(self, id: str) -> None:
        if id == "export":
            self.molecules.save_selected()
        else:
            self.sets.run(id)

    def _sort_down(self, figure: str) -> None:
        self.browser.table.show_sorting(figure, descending=True)

    # --- modes --------------------------------------------------------------------------------

    def _on_mode(self, _mode: Mode) -> None:
        self.trouble.hide()
        self._show_going_on()
        self.show_stage()

    def show_stage(self) -> None:
        """Show the table, or what this mode needs to begin."""
        if len(self.collection.rows):
            self.views.setCurrentWidget(self.browser)
            return
        do: dict[str, Callable[..., None]] = {
            "run": self.run.run,
            "lead": self._run_lead,
            "scaffold": self.composer.set_scaffold,
            "list": self._read_list,
            "fill": self.composer.set_list,
            "pick": self.target.pick,
        }
        mode = self.composer.modes.mode
        if mode.offered:
            empty = self._ctx.ui.empty_state(mode.icon, mode.title, mode.hint)
        elif self.composer.modes.has_weights:
            empty = welcome(self._ctx, self.composer.mode, do)
        else:
            empty = no_weights(self._ctx, self.composer.mode, do)
        if self._empty is not None:
            self.views.removeWidget(self._empty)
            self._empty.deleteLater()
        self._empty = empty
        self.views.addWidget(empty)
        self.views.setCurrentWidget(empty)

    def _show_going_on(self) -> None:
        scored = "score" in self.collection.rows.figures
        self.composer.offer_going_on(scored)

    # --- tables -------------------------------------------------------------------------------

    def open_artifact(self, artifact: SavedArtifact) -> None:
        """Show a table of the library; it is read beside the window."""

        def show(result: list[Molecule] | StudioError) -> None:
            if isinstance(result, StudioError):
                self.trouble.tell(result)
                return
            self.show_table(artifact, result)

        self._ctx.run_later(lambda: outcome(lambda: read_table(artifact.path)), show)

    def show_table(self, artifact: SavedArtifact, molecules: Sequence[Molecule]) -> None:
        """Show molecules, and the rows skipped while reading."""
        self.artifact = artifact
        self.called.set_text(artifact.title)
        self.collection.pocket = artifact.meta.get("pocket")
        self.collection.hold(molecules)
        self.collection.artifact = artifact.id
        self.show_stage()
        self._show_going_on()
        if self._state:
            state, self._state = self._state, {}
            self.browser.restore_state(state)
        for key in ("admet_missing", "remark"):
            if words := str(artifact.meta.get(key) or ""):
                self._ctx.notices.info(words, key=f"molecules.{key}")
        self._remark(artifact.meta)

    def _remark(self, meta: Mapping[str, Any]) -> None:
        """Tell which rows were left out or cut, and whether molecules need care."""
        words, notice = told_of(meta), str(meta.get("notice") or "")
        faults, message = faults_of(meta), " ".join(filter(None, (words, notice)))
        if faults:
            untold = int(meta.get("faults_untold", 0))
            self.trouble.remark(
                message, tr("Show them"), "list", lambda: self._list(faults, untold), stays=True
            )
        elif notice:
            self.trouble.remark(
                message, tr("Show them"), "shield-alert", self._show_care, stays=True
            )
        elif words:
            self._ctx.notices.info(words, key="molecules.read")

    def _show_care(self) -> None:
        self.browser.filters.narrow("care", 1, 1)

    def _list(self, faults: Sequence[Mapping[str, Any]], untold: int) -> None:
        meta = self.artifact.meta if self.artifact is not None else {}
        repeated = meta.get("repeats") and meta.get("repeats_are") == "keep"
        can = repeated and self.composer.mode == PREDICT and self.composer.has_list
        merge = self._merge_repeats if can else None
        self.faults = ImportProblems(self._ctx, faults, untold, self, merge)
        self.faults.open()

    def _merge_repeats(self) -> None:
        """Read the same list again, with the rows of one molecule as one."""
        form = self.composer.modes.form
        form.set_values({**form.values(), "repeats": "merge"})
        self.run.run()

    # --- hands --------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Title, words, filters and the closer look give way where there is little room."""
        super().resizeEvent(event)
        self._title.setVisible(self.width() > _NARROW)
        self.browser.toolbar.make_room(filters=self.width() >= _SMALL, detail=self.height() >= _LOW)

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        return {
            "mode": self.composer.mode,
            "composer": self.composer.save_state(),
            "artifact": self.artifact.id if self.artifact else "",
            "browser": self.browser.save_state(),
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        composer, browser = state.get("composer"), state.get("browser")
        if isinstance(composer, Mapping):
            self.composer.restore_state(composer)
        self.composer.modes.choose(str(state.get("mode", GENERATE)))
        self._state = browser if isinstance(browser, Mapping) else {}
        wanted = str(state.get("artifact") or "")
        if wanted:
            self._ctx.run_later(lambda: self._find(wanted), self._on_found)

    def _find(self, id: str) -> SavedArtifact | None:
        try:
            return self._ctx.library.artifact(id)
        except StudioError:  # gone from the library: as the user wanted
            return None

    def _on_found(self, artifact: SavedArtifact | None) -> None:
        if artifact is not None and not artifact.binned and self.artifact is None:
            self.open_artifact(artifact)
