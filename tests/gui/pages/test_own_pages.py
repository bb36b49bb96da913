"""The studio's own pages in the real window: gallery, models, plugins, settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QWidget,
)

from studio.api.artifacts import NewArtifact
from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.pages.device_picker import DevicePicker
from studio.desktop.pages.exporters import formats
from studio.desktop.pages.gallery.artifact_grid import marks_of, whole
from studio.desktop.pages.gallery.library_bin import contents
from studio.desktop.pages.gallery.page import GalleryPage
from studio.desktop.widgets.empty_states import ExampleCard
from studio.desktop.widgets.sheet import Sheet
from studio.desktop.widgets.switch import Switch
from studio.library import Artifact, Library
from studio.library.saved_artifact import saved_artifact
from studio.library.upkeep.stats import Stats
from studio.protocol.caches import PROMPT_CACHE
from studio.protocol.device_status import DeviceEntry
from studio.protocol.messages import DevicesFound
from studio.studio import Studio
from studio.testing.plugins import importable
from studio.testing.scripted import Artifact as Made
from studio.testing.scripted import Result, ScriptedRuntime
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import act

GOOD = Path(__file__).parents[2] / "plugins" / "good"


@pytest.fixture(autouse=True)
def echo(monkeypatch: Any) -> Iterator[None]:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(GOOD))
    with importable(GOOD):
        yield


@pytest.fixture
def sea() -> Artifact:
    with Library.open(StudioPaths.default()) as library:
        library.add_artifact(
            NewArtifact("code", b"x = 1", suffix=".py", title="A sum", text="x = 1")
        )
        record = library.add_record("echo.say", {"text": "sea"}, seed=7)
        return library.add_artifact(
            NewArtifact(
                "text",
                b"The sea keeps time.",
                suffix=".txt",
                title="The sea",
                text="The sea keeps time.",
                verdict={"checks": [{"name": "not empty", "passed": True}]},
            ),
            record=record.id,
        )


def studio_of(app: App) -> Studio:
    assert app.session is not None
    return app.session.studio


def words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel) if label.text())


def button(widget: QWidget, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text)


def gallery(app: App, qtbot: Any, count: int) -> GalleryPage:
    assert app.window.open_page("studio.gallery")
    page = app.window.pages.page("studio.gallery")
    assert page is not None
    assert isinstance(page.widget, GalleryPage)
    qtbot.waitUntil(lambda: page.widget.grid.count() == count)
    return page.widget


def test_gallery_finds_by_words_and_by_kind(start: Runs, qtbot: Any, sea: Artifact) -> None:
    page = gallery(start(), qtbot, 2)
    page.set_line("keeps time")
    qtbot.waitUntil(lambda: page.grid.count() == 1)
    page.set_line("")
    qtbot.waitUntil(lambda: page.grid.count() == 2)
    button(page, "Code").click()
    qtbot.waitUntil(lambda: page.grid.count() == 1)


def test_detail_shows_the_recipe_and_renames(start: Runs, qtbot: Any, sea: Artifact) -> None:
    app = start()
    page = gallery(app, qtbot, 2)
    assert page.grid.select(sea.id)
    qtbot.waitUntil(lambda: "echo.say" in words(page.detail))
    said = words(page.detail)
    assert "7" in said
    assert "not empty" in said
    title = page.detail.findChild(QLineEdit)
    title.setText("The sea at night")
    title.editingFinished.emit()
    library = studio_of(app).library
    qtbot.waitUntil(lambda: library.artifact(sea.id).title == "The sea at night")


def test_settings_are_found_however_they_are_typed(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    for text, nothing in (("co2 per", False), ("CO₂ per", False), ("co3 per", True)):
        page.widget.search.setText(text)
        assert page.widget._nothing.isHidden() is not nothing


def test_the_least_value_is_shown_by_its_word(start: Runs, qtbot: Any, sea: Artifact) -> None:
    app = start()
    library = studio_of(app).library
    record = library.add_record("lab.train", {"steps": 0, "batch": 8})
    made = library.add_artifact(
        NewArtifact("text", b"x", suffix=".txt", title="A model"), record=record.id
    )
    page = gallery(app, qtbot, 3)
    page.grid.select(made.id)
    qtbot.waitUntil(lambda: "steps Auto" in words(page.detail))
    assert "batch 8" in words(page.detail)


def test_a_long_list_among_the_parameters_is_folded(start: Runs, qtbot: Any, sea: Artifact) -> None:
    app = start()
    library = studio_of(app).library
    params = {"population": [f"C{n}" for n in range(100)], "tags": ["a", "b"]}
    record = library.add_record("molecules.improve", params)
    made = library.add_artifact(
        NewArtifact("molecules", b"x", suffix=".csv", title="100"), record=record.id
    )
    page = gallery(app, qtbot, 3)
    page.grid.select(made.id)
    qtbot.waitUntil(lambda: "C0, C1, C2 and 97 more" in words(page.detail))
    assert "C3" not in words(page.detail)
    assert '["a", "b"]' in words(page.detail)


def test_bin_can_be_undone_from_the_notice(start: Runs, qtbot: Any, sea: Artifact) -> None:
    app = start()
    page = gallery(app, qtbot, 2)
    page.grid.select(sea.id)
    qtbot.waitUntil(lambda: "echo.say" in words(page.detail))
    assert act(page.detail, "Move to bin")
    qtbot.waitUntil(lambda: page.grid.count() == 1)
    notice = next(n for n in studio_of(app).notices.all if n.actions)
    notice.actions[0].run()
    qtbot.waitUntil(lambda: page.grid.count() == 2)


@pytest.mark.parametrize("size", [(256, 256), (100, 400), (900, 100)])
def test_a_thumbnail_cuts_nothing_off(size: tuple[int, int]) -> None:
    frame = QRectF(2, 2, 200, 142)
    spot = whole(frame, QSize(*size))
    assert frame.contains(spot)
    assert spot.width() / spot.height() == pytest.approx(size[0] / size[1], rel=0.05)
    assert spot.width() == frame.width() or spot.height() == frame.height()


def test_only_what_proves_something_has_a_tick(start: Runs, qtbot: Any, sea: Artifact) -> None:
    good = {"checks": [{"name": "not blank", "passed": True}]}
    bad = {"checks": [{"name": "not blank", "passed": False}]}
    library = studio_of(start()).library
    marks = {
        (kind, verdict["checks"][0]["passed"]): [
            icon
            for icon, _color in marks_of(
                library.add_artifact(
                    NewArtifact(kind, b"x", suffix=".x", title=kind, verdict=verdict)
                )
            )
        ]
        for kind in ("image", "code")
        for verdict in (good, bad)
    }
    assert marks == {
        ("image", True): [],
        ("image", False): ["triangle-alert"],
        ("code", True): ["circle-check"],
        ("code", False): ["triangle-alert"],
    }


def test_the_bin_lists_conversations_and_gives_them_back(
    start: Runs, qtbot: Any, sea: Artifact
) -> None:
    app = start()
    store = studio_of(app).library.conversations
    talk = store.create("On waves")
    store.bin(talk.id)
    page = gallery(app, qtbot, 2)
    assert not page.conversations.isVisible()
    button(page, "Bin").click()
    qtbot.waitUntil(lambda: "On waves" in words(page.conversations))
    assert page.conversations.isVisible()
    shown = page.conversations.viewport().visibleRegion().boundingRect()
    assert shown.contains(button(page.conversations, "Restore").parentWidget().geometry())
    assert page._frame.subtitle.text() == "1 conversation"
    button(page.conversations, "Restore").click()
    qtbot.waitUntil(page._bin_empty.isVisible)
    assert [found.title for found in store.list()] == ["On waves"]
    assert any("On waves" in notice.message for notice in studio_of(app).notices.all)


def test_what_a_filter_hides_and_deleted_messages_can_be_emptied_from_the_bin(
    start: Runs, qtbot: Any, sea: Artifact
) -> None:
    app = start()
    library = studio_of(app).library
    page = gallery(app, qtbot, 2)
    button(page, "Bin").click()
    qtbot.waitUntil(page._bin_empty.isVisible)
    assert not page._empty_bin.isVisible(), "the control: there is nothing to empty"
    talk = library.conversations.create("On waves").id
    asked = library.conversations.add_message(talk, None, "user", "Why?")
    library.conversations.delete_branch(asked.id)
    page.refresh()
    qtbot.waitUntil(page._empty_bin.isVisible)
    assert page._frame.subtitle.text() == "1 deleted message"
    assert not page._bin_empty.isVisible()
    library.empty_bin()
    library.bin(sea.id)
    button(page, "Molecules").click()
    qtbot.waitUntil(page._nothing.isVisible)
    assert page._empty_bin.isVisible()


def test_a_search_without_hits_says_so_and_leads_back(
    start: Runs, qtbot: Any, sea: Artifact
) -> None:
    page = gallery(start(), qtbot, 2)
    button(page, "Molecules").click()
    page.set_line("no such thing")
    qtbot.waitUntil(lambda: page._nothing.isVisible())
    assert "Nothing found" in words(page._nothing)
    page._nothing.findChild(ExampleCard).click()
    qtbot.waitUntil(lambda: page.grid.count() == 2)
    assert page.grid.isVisible()
    assert page.line == ""


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((0, 0, 0), "0 results"),
        ((1, 0, 0), "1 result"),
        ((0, 1, 0), "1 conversation"),
        ((0, 0, 1), "1 message"),
        ((3, 2, 0), "3 results and 2 conversations"),
        ((3, 2, 4), "3 results, 2 conversations and 4 messages"),
    ],
)
def test_what_is_in_the_bin_is_told_in_words(counts: tuple[int, int, int], said: str) -> None:
    stats = Stats({}, *counts, records=0, conversations=0, messages=0, bytes=0, free=0)
    assert contents(stats) == said


def test_empty_bin_says_what_it_deletes(start: Runs, qtbot: Any, sea: Artifact) -> None:
    app = start()
    library = studio_of(app).library
    library.bin(sea.id)
    talk = library.conversations.create("On waves")
    library.conversations.bin(talk.id)
    page = gallery(app, qtbot, 1)
    asked: list[tuple[str, Any]] = []

    def confirm(title: str, text: str, label: str, run: Any, *, danger: bool = False) -> None:
        asked.append((text, run))

    page._parts.ui.confirm = confirm  # type: ignore[method-assign]
    button(page, "Bin").click()
    qtbot.waitUntil(lambda: page._empty_bin.isVisible())
    page._empty_bin.click()
    qtbot.waitUntil(lambda: bool(asked))
    assert asked[0][0] == "1 result and 1 conversation will be deleted permanently."
    asked[0][1]()
    qtbot.waitUntil(lambda: not library.stats().binned_conversations + library.stats().binned)


@pytest.mark.parametrize(
    ("again", "verdict"),
    [
        (b"The sea keeps time.", "Identical, byte for byte."),
        (b"The sea keeps no time.", "Different: words added: 1"),
    ],
)
def test_run_again_tells_the_verdict_and_shows_both(
    start: Runs, qtbot: Any, sea: Artifact, runtime: ScriptedRuntime, again: bytes, verdict: str
) -> None:
    app = start()
    runtime.enqueue(Made("text", again, ".txt", title="Again"), Result())
    page = gallery(app, qtbot, 2)
    page.grid.select(sea.id)
    qtbot.waitUntil(lambda: "echo.say" in words(page.detail))
    button(page.detail, "Recreate exactly").click()

    def told() -> bool:
        return any(verdict in notice.message for notice in studio_of(app).notices.all)

    qtbot.waitUntil(told)
    assert runtime.submitted[-1].params["text"] == "sea"
    assert runtime.submitted[-1].seed == 7
    sheets = [each for each in page.detail.window().findChildren(Sheet) if each.isVisible()]
    if verdict.startswith("Identical"):
        assert sheets == []
        return
    (sheet,) = sheets
    qtbot.waitUntil(lambda: "keeps no time" in words(sheet) and "keeps time" in words(sheet))
    assert verdict in words(sheet)
    assert "words added: 1" in words(sheet)
    sheet.dismiss()


def test_results_on_pages_offer_it_too_if_they_were_made(
    start: Runs, qtbot: Any, sea: Artifact, runtime: ScriptedRuntime
) -> None:
    app = start()
    assert app.session is not None
    studio, context = studio_of(app), app.session.workspace.context("echo")
    by_hand = next(each for each in studio.library.find() if not each.record)
    hand = {title for title, _, _ in context.actions(saved_artifact(studio.library, by_hand))}
    assert "Recreate exactly" not in hand
    acts = {title: do for title, _, do in context.actions(saved_artifact(studio.library, sea))}
    again = acts["Recreate exactly"]
    runtime.enqueue(Made("text", b"The sea keeps time.", ".txt", title="Again"), Result())
    again()
    qtbot.waitUntil(lambda: any("Identical" in told.message for told in studio.notices.all))


def test_what_was_made_from_something_that_is_gone_is_not_run_again_and_says_why(
    start: Runs, qtbot: Any, sea: Artifact, runtime: ScriptedRuntime
) -> None:
    app = start()
    library = studio_of(app).library
    record = library.add_record("echo.say", {"text": "x"}, inputs={"piece": "0" * 64})
    made = library.add_artifact(
        NewArtifact("text", b"y", suffix=".txt", title="Orphan"), record=record.id
    )
    page = gallery(app, qtbot, 3)
    page.grid.select(made.id)
    qtbot.waitUntil(lambda: "echo.say" in words(page.detail))
    button(page.detail, "Recreate exactly").click()

    def told() -> bool:
        return any("(piece)" in notice.message for notice in studio_of(app).notices.all)

    qtbot.waitUntil(told)
    assert runtime.submitted == []


def test_export_writes_the_result_and_its_recipe(
    start: Runs, qtbot: Any, sea: Artifact, tmp_path: Path, monkeypatch: Any
) -> None:
    app = start()
    page = gallery(app, qtbot, 2)
    page.grid.select(sea.id)
    qtbot.waitUntil(lambda: "echo.say" in words(page.detail))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(tmp_path))
    button(page.detail, "Export…").click()
    menu = button(page.detail, "Export…").findChild(QMenu)
    next(action for action in menu.actions() if action.text().startswith("Original")).trigger()
    qtbot.waitUntil(lambda: len(list(tmp_path.iterdir())) == 2)
    assert (tmp_path / "The sea.txt").read_bytes() == b"The sea keeps time."


def test_exporters_of_plugins_are_offered(
    start: Runs, qtbot: Any, sea: Artifact, tmp_path: Path
) -> None:
    app = start()
    page = gallery(app, qtbot, 2)
    offered = formats(page._parts, sea)
    assert [other.suffix for other in offered] == [".txt"]
    offered[0].write(tmp_path / "sea.txt")
    assert (tmp_path / "sea.txt").read_text("utf-8") == "The sea keeps time."


def test_plugins_page_turns_one_off_and_on(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.window.open_page("studio.plugins")
    page = app.window.pages.page("studio.plugins")
    assert page is not None
    assert "Echo" in words(page.widget)
    echo = next(s for s in page.widget.findChildren(Switch) if "Echo" in s.accessibleName())
    echo.click()
    assert app.window.pages.spec("echo.say") is None
    assert "Echo" in words(page.widget)
    echo = next(s for s in page.widget.findChildren(Switch) if "Echo" in s.accessibleName())
    echo.click()
    assert app.window.pages.spec("echo.say") is not None


def test_what_models_know_of_conversations_is_forgotten_at_a_press(start: Runs) -> None:
    app = start()
    kept = studio_of(app).paths.cache / PROMPT_CACHE / "model" / "a-b.safetensors"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    button(page.widget, "Clear").click()
    assert not kept.exists()
    assert any("Cleared" in notice.message for notice in studio_of(app).notices.all)


def test_settings_find_a_row_by_its_words(start: Runs, qtbot: Any) -> None:
    app = start()
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    search = page.widget.findChild(QLineEdit)
    search.setText("puts a backup")
    shown = [b.text() for b in page.widget.findChildren(QPushButton) if b.isVisibleTo(page.widget)]
    assert shown == ["Restore…"]
    search.setText("local server")
    shown = [b.text() for b in page.widget.findChildren(QPushButton) if b.isVisibleTo(page.widget)]
    assert "New key" in shown, "a section that is called so shows its rows"
    search.setText("port")
    labels = page.widget.findChildren(QLabel)
    heads = [label.text() for label in labels if label.isVisibleTo(page.widget)]
    assert "Local server" in heads, "a row says where it belongs"
    search.setText("no such thing")
    heads = [label.text() for label in labels if label.isVisibleTo(page.widget)]
    assert "No setting has these words." in heads


def test_the_device_that_computes_is_chosen_of_those_that_were_found(start: Runs) -> None:
    app = start()
    devices = studio_of(app).devices
    devices.choose("cuda:1")
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    box = page.widget.findChild(DevicePicker)
    assert box.currentText() == "cuda:1"
    found = (
        DeviceEntry("cuda:0", "cuda", "Large card", 80 * 10**9),
        DeviceEntry("cpu", "cpu", "CPU"),
    )
    devices.were_found(DevicesFound(found, "cuda:0"))
    shown = [box.itemText(index) for index in range(box.count())]
    assert shown == [
        "Automatic (best available)",
        "Large card, 80.0 GB",
        "CPU",
        "cuda:1, not found",
    ]
    assert box.currentText() == "cuda:1, not found"
    box.activated.emit(2)
    assert devices.wanted == "cpu"
    assert any("CPU will be used after" in each.message for each in studio_of(app).notices.all)


def test_the_size_in_settings_is_counted_each_time_they_are_shown(
    start: Runs, qtbot: Any, sea: Artifact
) -> None:
    app = start()
    assert app.window.open_page("studio.settings")
    page = app.window.pages.page("studio.settings")
    assert page is not None
    qtbot.waitUntil(lambda: "2 results" in words(page.widget))
    app.window.open_page("studio.gallery")
    library = studio_of(app).library
    library.bin(sea.id)
    app.window.open_page("studio.settings")
    qtbot.waitUntil(lambda: "1 results" in words(page.widget))
    assert "1 result in the bin" in words(page.widget)
