"""The molecules in view: filters at the left, table, grid or plot, the closer look below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_molecules.admet.endpoints import GROUPS, OVERVIEW
from studio_molecules.pages.filters.panel import FilterPanel
from studio_molecules.pages.phrases import group_name
from studio_molecules.pages.plot.plot import Plot
from studio_molecules.pages.structure.detail import Detail
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.depiction_cache import DepictionCache
from studio_molecules.pages.table.model import STRUCTURE, MoleculeModel, column_title
from studio_molecules.pages.table.property_menu import Staying, figure_menus
from studio_molecules.pages.table.selection_bar import SelectionBar
from studio_molecules.pages.table.toolbar import GRID, PLOT, TABLE, Toolbar
from studio_molecules.pages.table.views import Grid, Table

_CARD_FIGURES = ("score", "similarity", "qed", "logp", "sa", "mw")
_MOST_ON_CARD = 3


class Browser(QWidget):
    """Shows a collection.

    Attributes:
        toolbar, filters, table, grid, plot, detail: Its parts.
        view: Which of them is in the middle: ``table``, ``grid`` or ``plot``.
    """

    def __init__(
        self, ctx: PluginContext, collection: Collection, structures: DepictionCache
    ) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        self.view = TABLE
        self._card_figures: list[str] = []
        """What the user wants on cards; empty for what suits the table."""
        self.model = MoleculeModel(collection, self)
        self.toolbar = Toolbar(ctx)
        self.filters = FilterPanel(ctx, collection)
        self.table = Table(ctx, collection, self.model, structures)
        self.grid = Grid(ctx, collection, self.model, structures)
        self.plot = Plot(ctx, collection)
        self.selection = SelectionBar(ctx, collection)
        self.detail = Detail(ctx, collection, structures)
        self.stack = QStackedWidget()
        self.parts: dict[str, QWidget] = {TABLE: self.table, GRID: self.grid, PLOT: self.plot}
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for part in self.parts.values():
            self.stack.addWidget(part)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        above = QWidget()
        upper = QVBoxLayout(above)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(4)
        upper.addWidget(self.stack, 1)
        upper.addWidget(self.selection)  # below, so that no row moves when it comes
        self.splitter.addWidget(above)
        self.splitter.addWidget(self.detail)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setHandleWidth(8)
        self.splitter.setStyleSheet("QSplitter::handle { background: transparent; }")
        self.splitter.setSizes([300, 240])
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.toolbar)
        right.addWidget(self.splitter, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.filters)
        row.addLayout(right, 1)

    def _connect(self) -> None:
        self.toolbar.views.on_choose(self.show_view)
        self.toolbar.filters.toggled.connect(self.filters.setVisible)
        self.toolbar.detail.toggled.connect(self.detail.open)
        self.toolbar.columns_asked.connect(self.show_columns)
        self.table.columns_asked.connect(self.show_columns)
        for part in (self.table, self.grid, self.plot):
            part.opened.connect(self.look_closely)
        self._collection.replaced.connect(self._choose_card_figures)
        self.filters.matcher.ended.connect(self._mark)

    def show_view(self, view: str) -> None:
        """Show the table, the grid or the plot."""
        if view in self.parts:
            self.view = view
            self.toolbar.views.choose(view)
            self.stack.setCurrentWidget(self.parts[view])

    def look_closely(self) -> None:
        """Open the closer look and give it the keyboard."""
        self.toolbar.detail.setChecked(True)
        self.detail.conformer.setFocus()

    def _mark(self) -> None:
        """Highlight the substructure query in every structure."""
        pattern = self.filters.matcher.pattern
        self.table.cell.highlight = self.grid.card.highlight = pattern
        self.detail.drawing.highlight = pattern
        for part in (self.table.viewport(), self.grid.viewport(), self.detail.drawing):
            part.update()

    # --- which figures ------------------------------------------------------------------------

    def _choose_card_figures(self) -> None:
        figures = self._collection.rows.figures
        chosen = [id for id in self._card_figures if id in figures]
        self.grid.card.figures = (
            chosen or [id for id in _CARD_FIGURES if id in figures][:_MOST_ON_CARD]
        )

    def show_columns(self, at: QPoint) -> None:
        """Open the menu of columns, or of the figures on cards."""
        menu = self._ctx.ui.menu()
        on_cards = self.view == GRID
        chosen = self.grid.card.figures if on_cards else self.model.columns
        possible = self._collection.rows.figures if on_cards else self.model.possible()
        if not on_cards and any(id in GROUPS for id in possible):
            self._add_presets(menu)
        for column, where in figure_menus(menu, possible):
            if where is not menu and where.isEmpty() and not on_cards:
                where.addAction(tr("Show all"), partial(self._show_group, GROUPS[column]))
                where.addSeparator()
            action = where.addAction(column_title(column))
            action.setCheckable(True)
            action.setChecked(column in chosen)
            action.toggled.connect(lambda on, column=column: self.show_column(column, on))
        for submenu in (menu, *menu.findChildren(QMenu)):
            Staying(submenu)
        menu.popup(at)

    def _add_presets(self, menu: QMenu) -> None:
        """Offer the groups of ADMET columns: one at a time, beside the other visible columns."""
        presets = menu.addMenu(tr("ADMET columns"))
        groups = list(dict.fromkeys(GROUPS.values()))
        rows: list[tuple[str, Sequence[str]]] = [(tr("Overview"), OVERVIEW)]
        rows += [(group_name(group), [i for i in GROUPS if GROUPS[i] == group]) for group in groups]
        rows += [(tr("All"), tuple(GROUPS)), (tr("None"), ())]
        for words, columns in rows:
            presets.addAction(words, partial(self.model.show_admet, columns))
        menu.addSeparator()

    def _show_group(self, group: str) -> None:
        """Show all columns of a part of ADMET beside those in view."""
        columns = [id for id in self.model.columns if id != STRUCTURE]
        self.model.show_columns(columns + [id for id in GROUPS if GROUPS[id] == group])

    def show_column(self, column: str, wanted: bool) -> None:
        """Show a column or take it away; on cards, the three that were chosen last."""
        if self.view == GRID:
            figures = [id for id in self.grid.card.figures if id != column]
            self._card_figures = ([*figures, column] if wanted else figures)[-_MOST_ON_CARD:]
            self._choose_card_figures()
            self.grid.viewport().update()
            return
        columns = [id for id in self.model.columns if id not in (column, STRUCTURE)]
        self.model.show_columns([*columns, column] if wanted else columns)

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the state to restore after a restart."""
        return {
            "view": self.view,
            "filters_open": self.toolbar.wanted(self.toolbar.filters),
            "detail_open": self.toolbar.wanted(self.toolbar.detail),
            "columns": self.model.columns[1:],
            "card": self._card_figures,
            "sort": [self._collection.sort_column, self._collection.descending],
            "filters": self.filters.save_state(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else; the table is there."""
        self.show_view(str(state.get("view", TABLE)))
        self.toolbar.want(self.toolbar.filters, bool(state.get("filters_open", True)))
        self.toolbar.want(self.toolbar.detail, bool(state.get("detail_open", True)))
        columns, card, sort = (state.get(name) for name in ("columns", "card", "sort"))
        if isinstance(columns, list) and columns:
            self.model.show_columns([str(id) for id in columns])
        if isinstance(card, list) and card:
            self._card_figures = [str(id) for id in card][:_MOST_ON_CARD]
            self._choose_card_figures()
        filters = state.get("filters")
        if isinstance(filters, Mapping):
            self.filters.restore_state(filters)
        match sort:
            case [str(column), bool(descending)] if column in self.model.possible():
                self.table.show_sorting(column, descending)
