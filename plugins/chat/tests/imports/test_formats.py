"""Conversations of other programs: branches are kept, hostile files are refused with a sentence."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from studio.api import BadInput
from studio_chat.imports import archive, formats


def node(role: str, parts: list[Any], parent: str | None, at: float = 1.7e9) -> dict[str, Any]:
    said = {
        "author": {"role": role},
        "content": {"content_type": "text", "parts": parts},
        "create_time": at,
    }
    return {"message": said, "parent": parent, "children": []}


CHATGPT = {
    "title": "Trip  to Rome",
    "create_time": 1.7e9,
    "update_time": 1.7e9 + 60,
    "current_node": "d",
    "mapping": {
        "root": {"message": None, "parent": None, "children": ["s"]},
        "s": node("system", [""], "root"),
        "d": node("assistant", ["Take the train.", {"asset_pointer": "file://x"}], "b"),
        "a": node("user", ["Plan a trip."], "s"),
        "b": node("user", ["Plan a trip to Rome."], "s"),
        "c": node("assistant", ["Where to?"], "a"),
    },
}
WEB = {
    "id": "1",
    "title": "Soup",
    "updated_at": 1_700_000_000,
    "chat": {
        "system": "Be brief.",
        "history": {
            "currentId": "2b",
            "messages": {
                "1": {"role": "user", "content": "Soup?", "parentId": None, "timestamp": 1.7e9},
                "2a": {"role": "assistant", "content": "Leek.", "parentId": "1", "model": "m"},
                "2b": {"role": "assistant", "content": "Pea.", "parentId": "1", "model": "m"},
            },
        },
    },
}


def put(path: Path, whole: Any) -> Path:
    path.write_text(whole if isinstance(whole, str) else json.dumps(whole))
    return path


def zipped(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.json", text)
    return path


def test_branches_of_chatgpt_are_kept_and_its_last_message_is_shown(tmp_path: Path) -> None:
    (new,) = formats.read(put(tmp_path / "conversations.json", [CHATGPT]))
    assert new.title == "Trip to Rome"
    told = {m.key: (m.role, m.content, m.parent) for m in new.messages}
    assert told == {
        "a": ("user", "Plan a trip.", ""),
        "b": ("user", "Plan a trip to Rome.", ""),
        "c": ("assistant", "Where to?", "a"),
        "d": ("assistant", "Take the train.\n\n[picture]", "b"),
    }
    assert new.head == "d"
    assert new.updated == 1.7e9 + 60
    keys = [m.key for m in new.messages]
    assert all(not m.parent or keys.index(m.parent) < keys.index(m.key) for m in new.messages)


def test_an_export_of_open_webui_keeps_versions_and_system_prompt(tmp_path: Path) -> None:
    (new,) = formats.read(put(tmp_path / "chat-export.json", [WEB]))
    assert (new.title, new.system, new.head) == ("Soup", "Be brief.", "2b")
    assert [m.parent for m in new.messages] == ["", "1", "1"]
    assert new.messages[1].extra == {"weights": "m"}


def test_a_zip_gives_what_is_in_all_its_parts(tmp_path: Path) -> None:
    parts = {"conversations-000": json.dumps([CHATGPT]), "conversations-001": json.dumps([CHATGPT])}
    path = zipped(tmp_path / "export.zip", user="{}", **parts)
    assert len(formats.read(path)) == 2


CIRCLE = {"mapping": {k: node("user", ["x"], p) for k, p in (("a", "b"), ("b", "a"))}}
LONG = {"mapping": {"a": node("user", ["x" * 1_000_001], None)}}


@pytest.mark.parametrize(
    "whole",
    [
        "",
        "[",
        "[" * 200000,
        "null",
        "7",
        "[]",
        "[7]",
        "{}",
        '[{"mapping": 3}]',
        '{"a": "\\ud800"}',
        [CIRCLE],
        [LONG],
        [CHATGPT, {"title": "no conversation"}],
        json.dumps([CHATGPT])[:-20],
    ],
)
def test_what_is_no_whole_export_is_refused(tmp_path: Path, whole: Any) -> None:
    with pytest.raises(BadInput) as told:
        formats.read(put(tmp_path / "conversations.json", whole))
    assert "\n" not in str(told.value.message)


def test_a_chain_of_many_messages_is_read_and_dates_of_no_age_are_none(
    tmp_path: Path,
) -> None:
    chain = {"0": node("user", ["x"], None, -1e300)}
    chain |= {str(n): node("user", ["x"], str(n - 1), 1e300) for n in range(1, 20_000)}
    (new,) = formats.read(put(tmp_path / "conversations.json", [{"mapping": chain}]))
    assert len(new.messages) == 20_000
    assert {m.created for m in new.messages} == {0.0}


def test_a_zip_bomb_is_left_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "bomb.zip", conversations="[" + " " * (8 << 20) + "]")
    assert path.stat().st_size < 1 << 20
    archive.documents(path)  # the control: within the bound it is read
    monkeypatch.setattr(archive, "MAX_BYTES", 4 << 20)
    with pytest.raises(BadInput, match="too large"):
        archive.documents(path)


def test_a_zip_without_conversations_and_a_torn_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no conversations"):
        archive.documents(zipped(tmp_path / "other.zip", user="{}"))
    whole = zipped(tmp_path / "whole.zip", conversations=json.dumps([CHATGPT] * 50)).read_bytes()
    (tmp_path / "torn.zip").write_bytes(whole[:40] + bytes(20) + whole[60:])
    with pytest.raises(BadInput):
        formats.read(tmp_path / "torn.zip")
