"""Commits of one file, in a repository that starts no program of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from studio_code.pages.files.file_save import save
from studio_code.pages.files.git import Repository
from studio_code.pages.files.text_format import decode


def git(folder: Path, *words: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("one\n")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-qm", "First")
    return tmp_path


def change(folder: Path, text: str) -> str:
    path = folder / "a.py"
    found = decode(path.read_bytes(), "a.py")
    return save(path, text, found.format, found.digest, root=folder, commit="Why\n\nWords").commit


def test_a_clean_repository_gets_one_commit_of_one_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("not tracked")
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\nexit 1\n")
    hook.chmod(0o755)
    name = change(folder, "two\n")
    assert name
    assert git(folder, "log", "-1", "--format=%s|%b").strip() == "Why|Words"
    assert git(folder, "show", "--name-only", "--format=", "HEAD").split() == ["a.py"]
    assert not (folder / "ran").exists()


def test_a_repository_with_changes_gets_none(folder: Path) -> None:
    (folder / "a.py").write_text("mine, not committed\n")
    assert change(folder, "two\n") == ""
    assert (folder / "a.py").read_text() == "two\n"
    assert git(folder, "rev-list", "--count", "HEAD").strip() == "1"


@pytest.mark.parametrize(
    "setting",
    [("filter.evil.clean", "touch ran"), ("core.fsmonitor", "touch ran"), ("include.path", "x")],
)
def test_a_repository_that_names_programs_gets_none(folder: Path, setting: tuple[str, str]) -> None:
    git(folder, "config", *setting)
    (folder / ".gitattributes").write_text("*.py filter=evil\n")
    assert Repository.found(folder) is None
    assert change(folder, "two\n") == ""
    assert not (folder / "ran").exists()
    assert (folder / "a.py").read_text() == "two\n"


def test_where_there_is_no_repository_or_no_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Repository.found(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert Repository.found(tmp_path) is None
