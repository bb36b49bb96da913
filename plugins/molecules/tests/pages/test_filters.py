"""Rows, filters, histograms, Pareto fronts, lassos and turning: what the page reckons with."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_molecules.molecule import Molecule
from studio_molecules.pages.filters.filter import Filters, histogram
from studio_molecules.pages.plot.scatter import coverage, front, ranking, ticks, tinted, within
from studio_molecules.pages.structure.conformer_view import UNTURNED, project, radius, turned
from studio_molecules.pages.table.columns import Columns, figure_of, shown

ROWS = Columns(
    [
        Molecule("CCO", "Ethanol", operation="read", figures={"mw": 46.07, "logp": -0.0}),
        Molecule("c1ccccc1", "benzene", operation="read", figures={"mw": 78.11, "logp": 1.69}),
        Molecule("C", "", operation="atom changed", figures={"mw": 16.04}),
        Molecule("CCCC", "butane", operation="read", figures={"logp": 1.81, "odd_one": 3.0}),
    ]
)


def test_figures_are_in_the_order_of_the_table_and_unknown_ones_last() -> None:
    assert ROWS.figures == ("mw", "logp", "odd_one")
    assert figure_of("odd_one").title == "odd_one"
    assert ROWS.place("C") == 2
    assert ROWS.place("CN") == -1
    assert ROWS.bounds("mw") == (16.04, 78.11)
    assert ROWS.bounds("qed") == (0.0, 1.0)


def test_words_of_a_file_are_columns_that_are_sorted_and_searched() -> None:
    rows = Columns(
        [
            Molecule("CCO", words={"Date": "2024-02-01", "IC50": "n/a"}),
            Molecule("CCN", figures={"IC50": 5.0}, words={"Date": "2024-01-01"}),
            Molecule("CCC"),
        ]
    )
    assert (rows.words, rows.figures) == (("Date",), ("IC50",))
    assert [rows.text(row, "Date") for row in range(3)] == ["2024-02-01", "2024-01-01", ""]
    assert [rows.text(row, "IC50") for row in range(3)] == ["n/a", "5", "–"]
    assert rows.order("Date", descending=False) == [1, 0, 2]
    filters = Filters()
    filters.text = "2024-02"
    assert filters.passing(rows, range(3)) == [0]


def test_values_are_shown_with_their_digits() -> None:
    assert shown("mw", 1234.56) == "1,234.6"
    assert shown("IC50 (M)", -2.5e-9) == "−2.5e−09"
    assert shown("logp", -1.5) == "−1.50"
    assert shown("logp", -0.004) == "0.00"
    assert shown("mw", math.nan) == "–"
    assert ROWS.text(1, "name") == "benzene"


@pytest.mark.parametrize(
    ("column", "descending", "order"),
    [
        ("mw", False, [2, 0, 1, 3]),
        ("mw", True, [1, 0, 2, 3]),
        ("name", False, [1, 3, 0, 2]),
        ("name", True, [0, 3, 1, 2]),
        ("", True, [0, 1, 2, 3]),
    ],
)
def test_rows_without_a_value_are_last(column: str, descending: bool, order: list[int]) -> None:
    assert ROWS.order(column, descending) == order


def test_ranges_words_and_a_pattern_are_all_met() -> None:
    filters = Filters()
    assert not filters.active
    filters.ranges["mw"] = (20, 100)
    assert filters.passing(ROWS, [3, 2, 1, 0]) == [1, 0]
    filters.text = "ETH"
    assert filters.passing(ROWS, range(4)) == [0]
    filters.text = ""
    filters.matches = frozenset({1, 3})
    assert filters.passing(ROWS, range(4)) == [1]


def test_the_case_of_a_smiles_has_a_meaning() -> None:
    filters = Filters()
    filters.text = "CCC"
    assert filters.passing(ROWS, range(4)) == [3]


def test_a_range_without_ends_lets_all_through() -> None:
    filters = Filters()
    filters.ranges["logp"] = (-math.inf, math.inf)
    assert filters.passing(ROWS, range(4)) == [0, 1, 2, 3]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_every_value_is_in_one_bar(values: list[float]) -> None:
    assert sum(histogram(values, min(values), max(values))) == len(values)


def test_bars_are_where_the_values_are() -> None:
    assert histogram([0, 0.9, 1, 2, math.nan], 0, 2, bins=2) == [2, 2]


points = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30)


@given(points, st.booleans(), st.booleans())
def test_no_point_of_the_front_is_beaten(
    places: list[tuple[int, int]], more_x: bool, more_y: bool
) -> None:
    xs, ys = zip(*places)
    best = front(ranking(xs, ys, more_x, more_y), ys, range(len(places)), more_y)
    a, b = (1 if more_x else -1), (1 if more_y else -1)

    def beats(one: int, other: int) -> bool:
        pairs = ((a * xs[one], a * xs[other]), (b * ys[one], b * ys[other]))
        return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)

    assert best
    assert not any(beats(other, row) for row in best for other in range(len(places)))
    on_it = {places[row] for row in best}
    beaten = [row for row in range(len(places)) if places[row] not in on_it]
    assert all(any(beats(other, row) for other in best) for row in beaten)


def test_only_what_is_in_view_is_on_the_front() -> None:
    xs, ys = [1.0, 2.0, 3.0, math.nan], [3.0, 2.0, 1.0, 9.0]
    ranked = ranking(xs, ys, more_x=False, more_y=True)
    assert front(ranked, ys, range(4), more_y=True) == [0]
    assert front(ranked, ys, [1, 2, 3], more_y=True) == [1]


def test_a_lasso_holds_what_is_in_it() -> None:
    horseshoe = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (6.0, 9.0), (6.0, 3.0), (3.0, 3.0), (3.0, 9.0)]
    horseshoe.append((0.0, 9.0))
    xs, ys = np.array([1.0, 8.0, 4.5]), np.array([8.0, 8.0, 6.0])
    assert within(horseshoe, xs, ys).tolist() == [True, True, False]
    assert not within([], xs, ys).any()


def test_dots_above_each_other_hide_more_and_none_is_drawn_outside() -> None:
    xs, ys = np.array([10.0, 10.0, 3.0, -50.0]), np.array([5.0, 5.0, 5.0, 5.0])
    hidden = coverage(xs, ys, (20, 10), 2.5, 0.3)
    assert hidden.shape == (10, 20)
    assert hidden[5, 3] == pytest.approx(0.3, abs=1e-4)
    assert hidden[5, 10] == pytest.approx(1 - 0.7**2, abs=1e-4)
    assert hidden[5, 16] == 0
    assert hidden[0].max() == 0
    assert tinted(hidden, (255, 0, 0))[5, 3].tolist() == [0, 0, 76, 76]


def test_ticks_are_round_and_within() -> None:
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(97, 513) == pytest.approx([100, 200, 300, 400, 500])
    assert ticks(5, 5) == [5]


def test_turning_keeps_distances() -> None:
    draw = random.Random(1)
    matrix = UNTURNED
    for _ in range(50):
        matrix = turned(matrix, draw.uniform(-1, 1), draw.uniform(-1, 1))
    for i in range(3):
        for j in range(3):
            dot = sum(a * b for a, b in zip(matrix[i], matrix[j]))
            assert dot == pytest.approx(float(i == j), abs=1e-9)


def test_a_quarter_turn_brings_the_right_to_the_front() -> None:
    places = [(2.0, 0.0, 0.0), (-2.0, 0.0, 0.0)]
    assert radius(places) == 2
    near, far = project(places, turned(UNTURNED, -math.pi / 2, 0))
    assert near.depth == pytest.approx(1)
    assert far.depth == pytest.approx(-1)
    assert near.scale > 1 > far.scale
