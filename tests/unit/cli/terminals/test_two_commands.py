"""Two commands at once in one home, without a window: what either makes is kept."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api.jobs import JobRequest
from studio.base.paths import StudioPaths
from studio.cli.chat import Chat
from studio.cli.terminal import studio_session
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.library import Library
from studio.studio import Studio
from studio.terminals import OpenStudio
from studio.testing.guards import PATIENCE
from studio.testing.scripted import Artifact, Result, ScriptedRuntime, Stall, Tokens
from tests.unit.cli.conftest import Studio as Run
from tests.unit.cli.conftest import one_object

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such sockets")
Command = Callable[..., tuple[int, str, str]]
SAY = ("run", "echo.say", "--text", "hi")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> ScriptedRuntime:
    made = ScriptedRuntime()
    monkeypatch.setattr(Studio, "_launch", lambda studio: made.launch())
    return made


class First:
    """A command at work, on a thread: ``go`` lets it come to its end."""

    def __init__(self) -> None:
        self.go, self.ready, self.over = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.ready.wait(PATIENCE)

    def _run(self) -> None:
        with StudioSession().at_work() as studio:
            assert isinstance(studio, Studio)
            self.ready.set()
            while not self.go.is_set():
                studio.pump(0.02)
        self.over.set()

    def end(self) -> None:
        self.go.set()
        self._thread.join(PATIENCE)
        assert self.over.is_set()


def test_the_second_is_done_by_the_first_and_kept(
    runtime: ScriptedRuntime, command: Command, home: Path
) -> None:
    first = First()
    runtime.enqueue(Artifact("text", b"second", ".txt"), Result(text="second"))
    code, out, err = command(*SAY, "--json")
    first.end()
    assert (code, err) == (ExitCode.OK, "")
    told = one_object(out)
    assert Path(told["artifacts"][0]).read_bytes() == b"second"
    with Library.open(StudioPaths(home), read_only=True) as library:
        assert library.records.get(told["record"]).task == "echo.say"


def test_the_first_stays_until_the_second_is_done(
    runtime: ScriptedRuntime, command: Command, home: Path
) -> None:
    first = First()
    runtime.enqueue(Tokens("begun"), Stall())
    with StudioSession().at_work() as second:
        assert isinstance(second, OpenStudio)
        job = second.submit(JobRequest("echo.say", {"text": "hi"}))
        while not job.texts():
            second.pump(0.1)
        first.go.set()
        assert not first.over.wait(0.5)
        second.cancel(job)
        while job.is_live:
            second.pump(0.1)
    first.end()


def test_one_that_ends_is_waited_for(
    runtime: ScriptedRuntime, command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It listens no more, and has the library for another moment."""
    held = Library.open(StudioPaths(home))
    monkeypatch.setattr("studio.cli.terminal.studio_session.time.sleep", lambda _: held.close())
    runtime.enqueue(Result(text="alone"))
    code, out, _ = command(*SAY, "--json")
    assert code == ExitCode.OK
    assert one_object(out)["record"]


def test_what_cannot_be_kept_is_no_success_and_lies_where_out_says(
    runtime: ScriptedRuntime,
    command: Command,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studio_session, "_PATIENCE", 0.0)
    with Library.open(StudioPaths(home)):  # a studio that does not listen
        runtime.enqueue(Artifact("text", b"copy", ".txt"), Result(text="copy"))
        code, out, err = command(*SAY, "--json", "--out", str(tmp_path / "out"))
    assert code == ExitCode.CANNOT_SAVE
    assert [Path(path).read_bytes() for path in one_object(out)["artifacts"]] == [b"copy"]
    assert "cannot be saved" in err


def test_a_talk_does_not_depend_on_a_command_that_ends(
    runtime: ScriptedRuntime, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = First()
    monkeypatch.setattr("studio.cli.terminal.studio_session.time.sleep", lambda _: first.end())
    with StudioSession().at_work(talks=True) as studio:
        assert isinstance(studio, Studio)
        assert not studio.library.read_only


def test_a_talk_that_waits_for_words_works_for_others(
    runtime: ScriptedRuntime, command: Command
) -> None:
    told = []

    def beside() -> None:
        runtime.enqueue(Result(text="beside"))
        with StudioSession().at_work() as second:
            job = second.submit(JobRequest("echo.say", {"text": "hi"}))
            while job.is_live:
                second.pump(0.1)
        told.append(job.result["text"])

    with StudioSession().at_work(talks=True) as studio:
        chat = Chat(studio, {})
        with chat._at_work_for_others():  # the user types
            thread = threading.Thread(target=beside)
            thread.start()
            thread.join(PATIENCE)
    assert told == ["beside"]


def test_two_processes_at_once_keep_both(studio: Run, home: Path) -> None:
    done = []
    threads = [
        threading.Thread(target=lambda: done.append(studio(*SAY, "--json"))) for _ in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    records = {json.loads(each.stdout)["record"] for each in done}
    with Library.open(StudioPaths(home), read_only=True) as library:
        assert {library.records.get(id).id for id in records} == records
    assert len(records) == 2
