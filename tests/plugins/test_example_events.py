"""The diary hears of what happens, until it is switched off; a fault of its own is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import BadInput, JobRequest, Kind, NewArtifact
from studio.testing.page_desk import PageDesk
from studio.testing.plugins import importable
from studio.testing.scripted import Artifact, Fail

pytestmark = pytest.mark.gui

EXAMPLES = Path(__file__).parent / "examples"


class Desk(PageDesk):
    """The page of the diary."""

    plugin = "diary"

    def build(self) -> Any:
        from studio_diary import page

        return page.build(self.ctx)

    def note(self, words: str) -> None:
        self.studio.submit(JobRequest("diary.note", {"words": words}, title=words))

    @property
    def lines(self) -> list[str]:
        return self.page.lines


@pytest.fixture
def desk(qtbot: Any, look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with importable(EXAMPLES), Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


def test_results_and_ends_are_told_in_order(desk: Desk) -> None:
    desk.runtime.enqueue(Artifact("text", b"Milk", ".txt", title="Milk", text="Milk"))
    desk.runtime.enqueue(Fail(BadInput("There is no milk.")))
    desk.note("Buy milk")
    desk.until(lambda: len(desk.lines) == 2)
    desk.note("Buy more")
    desk.until(lambda: len(desk.lines) == 3)
    assert desk.lines == ["Saved: Milk", "Buy milk: done", "Buy more: There is no milk."]
    desk.ctx.library.add(NewArtifact(Kind.TEXT, b"By hand", ".txt", "By hand"))
    desk.until(lambda: desk.lines[-1] == "Saved: By hand")


def test_what_leaves_nothing_is_not_told(desk: Desk) -> None:
    desk.runtime.enqueue(Artifact("text", b"x", ".txt", title="Of another program"))
    job = desk.studio.submit(JobRequest("diary.note", {"words": "x"}, private=True))
    desk.until(lambda: not job.is_live)
    desk.note("Mine")
    desk.until(lambda: desk.lines == ["Mine: done"])


@pytest.mark.parametrize("end", ["stop", "off"])
def test_who_stops_listening_or_is_off_hears_no_more(desk: Desk, end: str) -> None:
    if end == "stop":
        desk.page.stop()
    else:
        desk.studio.plugins.switch_off("diary")
    heard: list[Any] = []
    desk.studio.events.on_artifact_added(heard.append)  # is told after the page
    desk.ctx.library.add(NewArtifact(Kind.TEXT, b"1", ".txt", "Unheard"))
    desk.until(lambda: len(heard) == 1)
    assert desk.lines == []


def test_a_callback_that_raises_is_laid_at_its_plugin(desk: Desk) -> None:
    def fall(artifact: object) -> None:
        raise ValueError("out of ink")

    desk.ctx.on_artifact_added(fall)
    desk.ctx.library.add(NewArtifact(Kind.TEXT, b"1", ".txt", "One"))
    desk.until(lambda: desk.lines == ["Saved: One"])
    desk.until(lambda: len(desk.studio.plugins.faults.of("diary")) == 1)
    (fault,) = desk.studio.plugins.faults.of("diary")
    assert "out of ink" in fault.error.message
    assert "artifact added" in fault.where
