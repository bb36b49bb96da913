"""The page of molecules: modes, composer, browser put together. Computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.api import Page, PluginContext, SavedArtifact, StudioError
from studio_molecules.molecule import Molecule
from studio_molecules.pages.artifact_actions import ArtifactActions
from studio_molecules.pages.commands import page_actions
from studio_molecules.pages.composer import Composer
from studio_molecules.pages.import_controller import ImportController
from studio_molecules.pages.import_problems import ImportProblems, faults_of, told_of
from studio_molecules.pages.modes import GENERATE, IMPROVE, modes
from studio_molecules.pages.objectives.files import ProfileFiles
from studio_molecules.pages.phrases import tr
from studio_molecules.pages.run_controller import RunController
from studio_molecules.pages.table.browser import Browser
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.depiction_cache import DepictionCache
from studio_molecules.pages.table.files import read_table
from studio_molecules.pages.welcome import no_weights, welcome

_NARROW, _SMALL, _LOW = 640, 720, 600


def build(ctx: PluginContext) -> Page:
    """Return the page."""
    page = MoleculePage(ctx)
    return Page(
        page,
        panel=page.composer.panel,
        save_state=page.save_state,
        restore_state=page.restore_state,
        accept=page.intake.accept,
        actions=page_actions(page),
        focus=page.focus,
    )


class MoleculePage(QWidget):
    """Everything between the rail and the parameter panel.

    Attributes:
        collection: The molecules in view.
        artifact: The table of the library they are; None while there is none.
    """

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self.modes = {mode.id: mode for mode in modes()}
        self.artifact: SavedArtifact | None = None
        self._state: Mapping[str, Any] = {}
        self._empty: QWidget | None = None
        self.faults: ImportProblems | None = None
        self.collection = Collection()
        self.structures = DepictionCache(ctx)
        choices = [(mode.id, mode.icon, mode.title) for mode in modes()]
        self.switch = ctx.ui.switch_bar(tr("What to do"), choices)
        self.composer = Composer(ctx)
        self.progress = ctx.ui.progress_row(stop=False)
        self.trouble = ctx.ui.trouble_row()
        self.browser = Browser(ctx, self.collection, self.structures)
        self.stage = QStackedWidget()
        self.making = RunController(ctx, self)
        self.intake = ImportController(ctx, self)
        self.deeds = ArtifactActions(ctx, self)
        self.profiles = ProfileFiles(ctx, self)
        self._lay_out()
        self._connect()
        self.setAcceptDrops(True)
        self.switch.choose(GENERATE)
        self.show_stage()

    # --- putting it together ------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._title = QLabel(tr("Molecules"))
        self._title.setProperty("role", "title")
        self.called = QLabel()
        self.called.setProperty("role", "mute")
        self.called.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.called.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._title)
        head.addWidget(self.switch.widget)
        head.addWidget(self.called, 1)
        self.stage.addWidget(self.browser)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 16, 28, 16)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.composer)
        column.addWidget(self.progress.widget)
        column.addWidget(self.trouble.widget)
        column.addWidget(self.stage, 1)

    def _connect(self) -> None:
        self.switch.on_choose(self.set_mode)
        self.composer.asked.connect(self.making.run_or_stop)
        self.composer.continued.connect(self.making.go_on)
        self.composer.open_asked.connect(self.intake.pick)
        browser = self.browser
        browser.table.menu_asked.connect(self.deeds.show_menu)
        browser.grid.menu_asked.connect(self.deeds.show_menu)
        browser.detail.copy_asked.connect(self.deeds.copy_current)
        browser.detail.lead_asked.connect(self.deeds.use_as_lead)
        browser.toolbar.recent_asked.connect(self.deeds.show_recent)
        browser.toolbar.export_asked.connect(self.deeds.save_as)
        end_theme = self._ctx.ui.on_theme(lambda _tokens: self.browser.update())
        self.destroyed.connect(lambda: end_theme())

    # --- modes --------------------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """Switch between generating, analogues, improving and predicting."""
        if mode in self.modes and mode != self.composer.mode.id:
            self.switch.choose(mode)
            self.trouble.hide()
            self.composer.show_mode(mode)
            self._show_going_on()
            self.show_stage()

    def show_stage(self) -> None:
        """Show the table, or what this mode needs to begin."""
        if len(self.collection.rows):
            self.stage.setCurrentWidget(self.browser)
            return
        mode = self.composer.mode
        do: dict[str, Callable[..., None]] = {
            "run": self.making.run,
            "lead": self._run_lead,
            "list": self.intake.read_list,
            "pick": self.intake.pick,
        }
        if mode.needs_model and not self._ctx.weights.for_capability("smiles"):
            empty = no_weights(self._ctx, do)
        else:
            empty = welcome(self._ctx, mode.id, do)
        if self._empty is not None:
            self.stage.removeWidget(self._empty)
            self._empty.deleteLater()
        self._empty = empty
        self.stage.addWidget(empty)
        self.stage.setCurrentWidget(empty)

    def _run_lead(self, smiles: str) -> None:
        self.composer.set_lead(smiles)
        self.making.run()

    def _show_going_on(self) -> None:
        scored = "score" in self.collection.rows.figures
        self.composer.go_on.setVisible(self.composer.mode.id == IMPROVE and scored)

    def focus(self) -> None:
        """Put the keyboard where a person starts."""
        self.composer.focus()

    # --- tables -------------------------------------------------------------------------------

    def open_artifact(self, artifact: SavedArtifact) -> None:
        """Show a table of the library; it is read beside the window."""

        def show(found: list[Molecule] | StudioError) -> None:
            if isinstance(found, StudioError):
                self.trouble.tell(found)
                return
            self.show_table(artifact, found)

        self._ctx.run_later(lambda: read_table(artifact.path), show)

    def show_table(self, artifact: SavedArtifact, molecules: Sequence[Molecule]) -> None:
        """Show molecules, and what was left out while they were read."""
        self.artifact = artifact
        self._show_title()
        self.collection.hold(molecules)
        self.show_stage()
        self._show_going_on()
        if self._state:
            state, self._state = self._state, {}
            self.browser.restore_state(state)
        missing = artifact.meta.get("admet_missing")
        if isinstance(missing, str) and missing:
            self._ctx.notices.info(missing, key="molecules.admet")
        self._remark(artifact.meta)

    def _show_title(self) -> None:
        """Say what the table is called, as much of it as there is room for."""
        title = self.artifact.title if self.artifact else ""
        ends = Qt.TextElideMode.ElideRight
        self.called.setText(self.called.fontMetrics().elidedText(title, ends, self.called.width()))
        self.called.setToolTip(title)
        self.called.setAccessibleName(title)

    def _remark(self, meta: Mapping[str, Any]) -> None:
        """Tell which rows were left out or cut, and whether molecules need care."""
        words, notice = told_of(meta), str(meta.get("notice") or "")
        faults, said = faults_of(meta), " ".join(filter(None, (words, notice)))
        if faults:
            untold = int(meta.get("faults_untold", 0))
            self.trouble.remark(said, tr("Show them"), "list", lambda: self._list(faults, untold))
        elif notice:
            self.trouble.remark(said, tr("Show them"), "shield-alert", self._show_care)
        elif words:
            self._ctx.notices.info(words, key="molecules.read")

    def _show_care(self) -> None:
        self.browser.filters.narrow("care", 1, 1)

    def _list(self, faults: Sequence[Mapping[str, Any]], untold: int) -> None:
        self.faults = ImportProblems(self._ctx, faults, untold, self)
        self.faults.open()

    # --- hands --------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Title, words, filters and the closer look give way where there is little room."""
        super().resizeEvent(event)
        self._title.setVisible(self.width() > _NARROW)
        self.browser.toolbar.make_room(filters=self.width() >= _SMALL, detail=self.height() >= _LOW)
        QTimer.singleShot(0, self, self._show_title)  # once the row has its new place

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Lists may be dropped anywhere on the page."""
        if self.intake.takes(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped."""
        self.intake.drop(event.mimeData())
        event.acceptProposedAction()

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return what to keep over a restart."""
        return {
            "mode": self.composer.mode.id,
            "composer": self.composer.save_state(),
            "artifact": self.artifact.id if self.artifact else "",
            "browser": self.browser.save_state(),
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else."""
        composer, browser = state.get("composer"), state.get("browser")
        if isinstance(composer, Mapping):
            self.composer.restore_state(composer)
        self.set_mode(str(state.get("mode", GENERATE)))
        self._state = browser if isinstance(browser, Mapping) else {}
        wanted = str(state.get("artifact") or "")
        if wanted:
            self._ctx.run_later(lambda: self._find(wanted), self._on_found)

    def _find(self, id: str) -> SavedArtifact | None:
        try:
            return self._ctx.library.artifact(id)
        except StudioError:  # gone from the library: that was the user's wish
            return None

    def _on_found(self, artifact: SavedArtifact | None) -> None:
        if artifact is not None and not artifact.binned and self.artifact is None:
            self.open_artifact(artifact)
