"""The tension curve of Compose: drawn with mouse and keys, from a menu, kept and sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QWidget

from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi
from studio.testing.scripted import Result
from studio_music.compose.prompt.parser import understand
from studio_music.compose.prompt.tension import ARCS, by_bar, drawn
from studio_music.pages.tension_curve import TensionCurve, arc_names, sections_in
from studio_music.schema import Compose

KEY, LEFT = Qt.Key, Qt.MouseButton.LeftButton


@pytest.fixture
def curve(qtbot: Any, look: Appearance) -> TensionCurve:
    window = QWidget()
    qtbot.addWidget(window)
    ui = WindowUi(look, window, None, lambda: None)  # type: ignore[arg-type]
    made = TensionCurve(ui)
    made.setParent(window)
    window.resize(280, 170)
    made.resize(280, 170)
    window.show()
    return made


def at(curve: TensionCurve, number: int, height: float) -> QPoint:
    """Return where a point would be at a height."""
    canvas = curve.canvas
    x, area = canvas.place(number).x(), canvas._area
    return QPointF(x, area.bottom() - height * area.height()).toPoint()


def drag(qtbot: Any, curve: TensionCurve, number: int, height: float) -> None:
    canvas = curve.canvas
    qtbot.mousePress(canvas, LEFT, pos=canvas.place(number).toPoint())
    qtbot.mouseMove(canvas, at(curve, number, height))
    qtbot.mouseRelease(canvas, LEFT, pos=at(curve, number, height))


def test_a_dragged_point_writes_the_parameter(qtbot: Any, curve: TensionCurve) -> None:
    assert curve.values() == {"arc": "none", "curve": ""}
    drag(qtbot, curve, 1, 1.0)
    drag(qtbot, curve, 3, -2.0)
    points = drawn(curve.values()["curve"])
    assert points == pytest.approx((0.5, 1.0, 0.5, 0.0, 0.5), abs=0.02)
    assert curve.presets.text() == "Drawn"
    params = Compose(bars=8, curve=curve.values()["curve"])
    asked = understand(params, np.random.default_rng(1))
    assert asked.request.tension == by_bar(points, 8)


def test_a_click_beside_the_points_changes_nothing(qtbot: Any, curve: TensionCurve) -> None:
    qtbot.mouseClick(curve.canvas, LEFT, pos=at(curve, 1, 0.9))
    qtbot.mouseClick(curve.canvas, LEFT, pos=at(curve, 1, 0.5))
    assert curve.values()["curve"] == ""


def test_a_double_click_adds_a_point_and_removes_one(qtbot: Any, curve: TensionCurve) -> None:
    canvas = curve.canvas
    between = (at(curve, 1, 0.9) + at(curve, 2, 0.9)) / 2
    qtbot.mouseDClick(canvas, LEFT, pos=between)
    assert canvas.points == pytest.approx((0.5, 0.5, 0.9, 0.5, 0.5, 0.5), abs=0.02)
    qtbot.mouseDClick(canvas, LEFT, pos=canvas.place(2).toPoint())
    assert canvas.points == (0.5,) * 5
    for _ in range(6):
        qtbot.mouseDClick(canvas, LEFT, pos=canvas.place(0).toPoint())
    assert canvas.points == (0.5, 0.5)


def test_the_keys_choose_and_move_a_point_and_say_so(qtbot: Any, curve: TensionCurve) -> None:
    canvas, shift = curve.canvas, Qt.KeyboardModifier.ShiftModifier
    assert "arrow keys" in canvas.accessibleName()
    for _ in range(2):
        qtbot.keyClick(canvas, KEY.Key_Right)
    qtbot.keyClick(canvas, KEY.Key_Up, shift)
    qtbot.keyClick(canvas, KEY.Key_Down)
    assert curve.values()["curve"] == "0.5 0.5 0.59 0.5 0.5"
    assert canvas.accessibleDescription() == "Point 3 of 5: 59%"
    qtbot.keyClick(canvas, KEY.Key_End)
    qtbot.keyClick(canvas, KEY.Key_Delete)
    qtbot.keyClick(canvas, KEY.Key_Home)
    qtbot.keyClick(canvas, KEY.Key_Insert)
    assert curve.values()["curve"] == "0.5 0.5 0.5 0.59 0.5"
    assert canvas.accessibleDescription() == "Point 2 of 5: 50%"


def test_a_ready_curve_fills_it_and_can_be_drawn_on(qtbot: Any, curve: TensionCurve) -> None:
    assert set(arc_names()) == {"none", *ARCS}
    drag(qtbot, curve, 0, 0.9)
    for action in curve.menu().actions():
        action.trigger()
        arc = curve.values()["arc"]
        assert action.text() == arc_names()[arc] == curve.presets.text()
        assert curve.values()["curve"] == ""
        assert curve.canvas.points == ARCS.get(arc, (0.5,) * 5)
    assert arc == "waves"
    drag(qtbot, curve, 1, 0.1)
    points = drawn(curve.values()["curve"])
    assert points == pytest.approx((0.2, 0.1, *ARCS["waves"][2:]), abs=0.02)


def test_what_cannot_be_read_is_no_curve(curve: TensionCurve) -> None:
    curve.set_values({"arc": "spiral", "curve": "up and down"})
    assert curve.values() == {"arc": "none", "curve": ""}
    curve.set_values({"curve": "0.4"})
    assert curve.values()["curve"] == "0.4 0.4"


def test_the_sections_of_the_form_stand_below() -> None:
    found = sections_in({"form": "intro A B outro", "bars": 24, "seconds": 0})
    assert [s.name for s in found] == ["intro", "A", "B", "outro"]
    assert sum(s.bars for s in found) == 24
    assert sections_in({"form": "nonsense", "bars": 16}) == ()
    assert sections_in({"form": "", "bars": 16}) == ()


def test_the_page_shows_sends_and_keeps_it(desk: Any, made: Any, tune: Any) -> None:
    box = desk.page.prompt_box
    box.modes.choose("harmonise")
    assert box.tension.isHidden()
    box.modes.choose("compose")
    assert not box.tension.isHidden()
    low = box.tension.canvas.sizeHint().height()
    box.set_params("compose", {"form": "A B", "curve": "0.2 0.8"})
    assert [s.name for s in box.tension.canvas.sections] == ["A", "B"]
    assert box.tension.canvas.sizeHint().height() > low
    desk.qtbot.keyClick(box.tension.canvas, KEY.Key_Up)
    desk.runtime.enqueue(made(tune()), Result())
    desk.page.tasks.compose("calm")
    desk.until(lambda: not desk.document.empty)
    assert desk.runtime.submitted[-1].params["curve"] == "0.21 0.8"
    kept = box.save_state()
    box.restore_state({})
    assert box.params()["curve"] == ""
    box.restore_state(kept)
    assert box.params()["curve"] == "0.21 0.8"
