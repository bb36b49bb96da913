"""A folder as a collection: indexed, brought up to date, searched; what is damaged is said."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from plugins.chat.tests.documents.test_documents import TOPICS, Encoder, Talker, ask
from studio.api import BadInput, StudioError, finished
from studio.sandbox.sandbox import own_sandbox
from studio_chat.documents.collection import Collection, opened


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE", str(tmp_path / "cache"))


class Course:
    """Is told how far it is; the only thing that indexing text needs of a task."""

    file_sandbox = own_sandbox()

    def progress(self, *_news: object) -> None:
        return None


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with a note a topic, one deeper, and what is no document."""
    folder = tmp_path / "shelf"
    (folder / "deep").mkdir(parents=True)
    for topic in TOPICS:
        place = folder / "deep" if topic == "salt" else folder
        lines = [f"{topic} line {n} and more" for n in range(40)]
        (place / f"{topic}.md").write_text("\n".join(lines) + "\n")
    (folder / ".hidden.md").write_text("whales in secret\n")
    (folder / "program.bin").write_bytes(b"whales\0")
    (folder / "link.md").symlink_to(folder / "tea.md")
    return folder


def test_of_a_folder_the_passages_that_are_asked_for_go_in(shelf: Path) -> None:
    talker, encoder = Talker("Yes"), Encoder()
    made = ask(shelf, talker=talker, encoder=encoder, prompt="What about salt?")
    first = made.result["sources"][0]
    assert first["document"] == "shelf/deep/salt.md"
    assert first["path"] == str(shelf / "deep" / "salt.md")
    assert made.result["found_by"] == "meaning"
    assert "[shelf/deep/salt.md, lines 1 to" in talker.messages[-1]["content"]
    assert not any("secret" in text for text in encoder.read)
    before = len(encoder.read)
    ask(shelf, talker=talker, encoder=encoder, prompt="What about tea?")
    read = encoder.read[before:]
    assert "What about tea?" in read
    assert not any("\n" in text for text in read), "passages are in the index"


def test_what_changed_is_read_again_and_what_is_gone_is_forgotten(shelf: Path) -> None:
    talker, encoder = Talker("Yes"), Encoder()
    ask(shelf, talker=talker, encoder=encoder)
    (shelf / "tea.md").write_text("Nothing but violins and quinces here.\n")
    (shelf / "iron.md").unlink()
    before = len(encoder.read)
    made = ask(shelf, talker=talker, prompt="quinces and iron")
    assert [s["document"] for s in made.result["sources"]] == ["shelf/tea.md"]
    ask(shelf, talker=talker, encoder=encoder, prompt="quinces")
    first, *others = encoder.read[before:]
    assert first == "Nothing but violins and quinces here."
    assert not any("\n" in text for text in others), "no other passage is read"


def test_a_file_that_cannot_be_read_is_named_and_the_others_serve(shelf: Path) -> None:
    (shelf / "torn.docx").write_bytes(b"PK\3\4 no archive")
    made = ask(shelf, talker=Talker("Yes"), encoder=Encoder())
    assert made.result["sources"][0]["document"] == "shelf/whales.md"
    assert "1 file of shelf cannot be read. The first: torn.docx" in made.result["sources_note"]


def test_an_empty_folder_is_said_and_the_answer_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    made = ask(tmp_path / "empty", talker=Talker("Yes"))
    assert made.result["sources"][0]["error"] == "empty has no documents."


def test_a_damaged_index_is_removed_and_made_anew(shelf: Path, tmp_path: Path) -> None:
    ask(shelf, talker=Talker("Yes"))
    [index] = (tmp_path / "cache").rglob("*.sqlite")
    data = bytearray(index.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    index.write_bytes(data)
    with pytest.raises(StudioError, match="damaged and was removed"):
        ask(shelf, talker=Talker("Yes"))
    assert ask(shelf, talker=Talker("Yes")).result["sources"], "control: it is whole again"
    index.write_bytes(b"no index at all" * 100)
    assert ask(shelf, talker=Talker("Yes")).result["sources"], "at once where it is none at all"


def test_a_stop_keeps_what_was_read(shelf: Path, tmp_path: Path) -> None:
    ctx: Any = Course()
    with opened(tmp_path / "index", str(shelf)) as collection:
        steps = collection.refresh(ctx, None)
        for _ in range(3):
            next(steps)
        steps.close()
    with opened(tmp_path / "index", str(shelf)) as collection:
        assert collection.count() == 2
        finished(collection.refresh(ctx, None))
        assert collection.count() == len(TOPICS)


def test_a_folder_with_too_many_documents_is_refused(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_chat.documents.collection.MAX_FILES", 3)
    ctx: Any = Course()
    with (
        opened(tmp_path / "index", str(shelf)) as collection,
        pytest.raises(BadInput, match="more than 3 documents"),
    ):
        finished(collection.refresh(ctx, None))


def test_an_index_of_another_form_is_made_anew(shelf: Path, tmp_path: Path) -> None:
    collection = Collection(tmp_path / "index", str(shelf))
    collection.close()
    [place] = (tmp_path / "index").rglob("*.sqlite")
    with sqlite3.connect(place) as index:
        index.execute("PRAGMA user_version = 99")
    again = Collection(tmp_path / "index", str(shelf))
    assert again.count() == 0
    again.close()
