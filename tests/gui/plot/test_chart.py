"""Scales and shapes: where values lie, which are written, what can be pointed at."""

from __future__ import annotations

import pytest

from studio.api.plot import Axis, Bars, Heat, Histogram, Line, Plot, Points
from studio.desktop.plot.chart import chart_of
from studio.desktop.plot.scale import Scale, fitting, nice, written


def test_ticks_are_round_numbers_inside_the_scale() -> None:
    assert [text for _, text in Scale(-0.4, 1.3).ticks(4)] == ["0", "0.5", "1.0"]
    assert [text for _, text in Scale(0, 2_500_000).ticks(3)] == ["0", "1e6", "2e6"]
    assert [text for _, text in Scale(980, 1031).ticks(3)] == ["980", "1,000", "1,020"]
    assert [text for _, text in Scale(-3, 3).ticks(4)] == ["−2", "0", "2"]


def test_a_logarithmic_scale_writes_decades_and_between_them_where_there_is_room() -> None:
    assert [text for _, text in Scale(0.5, 120, log=True).ticks(3)] == ["1", "10", "100"]
    assert [text for _, text in Scale(0.9, 12, log=True).ticks(9)] == ["1", "2", "5", "10"]
    assert Scale(1, 100, log=True).place(10) == pytest.approx(0.5)
    assert Scale(1, 100, log=True).places([1, 100]) == [0, 1]


@pytest.mark.parametrize("values", [[], [5.0], [0.0, 0.0], [-2.0]])
@pytest.mark.parametrize("log", [False, True])
def test_any_values_have_a_scale(values: list[float], log: bool) -> None:
    scale = fitting(values, None, None, log=log)
    assert scale.low < scale.high
    assert scale.ticks(5)
    given = fitting(values, 50.0, None, log=log)
    assert (given.low, given.low < given.high) == (50.0, True)


def test_numbers_are_written_as_people_read_them() -> None:
    assert [written(n) for n in (0, 1200, -0.5, 1e9, 2.5e-7, 3.14159265)] == [
        "0", "1,200", "−0.5", "1e9", "2.5e-7", "3.14159",
    ]  # fmt: skip
    assert [nice(n) for n in (0.11, 3, 70)] == [pytest.approx(0.2), 5, 100]


def test_gaps_divide_a_line_and_single_points_are_seen() -> None:
    (shape,) = chart_of(Plot(series=[Line([1, 2, None, 3, None, 4, 5])])).shapes
    assert [len(stroke) for stroke in shape.strokes] == [2, 1, 2]
    assert shape.dots == [(3.0, 3)]


def test_a_logarithmic_axis_says_what_it_cannot_show() -> None:
    plot = Plot(x=Axis(log=True), series=[Points([1, 2, 3], x=[0, -1, 10]), Histogram([0, 5])])
    chart = chart_of(plot)
    assert chart.left_out == 3
    assert [mark.x for mark in chart.marks][:1] == [10]


def test_bars_stand_beside_each_other_on_zero() -> None:
    chart = chart_of(Plot(series=[Bars([3, 5], name="a"), Bars([2, 4], name="b")]))
    first, second = (shape.boxes for shape in chart.shapes)
    assert first[0][1] <= second[0][0] < first[1][0]
    assert {box[2] for box in first + second} == {0.0}
    assert chart.y.low == 0
    assert chart.named == [(0, "a"), (1, "b")]


def test_a_histogram_counts_every_value_once() -> None:
    (shape,) = chart_of(Plot(series=[Histogram([0, 0.1, 0.5, 1, None], bins=2)])).shapes
    assert [(box[0], box[1], box[3]) for box in shape.boxes] == [(0, 0.5, 2), (0.5, 1, 2)]
    (alone,) = chart_of(Plot(series=[Histogram([7, 7, 7])])).shapes
    assert sum(box[3] for box in alone.boxes) == 3


def test_a_heat_map_goes_from_its_least_to_its_greatest_value() -> None:
    chart = chart_of(Plot(series=[Heat([[1, 2], [None, 3]])]))
    assert chart.heat == (1, 3)
    assert [box[4] for box in chart.shapes[0].boxes] == [0, 0.5, 1]
    assert chart.words(chart.marks[-1]) == "3\nx: 1\ny: 1"


def test_what_is_pointed_at_says_its_names() -> None:
    plot = Plot(
        x=Axis("Day", categories=["Mon", "Tue"]),
        y=Axis("Runs"),
        series=[Points([4, 9], name="A", labels=["rain", "sun"])],
    )
    chart = chart_of(plot)
    assert chart.words(chart.marks[1]) == "A\nsun\nDay: Tue\nRuns: 9"
