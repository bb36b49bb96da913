"""The page, in a real studio whose runtime does what the test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import BadInput
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import Artifact, Fail, Stall, Step
from studio_example import page

LINES = Artifact("text", b"two one", ".txt", title="two one", text="two one")


class Desk(PageDesk):
    plugin = "example"

    def build(self) -> Any:
        return page.build(self.ctx)


@pytest.fixture
def desk(qtbot: Any, look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        desk.page.form.set_values({"text": "one two"})
        yield desk


def test_a_result_is_shown_and_outlives_a_restart(desk: Desk) -> None:
    desk.runtime.enqueue(LINES)
    desk.run()
    desk.until_over()
    assert desk.page.text.text() == "two one"
    desk.again()
    desk.until(lambda: desk.page.text.text() == "two one")


def test_stop_makes_nothing(desk: Desk) -> None:
    desk.runtime.enqueue(Step(1, 2, "half"), Stall())
    desk.run()
    desk.until(lambda: desk.progress() == "half")
    desk.stop()
    assert (desk.verb(), desk.results()) == ("Shuffle", [])


def test_a_failure_is_told_and_can_be_tried_again(desk: Desk) -> None:
    desk.runtime.enqueue(Fail(BadInput("One word has only one order.")))
    desk.run()
    desk.until(lambda: "only one order" in desk.trouble())
    desk.runtime.enqueue(LINES)
    desk.try_again()
    desk.until(lambda: len(desk.results()) == 1)


def test_a_dropped_text_is_filled_in(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("three four")
    assert desk.drop(tmp_path / "words.txt")
    assert desk.page.form.values()["text"] == "three four"


def test_the_bin_can_be_undone(desk: Desk) -> None:
    desk.runtime.enqueue(LINES)
    desk.run()
    desk.until_over()
    offers = desk.offers()
    desk.page.result_actions.bin()
    desk.until(lambda: bool(offers))
    assert desk.results() == []
    offers[0]()  # Undo
    desk.until(lambda: len(desk.results()) == 1)
