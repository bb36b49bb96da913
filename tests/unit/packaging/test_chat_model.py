"""The chat model of the set-up: skipped by a key, and then settled."""

from __future__ import annotations

import os
import sys

import pytest
from studio_setup import chat_model
from studio_setup.console import Console
from studio_setup.project import Project

from tests.unit.packaging.conftest import RecordingConsole

DOWNLOAD = """#!/bin/sh
trap 'echo interrupted >> "{notes}"; exit 130' INT
echo "Coder: 3% of 1.1 GB"
while :; do sleep 0.05; done
"""


@pytest.fixture(autouse=True)
def _no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_STARTER", raising=False)


def test_the_environment_skips_it(
    project: Project, console: RecordingConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not chat_model.is_settled(project)
    monkeypatch.setenv("STUDIO_STARTER", "small")
    assert chat_model.is_settled(project)
    assert chat_model.ensure(console, project) == "skipped; the window offers it"
    assert console.commands == []


def test_once_it_is_there_nothing_asks_for_it(project: Project, console: RecordingConsole) -> None:
    chat_model.ensure(console, project)
    chat_model.ensure(console, project)
    assert [command[2:] for command in console.commands] == [
        ["studio", "models", "get", "best", "--progress"]
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_a_key_stops_the_download_as_ctrl_c_does(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pty

    person, terminal = pty.openpty()
    project.scripts.mkdir(parents=True)
    notes = project.root / "notes"
    project.python.write_text(DOWNLOAD.format(notes=notes))
    project.python.chmod(0o755)
    with os.fdopen(terminal, "r+b", buffering=0) as raw, open(terminal, "w", closefd=False) as out:
        monkeypatch.setattr(sys, "stdin", raw)
        monkeypatch.setattr(sys, "stdout", out)
        console = Console(project.log, steps=4, out=out)
        seen = False

        def redraw(tail: object) -> None:
            nonlocal seen
            if tail and not seen:  # it runs, and can be interrupted
                seen = True
                os.write(person, b"xS")

        monkeypatch.setattr(console, "_redraw", redraw)
        assert chat_model.ensure(console, project) == "skipped; the window offers it"
        out.flush()
        assert b"Press S to skip" in os.read(person, 4096)
    os.close(person)
    assert notes.read_text() == "interrupted\n"
    assert chat_model.is_settled(project)
