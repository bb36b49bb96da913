"""Fixtures for the set-up: a tiny checkout, and a console that records instead of running."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from studio_setup.console import Console
from studio_setup.display import X_PORT
from studio_setup.project import Project

PYPROJECT = """
[build-system]
requires = ["hatchling>=1.26"]
[project]
name = "{name}"
version = "1"
dependencies = ["numpy"]
[tool.ruff]
line-length = 100
"""


class RecordingConsole(Console):
    """Keeps the commands and what was said; `answer(command)` may raise or have effects."""

    def __init__(self, log: Path) -> None:
        self.text = io.StringIO()
        super().__init__(log, steps=3, out=self.text)
        self.commands: list[list[str]] = []
        self.answer: Callable[[list[str]], object] = lambda command: None

    def run(
        self,
        command: Sequence[str],
        failing: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> list[str]:
        self.commands.append(list(command))
        self.answer(list(command))
        return []

    @property
    def said(self) -> str:
        return self.text.getvalue()


def write_package(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A checkout with two plugins and a folder that is none."""
    root = write_package(tmp_path / "checkout", "offline-studio")
    write_package(root / "plugins/zither", "studio-plugin-zither")
    write_package(root / "plugins/chat", "studio-plugin-chat")
    (root / "plugins/notes").mkdir()
    (root / "packaging").mkdir()
    (root / "packaging/constraints.txt").write_text("numpy==2.0\n")
    return Project(root)


@pytest.fixture
def display() -> Iterator[str]:
    """The name of an X display that answers, as a forwarded one would."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1] - X_PORT}.0"


@pytest.fixture
def console(project: Project) -> RecordingConsole:
    return RecordingConsole(project.log)
