"""Settings: kept at once, read back as they were, and never lost with a broken file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.base.settings import KEPT_BROKEN, Settings
from studio.protocol.errors import ErrorCode, StudioError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


@pytest.mark.parametrize(
    "value", [True, 0, 1.5, "däark 🦊", None, [1, "a"], {"x": {"y": [None]}}, "", 2**53]
)
def test_what_was_set_is_there_at_the_next_start(path: Path, value: Any) -> None:
    Settings(path).set("a.key", value)
    again = Settings(path)
    assert again.get("a.key", None) == value
    assert again.is_set("a.key")
    assert again.keys("a.") == ["a.key"]
    assert again.news == []
    again.reset("a.key")
    assert not Settings(path).is_set("a.key")


@pytest.mark.parametrize(
    ("stored", "default", "got"),
    [
        ("text", 3, 3),
        (4, 3, 4),
        (4, 0.5, 4),
        ("x", 0.5, 0.5),
        (1, True, True),
        (True, 1, 1),
        ([1], "x", "x"),
        ({"a": 1}, [], []),
        ([1], (), [1]),
        (None, "x", None),
    ],
)
def test_who_asks_for_a_number_gets_one(path: Path, stored: Any, default: Any, got: Any) -> None:
    Settings(path).set("key", stored)
    assert Settings(path).get("key", default) == got


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{", b"[]", b"\xff\xfe", b'{"version": "x"}', b'{"values": 3}', b"\0" * 5000],
)
def test_a_broken_file_is_kept_and_told_about(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get("theme", "system") == "system"
    assert len(settings.news) == 1
    kept = path.with_name("settings.broken-1.json")
    assert kept.name in settings.news[0]
    assert kept.read_bytes() == content
    settings.set("theme", "dark")
    assert Settings(path).news == []
    path.write_bytes(content)
    Settings(path)
    assert path.with_name("settings.broken-2.json").exists()


def test_few_of_the_files_that_could_not_be_read_are_kept(path: Path) -> None:
    for number in range(KEPT_BROKEN + 2):
        path.write_text(f"no settings {number}")
        os.utime(path, (number, number))
        Settings(path)
    kept = sorted(each.read_text() for each in path.parent.glob("settings.broken-*.json"))
    assert kept == [f"no settings {number}" for number in range(2, KEPT_BROKEN + 2)]


def test_a_newer_file_is_read_as_far_as_it_is_understood(path: Path) -> None:
    path.write_text('{"version": 99, "values": {"theme": "dark"}, "more": 1}')
    settings = Settings(path)
    assert settings.get("theme", "system") == "dark"
    assert "newer" in settings.news[0]
    settings.set("size", 3)
    assert Settings(path).get("theme", "system") == "dark"
    assert path.with_name("settings.broken-1.json").exists()


def test_observers_hear_of_changes_only(path: Path) -> None:
    settings, heard = Settings(path), []
    end = settings.observe("look.", lambda key, value: heard.append((key, value)))
    settings.set("look.theme", "dark")
    settings.set("look.theme", "dark")
    settings.set("other", 1)
    settings.reset("look.theme")
    settings.reset("look.theme")
    end()
    settings.set("look.theme", "light")
    assert heard == [("look.theme", "dark"), ("look.theme", None)]


def test_a_plugin_sees_its_own_only(path: Path) -> None:
    settings = Settings(path)
    chat, image = settings.plugin("chat"), settings.plugin("image")
    heard = []
    chat.observe(lambda key, value: heard.append((key, value)))
    chat.set("draft.1", "hel")
    image.set("steps", 3)
    assert chat.get("draft.1") == "hel"
    assert chat.get("steps", 20) == 20
    assert chat.keys() == ["draft.1"]
    assert heard == [("draft.1", "hel")]
    chat.reset("draft.1")
    assert Settings(path).keys() == ["plugins.image.steps"]


def test_two_studios_do_not_take_back_each_others_settings(path: Path) -> None:
    one, two = Settings(path), Settings(path)
    one.set("a", 1)
    two.set("b", 2)
    one.set("c", 3)
    again = Settings(path)
    assert [again.get(key, 0) for key in "abc"] == [1, 2, 3]


def test_what_is_not_plain_data_is_refused(path: Path) -> None:
    settings = Settings(path)
    with pytest.raises(StudioError, match="cannot be saved") as caught:
        settings.set("key", object())
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert not settings.is_set("key")


def test_a_disk_that_refuses_costs_the_restart_not_the_session(path: Path) -> None:
    settings, heard = Settings(path), []
    settings.observe("", lambda key, value: heard.append(key))
    path.with_name(f".{path.name}.{os.getpid()}.part").mkdir()  # where root may not write, either
    with pytest.raises(StudioError, match="Could not save the settings"):
        settings.set("theme", "dark")
    assert settings.get("theme", "system") == "dark"
    assert heard == ["theme"]


def test_a_kill_right_after_set_loses_nothing(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from studio.base.settings import Settings\n"
        "Settings(Path(sys.argv[1])).set('draft', 'half a sentence')\n"
        "os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, 'SIGKILL') else signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False, env=os.environ)
    assert done.returncode != 0
    assert Settings(path).get("draft", "") == "half a sentence"
    assert [found.name for found in path.parent.iterdir() if "part" in found.name] == []


def test_what_another_process_has_set_is_taken_over_and_told(tmp_path: Path) -> None:
    mine, other = Settings(tmp_path / "s.json"), Settings(tmp_path / "s.json")
    heard: list[tuple[str, object]] = []
    mine.observe("", lambda key, value: heard.append((key, value)))
    other.set("plugins.off", {"poem": True})
    assert mine.get("plugins.off", {}) == {}
    mine.refresh()
    mine.refresh()
    assert mine.get("plugins.off", {}) == {"poem": True}
    assert heard == [("plugins.off", {"poem": True})]


@pytest.mark.parametrize("kind", ["device", "pipe", "folder", "large", "deep"])
def test_what_is_no_settings_file_is_put_aside_at_once(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(8 << 30)
    else:
        path.write_text(f'{{"version": 1, "values": {{"a": {"[" * 100_000}{"]" * 100_000}}}}}')
    settings = Settings(path)
    assert settings.get("theme", "system") == "system"
    assert "could not be read" in settings.news[0]
    assert "settings.broken-1.json" in settings.news[0]
    settings.set("theme", "dark")
    assert Settings(path).get("theme", "system") == "dark"
