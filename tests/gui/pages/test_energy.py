"""Energy where people look for it: beside a result, and on the Device page."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLabel, QWidget

from studio.api.artifacts import NewArtifact
from studio.core.energy.amount import Amount
from studio.core.energy.grid import GRID_FACTOR
from tests.gui.conftest import Runs

ESTIMATED = Amount(40.0, 20.0, 80.0, 40.0, "estimated from processor time at 5 W a thread", 4.0)
MEASURED = Amount(3_600.0, 3_600.0, 3_600.0, 0.0, "the card (NVML)", 9.0, 9.0, 9.0)


def words(widget: QWidget) -> str:
    labels = widget.findChildren(QLabel)
    return " | ".join(label.accessibleName() or label.text() for label in labels)


def test_a_result_and_the_device_page_say_what_was_used(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.session is not None
    studio = app.session.studio
    library = studio.library
    caller = library.add_record("echo.say", {}, plugin="echo")
    called = library.add_record("draw.it", {}, plugin="draw", caller=caller.id)
    library.records.complete(caller.id, energy=ESTIMATED)
    library.records.complete(called.id, energy=MEASURED)
    made = library.add_artifact(
        NewArtifact("text", b"x", suffix=".txt", title="Both"), record=caller.id
    )
    studio.settings.set(GRID_FACTOR, 400.0)
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    gallery: Any = page.widget
    qtbot.waitUntil(lambda: gallery.grid.count() == 1)
    gallery.grid.select(made.id)
    qtbot.waitUntil(lambda: "this result | about 3.6 kJ" in words(gallery.detail))
    said = words(gallery.detail)
    assert "without called tasks | about 40 J (20–80), estimated" in said
    assert "emissions | 404 mg CO₂" in said
    assert "all results of the run" not in said, "it is the only one"
    assert ESTIMATED.source in said
    assert app.window.open_page("studio.device")
    shown = app.window.pages.page("studio.device")
    assert shown is not None
    device = shown.widget
    qtbot.waitUntil(lambda: "3.6 kJ · 400 mg CO₂ · 9 s on the graphics card" in words(device))
    assert "echo | about 40 J (20–80), estimated" in words(device).replace("Echo", "echo")
