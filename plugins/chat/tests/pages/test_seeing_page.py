"""Pictures in a message: sent to a model that sees, refused in words before anything is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QColor, QImage

from plugins.chat.tests.conftest import SIDECAR
from plugins.chat.tests.pages.scripted_answer import answer


@pytest.fixture
def home(home: Path) -> Path:
    """Return a home whose weights see."""
    sees = SIDECAR.replace('["text"]', '["text", "image-to-text"]').replace("tiny", "eyes")
    (home.parent / "weights" / "eyes.toml").write_text(sees.replace("Tiny Talker", "Eyes"))
    (home.parent / "weights" / "eyes.gguf").write_bytes(b"GGUF" + bytes(28))
    return home


@pytest.fixture
def cat(tmp_path: Path, desk: Any) -> Path:
    path = tmp_path / "cat.png"
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    image.save(str(path))
    return path


def test_a_picture_reaches_a_model_that_sees_and_stays_in_the_thread(desk: Any, cat: Path) -> None:
    desk.page.composer.picker._on_chosen("eyes")
    desk.page._attach([cat])
    assert desk.page.composer.attachments.pictures == [str(cat)]
    answer(desk, "A blue square.")
    desk.say("What is it?")
    order = desk.runtime.submitted[-1]
    assert list(order.params["pictures"]) == [str(cat)]
    assert not order.params["documents"]
    turn = desk.page.session.turns[0]
    assert turn.pictures == [str(cat)]
    row = desk.page.thread_view.cards[0].body._pictures
    assert row.isVisibleTo(desk.page)
    label = row._row.itemAt(0).widget()
    desk.until(lambda: not label.pixmap().isNull())


def test_a_model_without_eyes_is_told_of_before_anything_is_lost(desk: Any, cat: Path) -> None:
    desk.page.composer.picker.choose("tiny")
    desk.page.composer.set_text("What is it?")
    desk.page._attach([cat])
    assert "cannot see pictures" in desk.page.composer._trouble.text()
    assert "Choose Eyes" in desk.page.composer._trouble.text()
    desk.page.composer.send()
    assert desk.page.composer.text == "What is it?"
    assert desk.page.composer.attachments.pictures == [str(cat)]
    assert not desk.page.session.turns


def test_a_pasted_picture_is_kept_in_the_library(desk: Any) -> None:
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    desk.page._take_image(image)
    desk.until(lambda: bool(desk.page.composer.attachments.pictures))
    (path,) = desk.page.composer.attachments.pictures
    assert QImage(path).size() == image.size()
