"""The file of window and page state: comes back, and never stops the window from opening."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from studio.desktop.window import window_state
from studio.desktop.window.window_state import KnownPage, WindowState


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    state = WindowState(
        geometry=(1, 2, 900, 600),
        page="chat.page",
        pages={"chat.page": {"draft": "half a thought", "list": [1, 2]}},
        rail=(KnownPage("chat.page", "Chat", "message-square"),),
        used=["page:chat.page"],
    )
    window_state.save(tmp_path / "state.json", state)
    assert window_state.load(tmp_path / "state.json") == state
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"geometry": "wide"}', b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_no_reason_not_to_open(
    tmp_path: Path, content: bytes, caplog: Any
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with caplog.at_level(logging.CRITICAL):
        assert window_state.load(path) == WindowState()


def test_fields_of_a_newer_studio_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b'{"page": "chat.page", "hologram": true}')
    assert window_state.load(path).page == "chat.page"


def test_a_disk_that_takes_nothing_is_logged(tmp_path: Path, caplog: Any) -> None:
    window_state.save(tmp_path / "missing" / "state.json", WindowState())
    assert "could not be kept" in caplog.text


def test_a_page_that_keeps_more_than_plain_data_loses_only_this_save(
    tmp_path: Path, caplog: Any
) -> None:
    path = tmp_path / "state.json"
    window_state.save(path, WindowState(page="chat.page"))
    window_state.save(path, WindowState(pages={"bad.page": {"what": object()}}))
    assert window_state.load(path).page == "chat.page"
    assert "could not be kept" in caplog.text
