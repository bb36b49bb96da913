"""The view says what is pointed at; a plot becomes a picture, an SVG and a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QWheelEvent

from studio.api.plot import Axis, Bars, Heat, Line, Plot, Points
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.appearance.theme import ThemeMode
from studio.desktop.plot import files
from studio.desktop.plot.chart import chart_of
from studio.desktop.plot.painter import ChartPainter
from studio.desktop.plot.view import PlotView, dress_of
from studio.protocol.errors import StudioError

TWO = Plot(
    "Two runs",
    x=Axis("step"),
    y=Axis("loss"),
    series=[Line([4, 2, 1], name="a"), Line([5, 4, 3], name="b")],
)


def shown(look: Appearance, qtbot: Any, plot: Plot) -> PlotView:
    view = PlotView(look, chart_of(plot))
    qtbot.addWidget(view)
    view.resize(500, 320)
    with qtbot.waitExposed(view):
        view.show()
    view.grab()
    return view


def test_the_mouse_finds_the_nearest_value(look: Appearance, qtbot: Any) -> None:
    view = shown(look, qtbot, TWO)
    assert view._frame is not None
    for mark in view.chart.marks:
        spot = view._frame.point(mark.x, mark.y)
        assert view.mark_at(spot.x() + 3, spot.y() - 4) is mark
    assert view.mark_at(3, 3) is None


def test_anywhere_on_a_bar_and_on_a_cell_is_pointed_at(look: Appearance, qtbot: Any) -> None:
    for plot in (Plot(series=[Bars([8, 9])]), Plot(series=[Heat([[1, 2], [3, 4]])])):
        view = shown(look, qtbot, plot)
        assert view._frame is not None
        box = view._frame.box(*view.chart.shapes[0].boxes[0][:4])
        low = box.bottomLeft()
        assert view.mark_at(low.x() + 4, low.y() - 4) is view.chart.marks[0]


def test_the_arrow_keys_walk_and_a_reader_hears_it(look: Appearance, qtbot: Any) -> None:
    view = shown(look, qtbot, TWO)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        qtbot.keyClick(view, key)
    assert view.accessibleDescription() == "b\nstep: 1\nloss: 4"
    qtbot.keyClick(view, Qt.Key.Key_Left)
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.accessibleDescription() == "b\nstep: 0\nloss: 5"
    assert view.accessibleName() == "Two runs"


def test_it_follows_the_theme(look: Appearance, qtbot: Any) -> None:
    view = shown(look, qtbot, TWO)
    colors = []
    for mode in (ThemeMode.DARK, ThemeMode.LIGHT):
        look.theme.set_mode(mode)
        picture = view.grab().toImage()
        accent = look.theme.color("accent").rgb()
        spots = ((x, y) for x in range(picture.width()) for y in range(picture.height()))
        colors.append(any(picture.pixel(x, y) == accent for x, y in spots))
    assert colors == [True, True]


def test_files(look: Appearance, tmp_path: Path) -> None:
    chart, dress = chart_of(TWO), dress_of(look)
    files.write_png(chart, dress, tmp_path / "a.png")
    picture = QImage(str(tmp_path / "a.png"))
    assert (picture.width(), picture.height()) == (1920, 1200)
    assert picture.pixelColor(0, 0) == QColor(look.theme.color("panel"))
    files.write_svg(chart, dress, tmp_path / "a.svg")
    text = " ".join(ElementTree.parse(tmp_path / "a.svg").getroot().itertext())
    assert all(word in text for word in ("Two runs", "step", "loss"))
    files.write_csv(TWO, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["series", "step", "loss", "value"]
    assert rows[2] == ["a", "1", "2", ""]
    assert len(rows) == 7
    with pytest.raises(StudioError, match="cannot be written"):
        files.write_png(chart, dress, tmp_path / "nowhere" / "a.png")


def test_a_table_has_the_names_of_categories_and_cells(tmp_path: Path) -> None:
    plot = Plot(
        x=Axis(categories=["cat", "dog"]),
        series=[Heat([[1, 2]]), Points([3], x=[1], labels=["here"])],
    )
    files.write_csv(plot, tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert rows[1:] == [",cat,0,1", ",dog,0,2", ",dog,3,here"]


@pytest.mark.parametrize("plot", [Plot(), Plot(series=[Line([]), Heat([]), Bars([None])])])
def test_a_plot_of_nothing_is_drawn(look: Appearance, qtbot: Any, plot: Plot) -> None:
    view = shown(look, qtbot, plot)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.current is None


def drag(qtbot: Any, view: PlotView, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over a part of the values: shares of their area, from its left and its bottom."""
    assert view._frame is not None
    area = view._frame.area
    at = [
        QPoint(round(area.left() + x * area.width()), round(area.bottom() - y * area.height()))
        for x, y in (start, end)
    ]
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at[0])
    qtbot.mouseMove(view, at[1])
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at[1])
    view.grab()


def turn(view: PlotView, steps: int, modifiers: Any = Qt.KeyboardModifier.NoModifier) -> bool:
    """Turn the wheel over the middle; return whether the view took it."""
    at = QPointF(view.rect().center())
    event = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120 * steps), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    view.wheelEvent(event)
    view.grab()
    return event.isAccepted()


def test_a_drag_enlarges_a_region_and_a_double_click_shows_all(
    look: Appearance, qtbot: Any
) -> None:
    view = shown(look, qtbot, TWO)
    whole = view.zoom.chart
    drag(qtbot, view, (0.25, 0.02), (0.75, 0.5))
    assert view.zoom.chart.x.low == pytest.approx(whole.x.low + 0.25 * 2.12, abs=0.03)
    assert view.zoom.chart.y.high == pytest.approx((whole.y.low + whole.y.high) / 2, abs=0.03)
    assert view.reset.isVisible()
    inside = {(hit.mark.x, hit.mark.y) for hit in view._hits()}
    assert inside == {(1.0, 2.0)}, "what is not shown cannot be pointed at"
    drag(qtbot, view, (0.5, 0.5), (0.505, 0.505))
    assert view.zoom.is_on, "a click is no region"
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    view.grab()
    assert (view.zoom.chart, view.reset.isVisible()) == (whole, False)
    assert len(view._hits()) == 6


def test_another_plot_is_drawn_and_stays_enlarged(look: Appearance, qtbot: Any) -> None:
    view = shown(look, qtbot, TWO)
    before = view.grab().toImage()
    view.set_plot(Plot("Other", [Line([0.0, 50.0, 1.0])]))
    assert view.grab().toImage() != before
    assert view.zoom.chart is view.chart
    drag(qtbot, view, (0.25, 0.02), (0.75, 0.5))
    view.set_plot(TWO)
    assert view.zoom.is_on
    assert view.zoom.chart.x.high < view.chart.x.high


def test_a_wheel_that_passes_turns_nothing_and_one_that_is_meant_zooms(
    look: Appearance, qtbot: Any
) -> None:
    view = shown(look, qtbot, TWO)
    view.clearFocus()
    assert (turn(view, 1), view.zoom.is_on) == (False, False)
    assert (turn(view, 1, Qt.KeyboardModifier.ControlModifier), view.zoom.is_on) == (True, True)
    for _ in range(60):
        turn(view, 1, Qt.KeyboardModifier.ControlModifier)
    assert view.zoom.chart.x.low < view.zoom.chart.x.high, "there is an end to it"
    for _ in range(80):
        turn(view, -1, Qt.KeyboardModifier.ControlModifier)
    assert not view.zoom.is_on


def test_keys_zoom_and_walking_brings_what_is_pointed_at_into_view(
    look: Appearance, qtbot: Any
) -> None:
    view = shown(look, qtbot, Plot(y=Axis("loss", log=True), series=[Line([1, 10, 100, 1000])]))
    for _ in range(6):
        qtbot.keyClick(view, Qt.Key.Key_Plus)
    for _ in range(5):
        qtbot.keyClick(view, Qt.Key.Key_Right)
    view.grab()
    assert view.current is not None
    assert view.current.y == 1000
    assert view._frame is not None
    spot = view._frame.point(view.current.x, view.current.y)
    assert view._frame.area.contains(spot)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert not view.zoom.is_on


def test_the_last_name_below_an_axis_is_whole(look: Appearance) -> None:
    names = ["one", "two", "a name that goes far"]
    chart = chart_of(Plot("Names", x=Axis(categories=names), series=[Points([1.0, 2.0, 3.0])]))
    dress, room = dress_of(look), QRectF(0, 0, 640, 300)
    frame = ChartPainter(chart, dress).frame(room)
    half = QFontMetricsF(dress.font).horizontalAdvance(names[-1]) / 2
    assert frame.area.left() + chart.x.place(2) * frame.area.width() + half <= room.right() + 1
    assert frame.area.width() > 400


def test_a_few_names_below_an_axis_are_all_written(look: Appearance) -> None:
    names = [f"function {n}" for n in range(12)]
    chart = chart_of(Plot("Next token", x=Axis(categories=names), series=[Bars([1.0] * 12)]))
    painter = ChartPainter(chart, dress_of(look))
    assert [name for _, name in painter._x_ticks(480.0)] == names
    assert len(painter._x_ticks(200.0)) < 12, "the control: there is no room"
