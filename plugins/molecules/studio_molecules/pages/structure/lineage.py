"""Parents and children of a molecule, as far as the table has them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.molecule import Molecule
from studio_molecules.pages.table.collection import Collection


class Lineage(QWidget):
    """Parent, operation, children.

    Attributes:
        parent_button, children_button: What brings them into view.
    """

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        title = ctx.ui.label(tr("Lineage"), Role.SECTION)
        self.words = ctx.ui.label("", Role.SMALL, wrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.parent_button = self._button(tr("Show parent"), "arrow-up")
        self.parent_button.clicked.connect(self._show_parent)
        self.children_button = self._button(tr("Select its child"), "git-fork")
        self.children_button.clicked.connect(self._show_children)
        row = QHBoxLayout()
        row.addWidget(self.parent_button)
        row.addWidget(self.children_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addWidget(title)
        column.addWidget(self.words)
        column.addLayout(row)

    def _button(self, words: str, icon: str) -> QPushButton:
        button: QPushButton = self._ctx.ui.button(words, icon, dense=True)
        return button

    def show_current(self) -> None:
        """Show the family of the molecule that is looked at."""
        molecule = self._collection.molecule()
        if molecule is None:
            return
        self.words.setText(_origin(molecule))
        self.parent_button.setVisible(self._collection.rows.place(molecule.parent) >= 0)
        count = len(self.children_rows())
        words = tr("Select {count} children") if count > 1 else tr("Select its child")
        self.children_button.setText(words.format(count=count))
        self.children_button.setVisible(count > 0)

    def children_rows(self) -> list[int]:
        """Return the rows that were made from it."""
        molecule = self._collection.molecule()
        if molecule is None:
            return []
        return [
            row
            for row, entry in enumerate(self._collection.rows.molecules)
            if entry.parent == molecule.smiles
        ]

    def _show_parent(self) -> None:
        molecule = self._collection.molecule()
        if molecule is not None:
            self._collection.choose(self._collection.rows.place(molecule.parent))

    def _show_children(self) -> None:
        rows = self.children_rows()
        self._collection.choose(rows[0], rows)


def _origin(molecule: Molecule) -> str:
    """Return in words how it came about."""
    if molecule.operation == "read":
        return tr("From a list")
    parts = [molecule.operation.capitalize() or tr("Unknown origin")]
    if molecule.parent:
        parts.append(tr("from {parent}").format(parent=molecule.parent))
    if molecule.seed:
        parts.append(tr("with seed {seed}").format(seed=molecule.seed))
    return " ".join(parts) + "."
