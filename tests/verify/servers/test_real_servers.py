"""Servers that people use, as PyPI and npm carry them, installed and run in the sandbox."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.automation.tools.servers.entry import ServerEntry
from studio.protocol.errors import StudioError
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import ScriptedRuntime


def called(home: Path, entry: ServerEntry, tool: str, arguments: dict[str, Any]) -> Any:
    """Return what comes of one call of a server that was added and checked."""
    studio = Studio.open(home=home, launch=ScriptedRuntime().launch)
    said: list[Any] = []
    try:
        servers = studio.tools.servers
        servers.put(entry)
        servers.check(entry.name, said.append, said.append)
        pump_until(studio, lambda: bool(said))
        assert not isinstance(said[0], StudioError), said[0]
        call = studio.tools.call(f"{entry.name}__{tool}", arguments, conversation="c")
        call.on_done(said.append).on_failed(said.append)
        pump_until(studio, lambda: len(said) > 1)
        return said[1]
    finally:
        studio.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder that others may enter: an administrator's servers run as somebody else."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    return tmp_path


def test_a_server_of_pypi_tells_the_time(place: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(place / "env")], check=True)
    pip = str(place / "env/bin/pip")
    subprocess.run([pip, "install", "-q", "mcp-server-time>=2026,<2027"], check=True)
    entry = ServerEntry("time", str(place / "env/bin/mcp-server-time"), ("--local-timezone", "UTC"))
    told = called(place / "home", entry, "get_current_time", {"timezone": "Europe/Vienna"})
    assert '"Europe/Vienna"' in told.text


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_server_of_npm_reads_what_it_may(place: Path) -> None:
    package = "@modelcontextprotocol/server-filesystem@2026"
    npm = ["npm", "install", "--silent", "--prefix", str(place / "npm"), "--global", package]
    subprocess.run(npm, check=True)
    notes = place / "notes"
    notes.mkdir()
    for path in (notes / "a.txt", place / "b.txt"):
        path.write_text("Milk")
        path.chmod(0o644)
    program = place / "npm/bin/mcp-server-filesystem"
    entry = ServerEntry("files", str(program), (str(notes),), readable=(str(notes),))
    reads = "read_text_file"
    assert "Milk" in called(place / "home", entry, reads, {"path": f"{notes}/a.txt"}).text
    outside = called(place / "home", entry, reads, {"path": f"{place}/b.txt"})
    assert isinstance(outside, StudioError)
    wrote = {"path": f"{notes}/c.txt", "content": "Eggs"}
    assert isinstance(called(place / "home", entry, "write_file", wrote), StudioError)
    assert not (notes / "c.txt").exists(), "it may read only"
