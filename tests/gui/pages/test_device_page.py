"""The Device page: who uses the device, why memory is as it is, and the last hour."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QWidget

from studio.app import App
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.meter import Meter
from studio.desktop.widgets.timeline import GUTTER, Bar, Timeline
from studio.desktop.window.memory_popover import MemoryPopover
from studio.protocol.device_status import LoadedWeights
from studio.protocol.messages import Pin, PoolEvent, Status, Unload, WantTrace
from studio.protocol.trace import Energy, JobUse, PluginUse, Span
from studio.testing.scripted import ScriptedRuntime
from tests.gui.conftest import Runs

PAGE = "studio.device"
WHY = "Starter pictures needs 0.5 GB"
NO_ENERGY = "Not measured: this processor has no readable energy counter."


def beat(up: float = 100.0, **more: Any) -> Status:
    loaded = (
        LoadedWeights("in-use", 98_000_000, "cpu", ("job",), working=34_000_000),
        LoadedWeights("kept", 67_000_000, "cpu", (), 74.0, pinned=True),
    )
    return Status(
        "cpu",
        "A processor",
        2,
        700_000_000,
        24_000_000_000,
        loaded,
        jobs=(JobUse("job", "drawing.draw", "drawing"),),
        up_seconds=up,
        processor_seconds=1.5 * up,
        **{
            "plugins": (PluginUse(up / 2, unmeasured=up / 2, plugin="drawing"),),
            "energy": Energy(missing=NO_ENERGY),
            **more,
        },
    )


def words(widget: QWidget) -> str:
    shown = [label for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]
    return " | ".join(label.accessibleName() or label.text() for label in shown)


def named(widget: QWidget, name: str) -> QAbstractButton:
    return next(b for b in widget.findChildren(QAbstractButton) if name in b.accessibleName())


def open_page(app: App) -> QWidget:
    assert app.window.open_page(PAGE)
    page = app.window.pages.page(PAGE)
    assert page is not None
    return page.widget


def test_it_says_who_uses_the_device_and_obeys(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime
) -> None:
    app = start()
    qtbot.waitUntil(lambda: app.activity.status is not None)
    page = open_page(app)
    assert "No models are loaded" in words(page)
    assert "No plugin has used the device yet" in words(page)
    assert "Nothing ran in the last hour" in words(page)
    for up in (100.0, 102.0):
        runtime.report(beat(up))
    runtime.report(PoolEvent("kept", "evicted", 67_000_000, WHY))
    qtbot.waitUntil(lambda: "A processor · 2 threads · 24.0 GB" in words(page))
    qtbot.waitUntil(lambda: WHY in words(page))
    said = words(page)
    assert "98 MB · 34 MB working memory · in use by drawing" in said
    assert "67 MB · loaded, idle for 1 min 14 s · pinned" in said
    assert "kept was unloaded to make room, 67.0 MB" in said
    assert "51 s busy · 132 MB memory" in said
    assert "50%" in said
    assert NO_ENERGY in said
    assert "Energy is estimated from processor time" in said
    assert "estimated" in next(each for each in said.split(" | ") if "51 s busy" in each)
    busy = next(m for m in page.findChildren(Meter) if m.accessibleName() == "Load by drawing")
    assert busy.accessibleDescription() == "50%"
    assert not named(page, "Unload in-use").isEnabled(), "a job needs them"
    named(page, "Unload kept").click()
    named(page, "Unpin kept").click()
    named(page, "Pin in-use").click()
    wanted = [Unload("kept"), Pin("kept", False), Pin("in-use", True)]
    qtbot.waitUntil(lambda: [m for m in runtime.received if m in wanted] == wanted)
    use = PluginUse(52.0, 520.0, accelerator=52.0, plugin="drawing")
    runtime.report(beat(104.0, energy=Energy(30.0, "the card"), plugins=(use,)))
    qtbot.waitUntil(lambda: "Energy is measured for the card" in words(page))
    assert "52 s on the graphics card · 132 MB memory · 520 J" in words(page)


def test_it_asks_and_draws_only_while_it_is_in_view(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime
) -> None:
    app = start()
    qtbot.waitUntil(lambda: app.activity.status is not None)
    page = open_page(app)
    qtbot.waitUntil(lambda: any(isinstance(m, WantTrace) for m in runtime.received))
    app.window.open_page("studio.plugins")
    asked = sum(isinstance(m, WantTrace) for m in runtime.received)
    for second in range(20):
        runtime.report(beat(100.0 + second))
    qtbot.waitUntil(lambda: app.activity.status.up_seconds == 119.0)
    assert sum(isinstance(m, WantTrace) for m in runtime.received) == asked
    assert "A processor" not in words(page)
    app.window.status_bar.show_memory()
    popover = app.window.findChild(MemoryPopover)
    next(b for b in popover.findChildren(QPushButton) if "Details on" in b.text()).click()
    assert app.window.pages.current == PAGE
    assert not popover.isVisible()
    assert "A processor" in words(page)
    assert "50%" in words(page), "what it did not draw it has heard all the same"


def test_the_last_hour_is_walked_through_and_exported(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime, tmp_path: Path, monkeypatch: Any
) -> None:
    now = time.time()
    runtime.trace = (
        Span(now - 100, 20.0, "steps", "draw", lane="batch", plugin="drawing", steps=9, busy=15.0),
        Span(now - 70, 30.0, "waiting", "draw", "waiting for 1.2 GB", lane="batch"),
        Span(now - 30, 0.0, "evicted", "flux", WHY),
    )
    app = start()
    page = open_page(app)
    timeline = page.findChild(Timeline)
    qtbot.waitUntil(lambda: "3 events" in timeline.accessibleDescription())
    told = []
    for _ in runtime.trace:
        QTest.keyClick(timeline, Qt.Key.Key_Left)
        told.append(words(page))
    assert "flux, evicted: " + WHY in told[0]
    assert "waiting for 1.2 GB for 30 s" in told[1]
    assert "drawing, draw: 9 steps in 20 s, 75% busy" in told[2]
    path = tmp_path / "hour.json"
    monkeypatch.setattr(app.session.workspace.ui, "save_file", lambda *a: path)
    named(page, "Export timeline").click()
    qtbot.waitUntil(path.exists)
    names = [event["name"] for event in json.loads(path.read_text("utf-8"))["traceEvents"]]
    assert {"draw", "draw: waiting", "flux: evicted"} <= set(names)
    monkeypatch.setattr(app.session.workspace.ui, "save_file", lambda *a: tmp_path / "no" / "x")
    named(page, "Export timeline").click()
    notices = app.session.studio.notices
    qtbot.waitUntil(lambda: any("not save" in n.message for n in notices.all))


def test_without_a_runtime_it_says_so(start: Runs, qtbot: Any, runtime: ScriptedRuntime) -> None:
    app = start()
    page = open_page(app)
    qtbot.waitUntil(lambda: app.activity.status is not None)
    runtime.report(beat())
    qtbot.waitUntil(lambda: "98 MB" in words(page))
    app.activity.set_runtime("given_up", "It crashed.")
    assert "stopped too often" in words(page)
    assert "98 MB" not in words(page)


@pytest.fixture
def timeline(look: Appearance, qtbot: Any) -> Timeline:
    timeline = Timeline(look, "Timeline")
    qtbot.addWidget(timeline)
    timeline.resize(GUTTER + 301, 120)
    timeline.show()
    return timeline


def test_bars_lie_where_their_time_is_and_the_short_ones_can_be_seen(timeline: Timeline) -> None:
    bars = [
        Bar(1000.0, 1060.0, 0, "accent", "a minute"),
        Bar(1100.0, 1100.0, 1, "good", "a moment"),
        Bar(1200.0, 1200.2, 0, "#123456", "short"),
    ]
    timeline.show_tracks({"Work": bars}, until=1250.0)  # five minutes, from 950
    boxes = [timeline._box(bar, 0) for bar in bars]
    assert [round(box.left()) - GUTTER for box in boxes] == [50, 150, 250]
    assert round(boxes[0].width()) == 60
    assert boxes[1].top() > boxes[0].bottom()
    picture = timeline.grab().toImage()
    ratio = picture.devicePixelRatio()
    at = boxes[2].center().toPoint()
    assert picture.pixelColor(int(at.x() * ratio), int(at.y() * ratio)).name() == "#123456"


def test_the_mouse_points_at_bars(timeline: Timeline) -> None:
    told: list[object] = []
    timeline.pointed.connect(told.append)
    bar = Bar(1000.0, 1060.0, 0, "accent", "a minute")
    timeline.show_tracks({"Work": [bar]}, until=1250.0)
    QTest.mouseMove(timeline, QPoint(GUTTER + 80, 5))
    timeline.show_tracks({"Work": [Bar(1000.0, 1070.0, 0, "accent", "longer")]}, until=1251.0)
    QTest.mouseMove(timeline, QPoint(GUTTER + 200, 60))
    assert told == ["a minute", "longer", None]
