"""The filters at the left: how many are shown, words, a substructure, ranges with histograms."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Collection as Many
from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.api import JobHandle, JobRequest, PluginContext, Role, StudioError
from studio.api.window.language import tr, tr_filled
from studio_molecules.pages.filters.range_card import RangeCard
from studio_molecules.pages.phrases import count_words
from studio_molecules.pages.sketcher.preview import StructurePreview
from studio_molecules.pages.table.collection import Collection
from studio_molecules.pages.table.columns import NAME, Columns
from studio_molecules.pages.table.model import column_title
from studio_molecules.pages.table.property_menu import figure_menus

TASK = "molecules.match"
_PART = 2000


class SubstructureSearch(QObject):
    """One search at a time; the latest wins.

    Attributes:
        pattern: What is looked for, or was found; views mark it in the structures.

    Signals:
        problem: What is wrong with the pattern; empty if nothing.
        stepped: How far it is.
        ended: It is over.
    """

    problem = Signal(str)
    stepped = Signal(str)
    ended = Signal()

    def __init__(self, ctx: PluginContext, collection: Collection) -> None:
        super().__init__()
        self._ctx, self._collection = ctx, collection
        self._job: JobHandle | None = None
        self._matches: set[int] = set()
        self.pattern = ""

    @property
    def busy(self) -> bool:
        """Whether it is looking."""
        return self._job is not None

    def forget(self) -> None:
        """There is another table: nothing is looked for."""
        if self._job is not None:
            self._job.cancel()
        self._job, self.pattern, self._matches = None, "", set()

    def look_for(self, pattern: str) -> None:
        """Show only molecules that hold a pattern; all for an empty one."""
        self.forget()
        self.problem.emit("")
        self._collection.filters.matches = None
        self.pattern = pattern.strip()
        if self.pattern:
            self._look(0)
        else:
            self._show(None)

    def _look(self, first: int) -> None:
        molecules = self._collection.rows.molecules
        part = [molecule.smiles for molecule in molecules[first : first + _PART]]
        words = tr("Searching: {done} of {count}")
        self.stepped.emit(words.format(done=f"{first:,}", count=f"{len(molecules):,}"))
        params = {"pattern": self.pattern}
        try:
            job = self._ctx.tasks.submit(
                JobRequest(
                    TASK, params, title=tr("Substructures"), inputs={"smiles": part}, keep=False
                )
            )
        except StudioError as error:
            self._end(self._job, tr_filled(error))
            return
        self._job = job
        job.on_done(lambda result: self._on_done(job, first, result))
        job.on_failed(lambda error: self._end(job, tr_filled(error)))
        job.on_cancelled(lambda: self._end(job, ""))

    def _on_done(self, job: JobHandle, first: int, result: Mapping[str, Any]) -> None:
        if job is not self._job:  # there is another search
            return
        self._matches |= {first + int(place) for place in result.get("matches", ())}
        following = first + _PART
        if following < len(self._collection.rows):
            self._look(following)
            return
        self._job = None
        self._show(frozenset(self._matches))

    def _end(self, job: JobHandle | None, words: str) -> None:
        """Give up a search; ``words`` say why."""
        if job is not self._job:  # there is another search
            return
        self._job, self.pattern = None, ""
        self.problem.emit(words)
        self._show(None)

    def _show(self, matches: frozenset[int] | None) -> None:
        self._collection.filters.matches = matches
        self._collection.refilter()
        self.ended.emit()


MOST_VALUES = 50
"""Of a column with more different values only what they contain is asked."""
_MOST_HIGH, _MOST_WIDE = 170, 22


class WordCard(QWidget):
    """Contains, or one of.

    Attributes:
        contains: The field for a part of the text.
        values: A box for each value there is; none where they are too many.
        parts: What Tab goes through.

    Signals:
        changed: The column; ``contains`` and the values that are wanted say what is asked.
        closed: The user wants no such filter; carries the column.
    """

    changed = Signal(str)
    closed = Signal(str)

    def __init__(self, ctx: PluginContext, column: str, rows: Columns) -> None:
        super().__init__()
        self.column = column
        called = column_title(column)
        title = ctx.ui.label(called, Role.STRONG)
        close = ctx.ui.icon_button("x", tr("Remove the filter of {figure}").format(figure=called))
        ctx.ui.wear(close, Role.TINY)
        close.clicked.connect(lambda: self.closed.emit(self.column))
        self.contains = QLineEdit()
        self.contains.setPlaceholderText(tr("Contains"))
        self.contains.setAccessibleName(tr("{column} contains").format(column=called))
        self.contains.textChanged.connect(lambda _text: self.changed.emit(self.column))
        self.values: dict[str, QCheckBox] = {}
        counts = Counter(rows.text(row, column) for row in range(len(rows)))
        boxes = self._boxes(called, counts)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(close)
        column_of_parts = QVBoxLayout(self)
        column_of_parts.setContentsMargins(0, 4, 0, 8)
        column_of_parts.setSpacing(4)
        column_of_parts.addLayout(head)
        column_of_parts.addWidget(self.contains)
        column_of_parts.addWidget(boxes)
        self.parts = [close, self.contains, *self.values.values()]

    def _boxes(self, called: str, counts: Counter[str]) -> QScrollArea:
        """Return a box for each value, the most frequent first."""
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        few = len(counts) <= MOST_VALUES
        for value, count in counts.most_common() if few else ():
            box = QCheckBox(f"{_short(value) or tr('(empty)')}  ({count:,})")
            box.setToolTip(value[:500])
            box.toggled.connect(lambda _on: self.changed.emit(self.column))
            column.addWidget(box)
            self.values[value] = box
        area = QScrollArea()
        area.setAccessibleName(tr("{column} is one of").format(column=called))
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(min(inner.sizeHint().height() + 4, _MOST_HIGH))
        if not few:
            area.hide()
        return area

    def condition(self) -> tuple[str, frozenset[str]]:
        """Return the required substring and the accepted values; none accepts any."""
        wanted = {value for value, box in self.values.items() if box.isChecked()}
        return self.contains.text().strip(), frozenset(wanted)

    def ask(self, contains: str, wanted: Many[str]) -> None:
        """Show the condition and signal it."""
        self.contains.setText(contains)
        for value, box in self.values.items():
            box.setChecked(value in wanted)


def _short(value: str) -> str:
    words = " ".join(value.split())
    return words if len(words) <= _MOST_WIDE else f"{words[: _MOST_WIDE - 1]}…"


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
