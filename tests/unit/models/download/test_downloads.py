"""Downloads of an open studio: beside its thread, told as they go, stopped when it closes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.models import Weights
from studio.models.download import background
from studio.testing.tiny_set import NAMES, PIECE, TinySet
from tests.unit.conftest import Desk

ID = "tiny-random"


@pytest.fixture
def tiny(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinySet:
    tiny = TinySet(tmp_path / "shop", desk.home / "weights")
    use(monkeypatch, tiny.environment)
    return tiny


def use(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def begin(desk: Desk) -> Weights:
    """Start to get the tiny set."""
    desk.studio.weights.rescan()
    weights = desk.studio.weights.offer("tiny")
    desk.studio.downloads.start(weights)
    return weights


def test_it_arrives_and_may_be_used_at_once(desk: Desk, tiny: TinySet) -> None:
    moved: list[str] = []
    desk.studio.downloads.observe(moved.append)
    begin(desk)
    now = desk.studio.downloads.of(ID)
    assert now is not None
    assert now.is_live
    begin(desk)  # a second press does nothing
    desk.until(lambda: desk.studio.downloads.of(ID) is None)
    assert [row.id for row in desk.studio.weights.list("code")] == [ID]
    assert tiny.asked() == list(NAMES)
    assert "Tiny Random is installed." in desk.told()
    assert len(moved) >= 3, "begun, on the way, over"


def test_stop_keeps_what_is_here_and_says_nothing(
    desk: Desk, tiny: TinySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tiny.does(f"wait:{NAMES[1]}"))
    begin(desk)
    desk.until(lambda: (now := desk.studio.downloads.of(ID)) and now.done > PIECE)
    desk.studio.downloads.stop(ID)
    now = desk.studio.downloads.of(ID)
    assert now is not None
    assert now.stopping
    desk.until(lambda: desk.studio.downloads.of(ID) is None)
    offer = desk.studio.weights.offer("tiny").offer
    assert offer is not None
    assert offer.bytes_here == PIECE
    assert not [words for words in desk.told() if "Tiny" in words]


def test_what_comes_before_the_first_byte_is_no_pace(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, seen = [0.0], []
    monkeypatch.setattr(background, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def work(progress: Callable[[int, int], None]) -> None:
        for at, done in ((60, 0), (100, 1), (101, 11), (102, 21)):
            now[0] = at
            progress(done, 101)

    def heard(id: str) -> None:
        if (at := desk.studio.weights_operations.of(id)) and at.done:
            seen.append(at.seconds_left)

    desk.studio.weights_operations.observe(heard)
    desk.studio.weights_operations.run("slow", "Slow", 101, work)
    desk.until(lambda: desk.studio.weights_operations.of("slow") is None)
    assert seen == [None, pytest.approx(9), pytest.approx(8)]


def test_what_fails_is_told_and_can_be_tried_again(
    desk: Desk, tiny: TinySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tiny.does(f"spoil:{NAMES[0]}"))
    begin(desk)
    desk.until(lambda: (now := desk.studio.downloads.of(ID)) and now.error)
    assert [words for words in desk.told() if "tiny-model-part1" in words]
    use(monkeypatch, tiny.environment)
    begin(desk)
    desk.until(lambda: desk.studio.downloads.of(ID) is None)
    assert desk.studio.weights.get(ID).problem == ""


def test_closing_the_studio_does_not_wait_for_the_rest(
    desk: Desk, tiny: TinySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tiny.does(f"wait:{NAMES[2]}"))  # for ever
    begin(desk)
    desk.until(lambda: (now := desk.studio.downloads.of(ID)) and now.done > 2 * PIECE)
    desk.studio.close()
    assert (desk.home / "weights" / f"{tiny.file}.unfinished").stat().st_size == 2 * PIECE
