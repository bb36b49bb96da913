"""The filters at the left: how many are shown, words, a substructure, ranges with histograms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_molecules.pages.filters.range_card import RangeCard
from studio_molecules.pages.filters.substructure_search import SubstructureSearch
from studio_molecules.pages.filters.word_card import WordCard
from studio_molecules.pages.phrases import count_words
from studio_molecules.pages.sketcher.preview import StructurePreview
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import NAME
from studio_molecules.pages.table.model import column_title
from studio_molecules.pages.table.property_menu import figure_menus

WIDTH = 208
_FIRST = ("score", "similarity", "mw", "logp", "qed", "sa")
_AT_FIRST = 3


class FilterPanel(QFrame):
    """Changes the filters of a collection.

    Attributes:
        matcher: The search for substructures.
    """

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        self.matcher = SubstructureSearch(ctx, collection)
        self.cards: dict[str, RangeCard | WordCard] = {}
        self.count = ctx.ui.label("", Role.STRONG)
        self.reset = ctx.ui.icon_button("rotate-ccw", tr("Open all filters"))
        self.reset.clicked.connect(self.open_all)
        self.words = self._field(tr("Name or SMILES"), "search")
        self.pattern = self._field(tr("Substructure"), "hexagon")
        self.pattern.setToolTip(
            tr("SMARTS or SMILES, e.g. c1ccccc1 or [NX3;H2]. Press Return to search.")
        )
        draw = self.pattern.addAction(
            ctx.ui.icon("pencil", "mute"), QLineEdit.ActionPosition.TrailingPosition
        )
        draw.setToolTip(tr("Draw the substructure"))
        self.preview = StructurePreview(ctx, tr("Search"), query=True)
        self.preview.drawn.connect(self._on_sketch)
        draw.triggered.connect(lambda _on=False: self.preview.edit())
        self.trouble = ctx.ui.label("", Role.BAD, wrap=True)
        self.trouble.hide()
        self.add = ctx.ui.button(tr("Add filter"), "plus", dense=True)
        self.add.clicked.connect(self._show_figures)
        self._lay_out()
        self._connect()

    def _field(self, words: str, icon: str) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(words)
        field.setAccessibleName(words)
        field.setClearButtonEnabled(True)
        for button in field.findChildren(QToolButton):
            button.setIcon(self._ctx.ui.icon("x", "mute"))
            button.setAccessibleName(tr("Clear"))
        field.addAction(self._ctx.ui.icon(icon, "mute"), QLineEdit.ActionPosition.LeadingPosition)
        return field

    def _lay_out(self) -> None:
        self.setFixedWidth(WIDTH)
        head = QHBoxLayout()
        head.addWidget(self.count, 1)
        head.addWidget(self.reset)
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.add)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setAccessibleName(tr("Filters"))
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.words)
        column.addWidget(self.pattern)
        column.addWidget(self.preview)
        column.addWidget(self.trouble)
        column.addWidget(area, 1)

    def _connect(self) -> None:
        self._collection.replaced.connect(self._on_replaced)
        self._collection.arranged.connect(self._show_count)
        self.words.textChanged.connect(self._on_words)
        self.pattern.returnPressed.connect(lambda: self.matcher.look_for(self.pattern.text()))
        self.pattern.textChanged.connect(self._on_pattern)
        self.matcher.problem.connect(self._say)
        self.matcher.stepped.connect(lambda words: self.count.setText(words))
        self.matcher.ended.connect(self._show_count)

    # --- the table ----------------------------------------------------------------------------

    def _on_replaced(self) -> None:
        self._clear_cards()
        self.words.clear()
        self.pattern.clear()
        self.matcher.look_for("")
        self._say("")
        figures = self._collection.rows.figures
        for figure in [id for id in _FIRST if id in figures][:_AT_FIRST]:
            self.add_filter(figure)
        self._show_count()

    def _show_count(self) -> None:
        shown, all_of_them = len(self._collection.shown), len(self._collection.rows)
        self.count.setText(count_words(shown, all_of_them))
        self.reset.setEnabled(self._collection.filters.active)

    def _say(self, words: str) -> None:
        self.trouble.setText(words)
        self.trouble.setVisible(bool(words))

    # --- filters ------------------------------------------------------------------------------

    def add_filter(self, figure: str) -> None:
        """Show a filter of a figure, open at both ends; of a column of words, open to all."""
        if figure in self.cards:
            return
        rows = self._collection.rows
        card: RangeCard | WordCard
        if rows.is_words(figure):
            card = WordCard(self._ctx, figure, rows)
            card.changed.connect(self._on_cells)
        else:
            card = RangeCard(self._ctx, figure, rows)
            card.moved.connect(self._on_moved)
        card.closed.connect(self.remove_filter)
        self._column.insertWidget(len(self.cards), card)
        self.cards[figure] = card
        self._order_keys()

    def _order_keys(self) -> None:
        """Let Tab go through the filters as they stand, before what adds one."""
        parts = [part for card in self.cards.values() for part in card.parts]
        for first, second in itertools.pairwise([self.pattern, *parts, self.add]):
            QWidget.setTabOrder(first, second)

    def narrow(self, figure: str, low: float, high: float) -> None:
        """Show only molecules with a figure in a range."""
        if figure in self._collection.rows.figures:
            self.add_filter(figure)
            card = self.cards[figure]
            assert isinstance(card, RangeCard)
            card.set_range(low, high)
            self._on_moved(figure, low, high)

    def remove_filter(self, figure: str) -> None:
        """Take a filter away."""
        card = self.cards.pop(figure)
        card.hide()
        card.deleteLater()
        self._collection.filters.ranges.pop(figure, None)
        self._collection.filters.cells.pop(figure, None)
        self._collection.refilter()

    def open_all(self) -> None:
        """Let every molecule through; the filters stay in view."""
        self._collection.filters.ranges.clear()
        self._collection.filters.shown_rows = None
        for card in self.cards.values():
            if isinstance(card, WordCard):
                card.ask("", ())
            else:
                card.set_range(-math.inf, math.inf)
        self.words.clear()
        self.pattern.clear()
        self._collection.refilter()

    def _clear_cards(self) -> None:
        for card in self.cards.values():
            card.hide()
            card.deleteLater()
        self.cards.clear()

    def _on_moved(self, figure: str, low: float, high: float) -> None:
        ranges = self._collection.filters.ranges
        if math.isinf(low) and math.isinf(high):
            ranges.pop(figure, None)
        else:
            ranges[figure] = (low, high)
        self._collection.refilter()

    def _on_cells(self, column: str) -> None:
        card = self.cards[column]
        assert isinstance(card, WordCard)
        contains, wanted = card.condition()
        if contains or wanted:
            self._collection.filters.cells[column] = (contains, wanted)
        else:
            self._collection.filters.cells.pop(column, None)
        self._collection.refilter()

    def _on_words(self, text: str) -> None:
        self._collection.filters.text = text.strip()
        self._collection.refilter()

    def _on_sketch(self, pattern: str) -> None:
        self.pattern.setText(pattern)
        self.pattern.setCursorPosition(0)
        self.matcher.look_for(pattern)

    def _on_pattern(self, text: str) -> None:
        self.preview.show_text(text)
        if not text:  # Return looks for a pattern; for none, emptying the field is enough
            self.matcher.look_for("")

    def _show_figures(self) -> None:
        menu = self._ctx.ui.menu()
        rows = self._collection.rows
        left = [id for id in (NAME, *rows.words, *rows.figures) if id not in self.cards]
        for figure, where in figure_menus(menu, left):
            where.addAction(column_title(figure), partial(self.add_filter, figure))
        menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))

    # --- state --------------------------------------------------------------------------------

    def save_state(self) -> dict[str, Any]:
        """Return the filters as plain data."""
        ranges = self._collection.filters.ranges
        ends = {
            figure: [
                None if math.isinf(end) else end for end in ranges.get(figure, (math.inf,) * 2)
            ]
            for figure, card in self.cards.items()
            if isinstance(card, RangeCard)
        }
        cells = {
            column: [card.condition()[0], sorted(card.condition()[1])]
            for column, card in self.cards.items()
            if isinstance(card, WordCard)
        }
        return {
            "ranges": ends,
            "cells": cells,
            "words": self.words.text(),
            "pattern": self.pattern.text(),
            "sketch": self.preview.save_state(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Take what ``save_state`` returned, or anything else; the table is there."""
        ranges = state.get("ranges")
        if isinstance(ranges, Mapping):
            for figure in [id for id in self.cards if id not in ranges]:
                self.remove_filter(figure)
            for figure, ends in ranges.items():
                self._restore(str(figure), ends)
        cells = state.get("cells")
        for column, condition in cells.items() if isinstance(cells, Mapping) else ():
            self._restore_cells(str(column), condition)
        self.words.setText(str(state.get("words", "")))
        self.preview.restore_state(state.get("sketch"))
        pattern = str(state.get("pattern", ""))
        if pattern:
            self.pattern.setText(pattern)
            self.matcher.look_for(pattern)

    def _restore(self, figure: str, ends: Any) -> None:
        if figure in self._collection.rows.figures:
            self.add_filter(figure)
        match ends:
            case [float() | int() | None as low, float() | int() | None as high]:
                low, high = -math.inf if low is None else low, math.inf if high is None else high
                self.narrow(figure, low, high)

    def _restore_cells(self, column: str, condition: Any) -> None:
        if column not in (NAME, *self._collection.rows.words):
            return
        self.add_filter(column)
        card = self.cards[column]
        match condition:
            case [str(contains), [*wanted]] if isinstance(card, WordCard):
                card.ask(contains, [str(value) for value in wanted])
