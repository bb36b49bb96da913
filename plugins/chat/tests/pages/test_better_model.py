"""A weak model says so, and a better one takes over: downloaded, dropped in, or chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from plugins.chat.tests.conftest import SIDECAR, Desk
from plugins.chat.tests.pages.scripted_answer import answer
from studio.base.settings import Settings
from studio.models.download import hub
from studio.testing.tiny_set import TinySet


def describe(desk: Any, id: str, share: float, *, caution: str = "") -> None:
    """Put a model with a figure into the folder."""
    text = SIDECAR.replace("tiny", id).replace("Tiny Talker", f"{id.title()} Talker")
    (desk.weights / f"{id}.toml").write_text(f'caution = "{caution}"\neveryday = {share}\n{text}')
    (desk.weights / f"{id}.gguf").write_bytes(b"GGUF" + bytes(28))


@pytest.fixture
def weak(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinySet:
    """Let the only model be a weak one, and a better one be there to download."""
    tiny = TinySet(tmp_path / "shop", tmp_path / "described")
    for name, value in tiny.environment.items():
        monkeypatch.setenv(name, value)
    described = tmp_path / "described" / "tiny.toml"
    described.write_text(f"everyday = 0.9\n{described.read_text()}")
    describe(desk, "tiny", 0.2, caution="Often wrong.")
    catalogue = desk.studio.weights
    catalogue.folders = (desk.weights, described.parent, desk.studio.paths.shared_weights)
    look_again(desk)
    return tiny


def look_again(desk: Any) -> None:
    desk.studio.weights.rescan()
    desk.studio.scans.tell()
    desk.settled()


def notices(desk: Any) -> list[str]:
    return [notice.message for notice in desk.studio.notices.all]


def test_a_better_model_is_one_click_away_and_takes_over(desk: Any, weak: TinySet) -> None:
    offer = desk.page.offer
    assert offer.widget.isVisible()
    assert offer.words.text() == "Tiny Talker: Often wrong."
    assert offer.button.text() == "Download a better model (164 kB)"
    assert offer.button.toolTip() == "Tiny Random"
    answer(desk, "Hello.")
    desk.say("Hi")
    assert offer.widget.isVisible(), "it says so beside answers, too"
    assert desk.runtime.submitted[-1].params["weights"] == "tiny"
    desk.qtbot.mouseClick(offer.button, Qt.MouseButton.LeftButton)
    assert "is downloading (0%). Until then Tiny Talker answers." in offer.words.text()
    assert not offer.button.isVisible()
    desk.until(lambda: desk.page.composer.weights == "tiny-random")
    desk.settled()
    assert not offer.widget.isVisible()
    answer(desk, "Hello, better.")
    desk.say("Hi again")
    assert desk.runtime.submitted[-1].params["weights"] == "tiny-random"


def test_the_one_notice_has_an_undo_that_lasts(desk: Any, weak: TinySet) -> None:
    describe(desk, "large", 0.8)
    look_again(desk)
    assert desk.page.composer.weights == "large"
    (notice,) = [n for n in desk.studio.notices.all if "answers from now on" in n.message]
    assert notice.message == "Large Talker answers from now on."
    (undo,) = notice.actions
    assert undo.title == "Undo"
    undo.run()
    desk.settled()
    assert desk.page.composer.weights == "tiny"
    assert desk.page.offer.button.text() == "Answer with Large Talker"
    describe(desk, "huge", 0.9)
    look_again(desk)
    assert desk.page.composer.weights == "tiny", "who has chosen is not overruled"
    desk.qtbot.mouseClick(desk.page.offer.button, Qt.MouseButton.LeftButton)
    assert desk.page.composer.weights == "huge"


def test_where_nothing_better_fits_it_only_says_so(desk: Any, weak: TinySet) -> None:
    desk.studio.weights._room = lambda: 1.0
    look_again(desk)
    assert desk.page.offer.widget.isVisible()
    assert not desk.page.offer.button.isVisible()


def test_without_a_network_the_click_says_why(desk: Any, weak: TinySet) -> None:
    settings: Settings = desk.studio.settings
    settings.set(hub.NEVER, True)
    desk.qtbot.mouseClick(desk.page.offer.button, Qt.MouseButton.LeftButton)
    assert "Network access is turned off, so nothing was downloaded." in notices(desk)
    assert weak.asked() == []


def test_models_of_ones_own_are_not_judged(desk: Any) -> None:
    assert not desk.page.offer.widget.isVisible()
