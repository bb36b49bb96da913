"""An author's way, and then a user's, with a studio open all the while: no wrong sentence on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.cli.terminal.exit_code import ExitCode
from studio.plugins import PluginState
from studio.testing.processes import without_torch
from studio.testing.scripted import Result
from tests.unit.cli.terminals.conftest import Window

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="there are no such sockets"),
]
WRONG = ("Traceback", "already used", "found beside it", "no task called", "INTERNAL", "no earlier")
Studio = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    without_torch(tmp_path / "without", monkeypatch)
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def studio(home: Path, tmp_path: Path) -> Studio:
    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *(words if words[0] == "pip" else ("studio", *words))],
            cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            timeout=300, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert [each for each in WRONG if each in said] == [], said
        return said

    return run


@pytest.fixture
def window(home: Path) -> Iterator[Window]:
    made = Window(home)
    yield made
    made.close()


def build(studio: Studio, project: Path) -> str:
    words = ("--no-build-isolation", "--no-deps", "--no-index", "-w", str(project / "dist"))
    studio("pip", "wheel", str(project), *words)
    return str(max((project / "dist").glob("*.whl")))


def test_from_a_template_to_the_undo_of_its_removal(
    studio: Studio, tmp_path: Path, window: Window
) -> None:
    def state(version: str = "") -> PluginState | None:
        plugins = {each.id: each for each in window.studio.plugins.plugins}
        assert len(plugins) == len(window.studio.plugins.plugins), "each is listed once"
        plugin = plugins.get("mill")
        assert plugin is None or not version or plugin.version == version
        return plugin.state if plugin else None

    project, manifest = tmp_path / "mill", tmp_path / "mill/studio_mill/manifest.toml"
    studio("plugins", "new", "mill")
    assert "no mistakes found" in studio("plugins", "check", str(project))
    words = ("plugins", "try", "mill", "--task", "mill.shuffle", "one two", "--out", "results")
    tried = studio(*words, code=int(ExitCode.CANNOT_SAVE))  # what is tried is kept as files
    assert "saved    " in tried
    assert "does not have the plugins that this command tries. They run beside it." in tried
    assert state() is None

    wheel = build(studio, project)
    assert "no mistakes found" in studio("plugins", "check", wheel)
    installed = studio("plugins", "install", wheel, "--yes")
    assert "It is off." in installed
    assert state() is PluginState.DISABLED, installed
    assert "Mill is on." in studio("plugins", "on", "mill")
    assert state("0.1.0") is PluginState.DISCOVERED
    window.runtime.enqueue(Result())
    studio("run", "mill.shuffle", "one two")
    assert [job.plugin for job in window.jobs] == ["mill"]

    text = manifest.read_text("utf-8")
    wider = text.replace('version = "0.1.0"', 'version = "0.2.0"\nuses = ["chat.reply"]')
    assert wider != text
    manifest.write_text(wider, "utf-8")
    toml = project / "pyproject.toml"
    toml.write_text(toml.read_text("utf-8").replace('"0.1.0"', '"0.2.0"', 1), "utf-8")
    update = ("plugins", "update", build(studio, project), "--yes")
    refused = studio(*update, code=2)
    assert "run tasks of other plugins (chat.reply) (new)" in refused
    assert "Add --trust" in refused
    assert state("0.1.0") is PluginState.DISCOVERED
    assert "Updated Mill to 0.2.0." in studio(*update, "--trust")
    assert state("0.2.0") is PluginState.DISCOVERED

    assert "mill: 0.2.0 → 0.1.0" in studio("plugins", "rollback")
    assert state("0.1.0") is PluginState.DISCOVERED
    assert "`studio plugins rollback` brings it back" in studio("plugins", "remove", "mill")
    assert state() is None
    assert "mill: not installed → 0.1.0" in studio("plugins", "rollback")
    assert state("0.1.0") is PluginState.DISCOVERED
    listed = studio("plugins", "list")
    assert listed.count("mill") == 2, "its id, and its distribution"
    assert "Freed" in studio("plugins", "clean", "--yes")
    window.runtime.enqueue(Result())
    studio("run", "mill.shuffle", "three four")
