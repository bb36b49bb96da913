"""The Models page in the real window: what is here, what fits, what a person does with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from studio.app import App
from studio.base.paths import StudioPaths
from studio.desktop.forms.form import ParamsFormWidget
from studio.desktop.pages.models import ModelsPage
from studio.desktop.pages.weights import download_view
from studio.desktop.widgets.switch import Switch
from studio.models import pickle_conversion
from studio.models.download import hub
from studio.models.download.recommended import Recommended, Shelf
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Inspect
from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime
from tests.gui.conftest import Runs
from tests.unit.models.download.toy_hub import ToyHub, tiny_gguf, toy_hub

GGUF = tiny_gguf(2000)


@pytest.fixture(autouse=True)
def own_folder_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StudioPaths, "weights_folders", lambda self: (self.weights,))


def put(name: str, data: bytes = GGUF) -> Path:
    path = StudioPaths.default().weights / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def opened(app: App) -> ModelsPage:
    assert app.window.open_page("studio.models")
    page = app.window.pages.page("studio.models")
    assert page is not None
    assert isinstance(page.widget, ModelsPage)
    return page.widget


def studio_of(app: App) -> Studio:
    assert app.session is not None
    return app.session.studio


def words(widget: QWidget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel)).replace("\u200b", "")


def button(widget: QWidget, text: str) -> QPushButton:
    found = [b for b in widget.findChildren(QPushButton) if b.text().startswith(text)]
    return next(b for b in found if b.isVisibleTo(widget))


def has_button(widget: QWidget, text: str) -> bool:
    found = [b for b in widget.findChildren(QPushButton) if b.text().startswith(text)]
    return any(b.isVisibleTo(widget) for b in found)


def undo(app: App, words: str) -> Any:
    """The action of the notice with these words; None before there is one."""
    found = [n for n in studio_of(app).notices.all if n.actions and words in n.message]
    return found[0].actions[0] if found else None


def drop(page: ModelsPage, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    actions, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    page.dropEvent(QDropEvent(QPointF(5, 5), actions, data, Qt.MouseButton.LeftButton, none))


def test_it_says_what_fits_why_and_what_is_wrong(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime
) -> None:
    small, huge, cut = put("small.gguf"), put("huge.gguf"), put("cut.gguf")
    split = put("split.gguf")
    put("page.gguf", b"<html>")
    runtime.facts[str(small)] = {
        "weights_bytes": 1 << 30, "working_bytes": 1 << 20, "architecture": "llama",
        "quantisation": "Q8_0", "context_length": 4096, "licence": "mit",
    }  # fmt: skip
    runtime.facts[str(huge)] = {
        "weights_bytes": 40 << 30, "working_bytes": 1 << 20, "parameters": 70_553_706_496,
    }  # fmt: skip
    runtime.facts[str(split)] = runtime.facts[str(huge)] | {"layers_here": 20, "layers": 80}
    runtime.facts[str(cut)] = StudioError(
        ErrorCode.BAD_WEIGHTS, "cut.gguf ends in its header.", "Copy it."
    )
    app = start()
    page = opened(app)
    fits = {"small": "fits well", "huge": "does not fit", "split": "partly",
            "cut": "not usable", "page": "not usable"}  # fmt: skip
    model = page.table.weights

    def shown() -> dict[str, str]:
        return {row.weights.id: row.fit.word for row in model.rows}

    qtbot.waitUntil(lambda: shown() == fits)
    kinds = {model.rows[n].weights.id: model.rows[n].kind for n in range(model.rowCount())}
    assert kinds["small"] == "text"
    assert page.table.choose("small")
    said = words(page.detail)
    assert "Needs 1.1 GB when loaded; the memory limit is 7.7 GB." in said
    for fact in ("llama", "Q8_0", "4,096 tokens", "mit", "not used yet"):
        assert fact in said
    page.table.choose("split")
    assert "20 of 80 layers fit on the card." in words(page.detail)
    page.table.choose("huge")
    assert "70.6 B" in words(page.detail)
    page.table.choose("cut")
    assert "cut.gguf ends in its header. Copy it." in words(page.detail)
    asked = [m.path for m in runtime.received if isinstance(m, Inspect)]
    assert len(asked) == len(set(asked)) == 4, "once a file, and never what is no weights"
    page.search.setText("LLAMA mit")
    assert page.table.shown() == ["small"]
    page.search.setText("nothing like it")
    assert page.table.shown() == []
    assert page.detail.row is None
    page.search.clear()
    page.table.sortByColumn(model.columns.index("fits"), Qt.SortOrder.AscendingOrder)
    assert page.table.shown()[:3] == ["small", "split", "huge"]


def test_a_limit_of_context_counts_at_once(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime
) -> None:
    path = put("small.gguf")
    runtime.facts[str(path)] = {"weights_bytes": 1 << 30, "working_bytes": 1 << 20}
    app = start()
    page = opened(app)
    qtbot.waitUntil(lambda: page.table.choose("small") and "Needs" in words(page.detail))
    form = next(f for f in page.detail.findChildren(ParamsFormWidget))
    runtime.facts[str(path)] = {"weights_bytes": 1 << 29, "working_bytes": 1 << 20}
    field = form.row("context_limit").findChild(QAbstractSpinBox)
    field.setFocus()
    field.setValue(1024)
    qtbot.waitUntil(lambda: "Needs 538 MB" in words(page.detail))
    asked = [each.context_limit for each in runtime.received if isinstance(each, Inspect)]
    assert asked[-1] == 1024
    assert field.isVisible(), "the form is not built again under the hands of who fills it in"
    assert studio_of(app).weights_manager.remarks.context_limit("small") == 1024


def test_files_that_are_dropped_are_checked_and_shown(
    start: Runs, qtbot: Any, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.gguf", tmp_path / "bad.gguf"
    good.write_bytes(GGUF)
    bad.write_bytes(b"<!doctype html>")
    app = start()
    page = opened(app)
    assert "No models yet" in words(page._views.currentWidget())
    drop(page, bad, good)
    qtbot.waitUntil(lambda: page.table.current == "good")
    notices = studio_of(app).notices
    qtbot.waitUntil(lambda: any("web page" in n.message for n in notices.all))
    button(page.detail, "Remove").click()
    qtbot.waitUntil(lambda: page.table.shown() == [])
    assert good.exists()
    qtbot.waitUntil(lambda: undo(app, "removed from the list") is not None)
    undo(app, "removed from the list").run()
    qtbot.waitUntil(lambda: page.table.shown() == ["good"])


def test_own_weights_are_noted_on_verified_pinned_binned_and_come_back(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime
) -> None:
    file = put("mine.gguf")
    runtime.facts[str(file)] = {"weights_bytes": 1000, "working_bytes": 10}
    app = start()
    page = opened(app)
    studio = studio_of(app)
    note = page.detail.findChild(QPlainTextEdit)
    assert note.accessibleName() == "Note on mine"
    note.setPlainText("good for letters")
    page.detail.flush()
    stars = [b for b in page.detail.findChildren(QToolButton) if "of 5 stars" in b.toolTip()]
    stars[3].click()
    remark = studio.weights_manager.remarks.of("mine")
    assert (remark.note, remark.rating) == ("good for letters", 4)
    assert page.table.weights.rows[0].remark.rating == 4
    qtbot.waitUntil(lambda: page.table.weights.rows[0].fit.word == "fits well")
    button(page.detail, "Keep loaded").click()
    assert studio.models.pinned == ("mine",)
    assert button(page.detail, "Unpin").isEnabled()
    button(page.detail, "Verify").click()
    qtbot.waitUntil(lambda: "read without error" in words(page.detail))
    button(page.detail, "Remove").click()
    qtbot.waitUntil(lambda: not file.exists() and page.table.shown() == [])
    qtbot.waitUntil(lambda: undo(app, "to the bin") is not None)
    undo(app, "to the bin").run()
    qtbot.waitUntil(lambda: page.table.shown() == ["mine"])
    assert file.read_bytes() == GGUF
    assert "good for letters" in page.detail.findChild(QPlainTextEdit).toPlainText()


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox")
def test_weights_that_the_disk_does_not_let_go_are_kept_and_a_notice_says_so(
    start: Runs, qtbot: Any, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("mine.gguf")
    app = start()
    page, studio = opened(app), studio_of(app)

    def refuse(row: object) -> str:
        raise PermissionError("the folder is read-only")

    monkeypatch.setattr(studio.weights_manager, "remove", refuse)
    button(page.detail, "Remove").click()
    qtbot.waitUntil(lambda: any("read-only" in n.message for n in studio.notices.all))
    assert page.table.shown() == ["mine"]


def test_a_pickle_is_offered_to_be_converted(
    start: Runs, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    made = len(header).to_bytes(8, "little") + header + bytes(8)
    program = tmp_path / "program.py"
    program.write_text(f"import sys; sys.stdout.buffer.write({made!r})")
    monkeypatch.setattr(pickle_conversion, "PROGRAM", program)
    put("net.pth", b"\x80\x04.")
    app = start()
    page = opened(app)
    assert page.table.weights.rows[0].fit.word == "needs converting"
    button(page.detail, "Convert").click()
    out = StudioPaths.default().weights / "net.safetensors"
    qtbot.waitUntil(out.exists)
    qtbot.waitUntil(lambda: any("was converted" in n.message
                                for n in studio_of(app).notices.all))  # fmt: skip


def test_other_programs_are_switched_on_and_new_files_noticed_when_they_are_whole(
    start: Runs, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "hub" / "models--ada--tiny" / "snapshots" / "one"
    snapshot.mkdir(parents=True)
    (snapshot / "tiny.gguf").write_bytes(GGUF)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    app = start()
    page = opened(app)
    assert app.session is not None
    studio = studio_of(app)
    page.show_folders()
    switches = app.window.findChildren(Switch)
    switch = next(s for s in switches if s.accessibleName() == "Hugging Face cache")
    switch.click()
    qtbot.waitUntil(lambda: page.table.shown() == ["huggingface-ada-tiny-tiny"])
    app.session._looking.stop()  # looks are counted here
    studio.scans.look()
    qtbot.waitUntil(lambda: studio.weights_manager._watch._seen is not None)
    path = put("late.gguf", GGUF[:500])

    def problem() -> str:
        rows = [row for row in page.table.weights.rows if row.weights.id == "late"]
        return rows[0].weights.problem if rows else "not seen"

    studio.scans.look()
    qtbot.waitUntil(lambda: "still being copied" in problem())
    path.write_bytes(GGUF)
    studio.scans.look()  # it has grown since
    studio.scans.look()
    qtbot.waitUntil(lambda: problem() == "")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyHub]:
    with toy_hub() as server:
        monkeypatch.setenv(hub.ADDRESS, server.address)
        server.files = {"tiny.gguf": tiny_gguf(), "net.pth": b"\x80\x04."}
        server.large = {"tiny.gguf"}
        yield server


@pytest.mark.loopback
def test_an_address_is_looked_up_and_downloaded_only_when_pressed(
    start: Runs, qtbot: Any, server: ToyHub
) -> None:
    app = start()
    page = opened(app)
    page.show_view("get")
    card = page.getting.hub
    card.address.setText("https://example.org/ada/tiny")
    button(card, "Look up").click()
    qtbot.waitUntil(lambda: "is not huggingface.co" in words(card))
    assert server.asked == []
    card.address.setText("ada/tiny")
    button(card, "Look up").click()
    qtbot.waitUntil(lambda: "ada/tiny · mit" in words(card))
    assert server.starts() == [], "looking up fetches no file"
    server.stall_after = 200_000  # more than a file keeps in memory before it writes
    qtbot.waitUntil(lambda: has_button(card, "Download ("))
    button(card, "Download (").click()
    part = StudioPaths.default().weights / "tiny.gguf.unfinished"
    qtbot.waitUntil(lambda: part.exists() and part.stat().st_size > 0)
    qtbot.waitUntil(lambda: has_button(card, "Stop"))
    button(card, "Stop").click()
    qtbot.waitUntil(lambda: not studio_of(app).downloads.live())
    qtbot.waitUntil(lambda: not has_button(card, "Stop"))
    assert part.exists()
    server.stall_after = -1
    button(card, "Download (").click()
    qtbot.waitUntil(lambda: "tiny" in page.table.shown())
    assert server.starts()[-1] > 0, "it went on from what was here"
    asked = len(server.asked)
    studio_of(app).settings.set(hub.NEVER, True)
    button(card, "Look up").click()
    qtbot.waitUntil(lambda: "Network access is turned off" in words(card))
    assert len(server.asked) == asked


@pytest.mark.loopback
def test_models_are_found_by_task_and_words_and_fetched_only_when_pressed(
    start: Runs, qtbot: Any, server: ToyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = Recommended("chat", "Tiny", "ada/tiny", 300_000, "MIT", "Says little.", "tiny.gguf")
    huge = Recommended("chat", "Huge", "ada/huge", 10**15, "MIT", "Knows much.", "huge.gguf")
    coder = Recommended("code", "Coder", "bob/coder", 10**6, "Apache-2.0", "Writes.", "c.gguf")
    listed = Shelf([huge, tiny, coder], date(2026, 12, 3))
    monkeypatch.setattr(download_view, "shelf", lambda: listed)
    app = start()
    page = opened(app)
    page.show_view("get")
    models = page.getting.models

    def shown() -> list[str]:
        return [name for name, row in models.rows.items() if row.isVisibleTo(models)]

    assert shown() == ["ada/tiny", "bob/coder", "ada/huge"], "what fits comes first"
    assert "Does not fit" in words(models.rows["ada/huge"])
    assert "Fits" in words(models.rows["ada/tiny"])
    assert "free on the disk" in words(models.rows["ada/huge"])
    assert not models.rows["ada/huge"].get.isEnabled()
    assert models.rows["ada/tiny"].get.isEnabled()
    assert "checked in December 2026" in words(models)
    models.tasks.buttons["code"].click()
    assert shown() == ["bob/coder"]
    models.tasks.buttons["all"].click()
    models.search.setText("mit little")
    assert shown() == ["ada/tiny"]
    models.search.setText("nonesuch")
    assert "No model has these words." in words(models)
    models.search.clear()
    assert server.asked == []
    row = models.rows["ada/tiny"]
    row.get.click()
    qtbot.waitUntil(lambda: "tiny" in page.table.shown())
    qtbot.waitUntil(lambda: "Installed" in words(row))
    assert row.get.isHidden()
    studio_of(app).settings.set(hub.NEVER, True)
    models.rows["bob/coder"].get.click()
    qtbot.waitUntil(lambda: "Network access is turned off" in words(models.rows["bob/coder"]))
