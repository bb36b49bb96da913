"""What the studio keeps is for its user alone, even in a home that others may look into."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api import Params
from studio.api.artifacts import NewArtifact
from studio.api.jobs import JobRequest
from studio.api.manifest import TaskEntry
from studio.base.child import ProcessChild
from studio.cli.terminal.log import log_to
from studio.plugins.crash_journal import CrashJournal
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import Artifact, ScriptedRuntime

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
OTHERS = 0o077


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home made by hand, with the permissions that ``mkdir`` gives on most systems."""
    before = os.umask(0o022)
    home = tmp_path / "home"
    home.mkdir()
    yield home
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Return what others can read: files whose folders, up to ``folder``, let them in."""
    found = []
    for path in folder.rglob("*"):
        ways = [path, *(p for p in path.parents if folder in p.parents)]
        if path.is_file() and all(way.stat().st_mode & OTHERS for way in ways):
            found.append(path.relative_to(folder).as_posix())
    return found


def test_the_control_sees_an_open_file(home: Path) -> None:
    (home / "open").mkdir()
    (home / "open" / "file").write_text("")
    assert open_to_others(home) == ["open/file"]


def test_library_and_settings_are_private_and_passing_results_no_file(home: Path) -> None:
    scripted = ScriptedRuntime()
    studio = Studio.open(home=home, launch=scripted.launch)
    studio.settings.set("theme", "dark")
    studio.library.add_artifact(NewArtifact("text", b"a secret", suffix=".txt", title="A secret"))
    talk = studio.library.conversations.create("A secret")
    studio.library.conversations.begin_reply(talk.id, None).append("a secret")
    scripted.enqueue(Artifact("text", b"a secret", ".txt"))
    entry = TaskEntry("toy.run", "Run", "toy:Run")
    job = studio.jobs.submit("toy", entry, Params(), JobRequest(entry.id, keep=False))
    pump_until(studio, lambda: job.state is JobState.DONE)
    assert not (home / "cache" / "results").exists(), "what is not to be kept is written nowhere"
    studio.library.backup(home / "copy")
    assert open_to_others(home) == []
    studio.close()


def test_logs_and_journals_are_private(home: Path) -> None:
    log = log_to(home / "logs" / "cli.log")
    logging.getLogger("studio").warning("a secret")
    log.close()
    logging.getLogger().removeHandler(log)
    child = ProcessChild(
        [sys.executable, "-c", "import sys; sys.exit('a secret')"],
        dict(os.environ),
        home / "traces" / "runtime.log",
    )
    child.link.finish()
    child.wait()
    with CrashJournal(home / "journals").loading("toy", "toy.plugin"):
        assert open_to_others(home) == []
    written = {path.name for path in home.rglob("*") if path.is_file()}
    assert written == {"cli.log", "runtime.log"}
