"""Energy where people look for it: beside a result, and on the Device page."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from studio.api.artifacts import NewArtifact
from studio.base.energy.amount import Amount
from studio.base.energy.grid import GRID_FACTOR, PRESETS
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


def test_a_collection_says_what_its_results_took(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.session is not None
    studio = app.session.studio
    library = studio.library
    ids = []
    for title, energy in (("one", ESTIMATED), ("two", MEASURED), ("other", MEASURED)):
        record = library.add_record("echo.say", {}, plugin="echo")
        library.records.complete(record.id, energy=energy)
        new = NewArtifact("text", title.encode(), suffix=".txt", title=title)
        ids.append(library.add_artifact(new, record=record.id).id)
    leads = library.collections.create("Leads")
    library.collections.put(leads.id, ids[:2])
    studio.settings.set(GRID_FACTOR, 400.0)
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    gallery: Any = page.widget
    said = gallery._frame.subtitle
    qtbot.waitUntil(lambda: said.text() == "3 results")
    gallery.collections.pill("Leads").click()
    qtbot.waitUntil(lambda: said.text() == "2 results · about 3.6 kJ (3.6–3.7) · 404 mg CO₂")
    gallery.set_line("one in:Leads")
    qtbot.waitUntil(lambda: said.text() == "1 result · about 40 J (20–80), estimated · 4.4 mg CO₂")
    gallery.set_line("one")
    qtbot.waitUntil(lambda: said.text() == "1 result")


def test_settings_offer_the_averages_of_countries(start: Runs) -> None:
    app = start()
    assert app.session is not None
    settings = app.session.studio.settings
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    buttons = page.widget.findChildren(QPushButton)
    (button,) = (each for each in buttons if each.text() == "By country")
    menu = button.menu()
    assert menu is not None
    assert [action.text() for action in menu.actions()] == [
        f"{place}: {grams:.0f} g" for place, grams in PRESETS
    ]
    menu.actions()[1].trigger()
    assert settings.get(GRID_FACTOR, 0.0) == PRESETS[1].grams
