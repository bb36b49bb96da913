"""Importing and exporting in the page: all or nothing, with Undo; four formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.testing.scripted import Tokens
from studio_chat.imports import formats
from studio_chat.pages.conversations.list_view import export_to

TALK = {
    "mapping": {
        "a": {
            "message": {"author": {"role": "user"}, "content": {"parts": ["Hello there"]}},
            "parent": None,
        }
    },
    "title": "Old talk",
    "update_time": 1.6e9,
}


def titles(desk: Any, **which: Any) -> list[str]:
    return [row.title for row in desk.ctx.library.conversations.list(**which)]


def imported(desk: Any, path: Path) -> None:
    desk.page.list.imports.take(path)
    desk.until(lambda: not desk.page.list.imports.busy)
    desk.settled()


def test_an_import_is_listed_opened_found_and_undone(desk: Any, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([TALK, TALK]))
    offers = desk.offers()
    imported(desk, path)
    assert titles(desk) == ["Old talk", "Old talk"]
    assert titles(desk, query="there") == ["Old talk", "Old talk"]
    desk.page.open(desk.ctx.library.conversations.list()[0].id)
    desk.settled()
    assert desk.thread() == [("user", "Hello there")]
    offers[-1]()
    desk.settled()
    assert titles(desk) == []
    assert len(titles(desk, binned=True)) == 2


def test_a_file_that_breaks_off_and_one_that_is_stopped_leave_nothing(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([TALK, {"mapping": 3}]))
    imported(desk, path)
    assert titles(desk) == titles(desk, binned=True) == []
    path.write_text(json.dumps([TALK] * 3))
    read = formats.read

    def read_then_stop(*args: Any) -> Any:
        found = read(*args)
        desk.page.list.imports.stop()
        return found

    monkeypatch.setattr(formats, "read", read_then_stop)
    said = desk.listen()
    imported(desk, path)
    assert titles(desk) == []
    assert "no conversation was imported" in said[-1]


@pytest.mark.slow
def test_a_conversation_is_exported_in_each_format_and_its_json_comes_back(
    desk: Any, tmp_path: Path
) -> None:
    answer = "Look ![x](https://example.com/x.png) <img src=https://example.com/y> **now**"
    desk.runtime.enqueue(Tokens(answer))
    desk.say("one")
    desk.runtime.enqueue(Tokens("second"))
    desk.page.regenerate()
    desk.over()
    desk.page.switch(-1)
    desk.settled()
    store, id = desk.ctx.library.conversations, desk.page.session.id
    for suffix in (".md", ".html", ".pdf", ".json"):
        export_to(store, id, tmp_path / f"talk{suffix}")
    page = (tmp_path / "talk.html").read_text()
    assert "<strong>now</strong>" in page
    assert "<img" not in page
    assert "src=" not in page.replace("&lt;img src=", "")
    assert (tmp_path / "talk.pdf").read_bytes().startswith(b"%PDF-")
    (back,) = formats.read(tmp_path / "talk.json")
    assert [m.content for m in back.messages] == ["one", answer, "second"]
    assert back.messages[1].key == back.head


def test_an_export_has_the_calls_of_tools_and_the_pictures(desk: Any, tmp_path: Path) -> None:
    store = desk.ctx.library.conversations
    id = store.create("Fox").id
    shown = {"pictures": ["/pictures/fox.png"]}
    asked = store.add_message(id, None, "user", "Draw it", extra=shown)
    made = {"word": "image-1", "id": "01AB", "kind": "image", "title": "a fox"}
    call = {"name": "image_generate", "title": "Generate", "arguments": {"prompt": "a fox"}}
    call |= {"state": "done", "told": "Drawn.", "results": [made]}
    store.add_message(id, asked.id, "assistant", "Here it is.", extra={"calls": [call]})
    for suffix in (".md", ".html", ".json"):
        export_to(store, id, tmp_path / f"talk{suffix}")
    text = (tmp_path / "talk.md").read_text("utf-8")
    assert "![fox.png](</pictures/fox.png>)" in text
    for part in ("**Generate** (done)", '{"prompt": "a fox"}', "Drawn.", "image-1: a fox", "01AB"):
        assert part in text
    assert text.index("01AB") < text.index("Here it is.")
    page = (tmp_path / "talk.html").read_text("utf-8")
    assert "<strong>Generate</strong>" in page
    assert "<img" not in page
    assert '"image_generate"' in (tmp_path / "talk.json").read_text("utf-8")
