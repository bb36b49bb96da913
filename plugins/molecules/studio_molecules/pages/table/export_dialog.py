"""What leaves: how many molecules, in which format. Asks, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr

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
