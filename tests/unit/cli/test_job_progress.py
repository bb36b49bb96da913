"""Following a job: what is drawn, and the ends that are not the job's own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api.jobs import JobRequest
from studio.cli import run
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.job_progress import JobProgress, progress_in_words
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.terminals.progress import time_left
from studio.testing.plugins import importable
from studio.testing.scripted import (
    Artifact,
    Become,
    Fail,
    ScriptedRuntime,
    Stall,
    Step,
    Tokens,
)
from tests.unit.cli.conftest import PLUGINS

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def runtime() -> ScriptedRuntime:
    return ScriptedRuntime()


@pytest.fixture
def studio(home: Path, runtime: ScriptedRuntime) -> Iterator[Studio]:
    with importable(PLUGINS / "good"):
        studio = Studio.open(home=home, launch=runtime.launch)
        yield studio
        studio.close()


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_until_text_begins(
    studio: Studio,
    runtime: ScriptedRuntime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drawn = Tty()
    monkeypatch.setattr("sys.stderr", drawn)
    monkeypatch.setattr(output, "_REDRAW_SECONDS", 0.0)
    runtime.enqueue(
        Become(JobState.WAITING, "memory"), Step(1, 4, "first"), Tokens("word"), Step(4, 4, "last")
    )
    JobProgress(studio).follow(studio.submit(JobRequest("echo.say", {"text": "x"})))
    shown = drawn.getvalue()
    assert "Waiting: memory" in shown
    assert "last" not in shown
    assert shown.rstrip(" ").endswith("\r")
    assert capsys.readouterr().out == "word\n"


def test_loading_tells_how_far_it_is() -> None:
    job: Any = SimpleNamespace(
        state=JobState.LOADING, words="Loading: checking Large", done=0.25, total=1.0
    )
    assert progress_in_words(job) == "Loading: checking Large 25%"


def test_what_is_left_is_told_in_units_that_say_something() -> None:
    told = [time_left(seconds) for seconds in (0.4, 100, 400, 7300, 358_189)]
    assert told == ["0 s left", "100 s left", "7 min left", "2 h left", "99 h left"]


def test_reader_that_leaves_stops_the_job(
    studio: Studio, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Gone())
    runtime.enqueue(Tokens("a", "b"), Stall())
    job = studio.submit(JobRequest("echo.say", {"text": "x"}))
    with pytest.raises(BrokenPipeError):
        JobProgress(studio).follow(job)
    assert job.state is JobState.CANCELLED
    assert studio.plugins.faults.all() == []


def test_runtime_that_never_starts_does_not_keep_anybody_waiting(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Studio) -> Any:
        raise OSError(2, "no such program")

    monkeypatch.setattr(Studio, "_launch", refuse)
    code, _, err = command("run", "echo.say", "--text", "x")
    assert code == ExitCode.RUNTIME_LOST
    assert "does not start" in err
    assert "doctor" in err


def test_failure_of_the_job_is_no_failure_to_follow(
    studio: Studio, runtime: ScriptedRuntime
) -> None:
    runtime.enqueue(Fail(StudioError(ErrorCode.BAD_INPUT, "No.")))
    job = studio.submit(JobRequest("echo.say", {"text": "x"}))
    JobProgress(studio).follow(job)
    assert str(job.error) == "No."


def test_what_a_stopped_job_had_finished_is_kept_and_named(
    studio: Studio, runtime: ScriptedRuntime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def opened(*, passing: bool = False) -> Iterator[Studio]:
        yield studio

    own = {"paths": studio.paths, "settings": studio.settings}
    session: Any = SimpleNamespace(plugins=studio.plugins, at_work=opened, saves=True, **own)
    studio.jobs.on_change(lambda job: job.cancel() if job.artifacts else None)
    runtime.enqueue(Artifact("text", b"half", ".txt", text="half"), Stall())
    out = tmp_path / "out"
    code = run.main(["echo.say", "--text", "half and half", "--out", str(out)], session)
    said = capsys.readouterr()
    assert code == ExitCode.CANCELLED
    (kept,) = out.glob("*.txt")
    assert kept.read_bytes() == b"half"
    assert said.out == "half\n"
    assert "finished results were saved" in said.err
    assert str(kept) in said.err
