"""A table of molecules in the gallery: a small grid of its first structures."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api import PluginContext, Role, SavedArtifact, StudioError, outcome
from studio.api.window.language import tr
from studio_molecules.molecule import Molecule
from studio_molecules.pages.phrases import count_words
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.depiction_cache import DepictionCache
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
