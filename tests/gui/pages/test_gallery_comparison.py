"""Results side by side: what differs is marked, pictures have one zoom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPointF

from studio.api.artifacts import NewArtifact
from studio.desktop.pages.gallery.shelves.comparison import (
    Comparison,
    ZoomedPicture,
    differences,
    differing,
)
from studio.library import Record
from studio.library.storage.ulid import new_id
from studio.testing.demo import _picture
from studio.testing.plugins import importable
from tests.gui.conftest import Runs
from tests.gui.gallery_desk import GOOD, fill, opened, words


@pytest.fixture(autouse=True)
def echo(monkeypatch: Any) -> Iterator[None]:
    """Only the plugin of the tests: a gallery needs no others."""
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(GOOD))
    with importable(GOOD):
        yield


def test_what_differs_between_two_texts_is_marked() -> None:
    first, other = "the quick brown fox jumps", "the slow brown fox jumps high"
    mine, theirs = differences(first, other)
    assert [first[a:b].strip() for a, b in mine] == ["quick"]
    assert [other[a:b].strip() for a, b in theirs] == ["slow", "high"]
    assert differences(first, first) == ([], [])


def test_only_parameters_that_differ_are_listed() -> None:
    made = [
        Record(id=new_id(), task="image.generate", params={"steps": n, "size": [64, 64]}, seed=7)
        for n in (10, 20)
    ]
    assert differing(made) == [("steps", ["10", "20"])]
    assert ("steps", ["10", "–"]) in differing([made[0], None])


@pytest.mark.parametrize("kind", ["image", "text"])
def test_a_selection_is_shown_side_by_side(start: Runs, qtbot: Any, kind: str) -> None:
    fill(1)
    app = start()
    page = opened(app, qtbot, 2)
    library = page._parts.studio.library
    for n in (1, 2):
        record = library.add_record("echo.say", {"steps": n, "text": "sea"})
        payload, suffix = (
            (_picture(n, 64, 48), ".png") if kind == "image" else (b"sea %d" % n, ".txt")
        )
        new = NewArtifact(kind, payload, suffix=suffix, title=f"Made {n}")
        library.add_artifact(new, record=record.id)
    page.refresh()
    qtbot.waitUntil(lambda: page.grid.count() == 4)
    page.grid.select_rows([0, 1])
    page.selection._compare()
    qtbot.waitUntil(lambda: bool(page.window().findChildren(Comparison)))
    (comparison,) = page.window().findChildren(Comparison)
    said = words(comparison)
    assert "Made 1" in said
    assert "steps" in said
    assert "echo.say" not in said, "the task is the same"
    first, second = comparison.views
    if kind == "image":
        assert isinstance(first, ZoomedPicture)
        assert isinstance(second, ZoomedPicture)
        before = second.target()
        first._zoom.show(4.0, QPointF(0.25, 0.25))
        assert second.target().width() == pytest.approx(before.width() * 4)
    else:
        assert [len(view.extraSelections()) for view in comparison.views] == [1, 1]  # type: ignore[attr-defined]
