"""Ours is what lies beside the studio and is what was built with it; a name proves nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import studio
from studio.plugins import discover
from studio.plugins.discovery import Found
from studio.plugins.plugin import Plugin, PluginState
from studio.plugins.release import LOCK, Release, digest_of, files_in

ROOT = Path(studio.__file__).parents[1]
NAMES = {"chat", "image", "music", "molecules", "code", "lab", "voice"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder as pip would leave it: the studio, and one plugin of its release."""
    site = tmp_path / "site-packages"
    resources = site / "studio" / "_resources"
    resources.mkdir(parents=True)
    package = site / "studio_chat"
    (package / "pages").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "pages" / "page.py").write_text("x = 1\n")
    digest = digest_of(package, files_in(package))
    lock = {"studio-plugin-chat": {"package": "studio_chat", "sha256": digest}}
    (resources / LOCK).write_text(json.dumps(lock))
    return site


def found(folder: Path, distribution: str = "studio-plugin-chat") -> Found:
    return Found("chat", folder.name, folder.resolve(), None, None, distribution)


def test_what_was_built_with_it_and_lies_beside_it_is_ours(site: Path) -> None:
    release, chat = Release.of(site / "studio"), found(site / "studio_chat")
    assert release.holds(chat)
    assert not release.is_imitated_by(chat)
    (site / "studio_chat" / "__pycache__").mkdir()
    (site / "studio_chat" / "__pycache__" / "page.pyc").write_text("written by Python")
    assert Release.of(site / "studio").holds(chat)


@pytest.mark.parametrize("change", ["changed", "added", "removed", "moved"])
def test_a_package_with_other_files_is_an_imitation(site: Path, change: str) -> None:
    page = site / "studio_chat" / "pages" / "page.py"
    if change == "changed":
        page.write_text("x = 2\n")
    elif change == "added":
        page.with_name("more.py").write_text("")
    elif change == "removed":
        page.unlink()
    else:
        page.rename(page.with_name("moved.py"))
    release, chat = Release.of(site / "studio"), found(site / "studio_chat")
    assert not release.holds(chat)
    assert release.is_imitated_by(chat)


def test_the_same_files_in_another_place_are_not_ours(site: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "studio_chat"
    shutil.copytree(site / "studio_chat", other)
    assert Release.of(site / "studio").is_imitated_by(found(other))


def test_a_name_of_ours_for_something_else_is_an_imitation(site: Path) -> None:
    strange = site / "studio_strange"
    strange.mkdir()
    release = Release.of(site / "studio")
    assert release.is_imitated_by(found(strange, "Studio_Plugin.Chat"))
    assert not release.is_imitated_by(found(strange, "strange")), "control: others may have plugins"


def test_from_a_checkout_the_place_decides() -> None:
    release = Release.of(ROOT / "studio")
    ours = {each.name for each in discover() if release.holds(each)}
    assert ours == NAMES


MANIFEST = """
id = "chat"
title = "Chat"
version = "9"
api = ">=1,<2"
"""


def test_a_strangers_chat_is_refused_in_safe_mode_too(tmp_path: Path) -> None:
    """The distribution is made by hand as pip would unpack it, before our own on the path."""
    strange = tmp_path / "strange"
    (strange / "studio_chat").mkdir(parents=True)
    (strange / "studio_chat" / "__init__.py").write_text("")
    (strange / "studio_chat" / "manifest.toml").write_text(MANIFEST)
    info = strange / "studio_plugin_chat-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: studio-plugin-chat\nVersion: 9\n")
    (info / "entry_points.txt").write_text("[studio.plugins]\nchat = studio_chat\n")
    before = listed(tmp_path)
    assert before["chat"]["built_in"], "control"
    after = listed(tmp_path, PYTHONPATH=str(strange))
    chats = [row for id, row in after.items() if id.startswith("chat")]
    assert chats
    assert not any(row["built_in"] or row["state"] in ("discovered", "active") for row in chats)
    assert any("name of a built-in plugin" in row["reason"] for row in chats)
    assert after["image"]["built_in"], "the others are what they were"


def listed(home: Path, **more: str) -> dict[str, dict[str, object]]:
    environment = {**os.environ, "STUDIO_HOME": str(home / "home"), **more}
    done = subprocess.run(
        [sys.executable, "-m", "studio", "--safe-mode", "plugins", "list", "--json"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {row["id"]: row for row in json.loads(done.stdout)["plugins"]}


def test_a_plugin_is_told_from_another_version_by_its_bytes(site: Path) -> None:
    def seen() -> str:
        return Plugin(
            "chat", None, PluginState.DISCOVERED, "studio_chat", folder=site / "studio_chat"
        ).digest

    before = seen()
    cache = site / "studio_chat" / "__pycache__"
    cache.mkdir()
    (cache / "page.cpython-311.pyc").write_bytes(b"written by Python")
    assert seen() == before
    (site / "studio_chat" / "pages" / "page.py").write_text("x = 2\n")
    assert seen() != before
