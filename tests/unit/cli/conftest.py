"""A home of its own for each test, and the echo plugin in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.testing.plugins import importable

PLUGINS = Path(__file__).parents[2] / "plugins"
Studio = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("STUDIO_HOME", str(home))
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS / "good"))
    return home


@pytest.fixture
def command(home: Path, command: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """The command line in this process, with the toy plugins."""
    with importable(PLUGINS / "good", PLUGINS / "bad"):
        yield command


@pytest.fixture
def studio(home: Path) -> Studio:
    """Run ``python -m studio`` as a user would, with a runtime of its own."""

    def run(*words: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "studio", *words],
            input=stdin,
            env={**os.environ, **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=300,  # a busy machine
            check=False,
        )

    return run


@pytest.fixture
def here(command: Callable[..., Any], runtime_within: None) -> Studio:
    """The same in this process, runtime and all: where the process is not what is looked at."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, *command(*words))

    return run


def one_object(text: str) -> dict[str, Any]:
    """Return the only JSON object in ``text``; anything else in it fails."""
    found = json.loads(text)
    assert isinstance(found, dict)
    return found
