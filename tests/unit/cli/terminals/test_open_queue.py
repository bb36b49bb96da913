"""``studio queue`` and ``studio chat`` beside an open studio: it does the work."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api.jobs import JobRequest
from studio.base.paths import StudioPaths
from studio.cli.terminal.exit_code import ExitCode
from studio.jobs.queue_start import QueueStart
from studio.library import Library
from studio.library.rows import MessageState
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import JobState, Priority
from studio.testing.guards import PATIENCE
from studio.testing.scripted import Artifact, Fail, Result, Stall, Tokens
from tests.unit.cli.conftest import one_object
from tests.unit.cli.terminals.conftest import Window, pressed_once, until, until_over

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such sockets")
Command = Callable[..., tuple[int, str, str]]


WORKFLOW = """
name = "Say"
[input]
kind = "text"
[[step]]
id = "first"
task = "echo.say"
params = { text = "{input}" }
"""


def _rows(command: Command, *words: str) -> list[str]:
    code, out, err = command("queue", *words, "--json")
    assert code == ExitCode.OK, err
    return [each["title"] for each in one_object(out)["waiting"]]


def test_the_queue_is_changed_where_it_is_at_work(window: Window, command: Command) -> None:
    window.do(lambda: window.studio.take_up_queue(QueueStart.GO_ON))
    assert _rows(command, "pause") == []
    assert window.studio.jobs.queue.paused
    for title in ("one", "two", "three"):
        asked = JobRequest("echo.say", {"text": title}, title, Priority.NORMAL)
        window.do(lambda asked=asked: window.studio.submit(asked))  # type: ignore[misc]
    waiting = {job.title: job for job in window.jobs}
    ids = {title: job.id for title, job in waiting.items()}
    until(lambda: len(window.studio.jobs.queue.waiting()) == 3)  # their inputs are stored first
    assert _rows(command, "list") == ["one", "two", "three"]
    assert _rows(command, "move", ids["three"], "1") == ["three", "one", "two"]
    assert _rows(command, "prioritise", ids["two"], "high") == ["two", "three", "one"]
    assert [job.title for job in window.studio.jobs.queue.waiting()] == ["two", "three", "one"]
    assert _rows(command, "cancel", ids["one"]) == ["two", "three"]
    assert waiting["one"].state is JobState.CANCELLED
    _rows(command, "pause", ids["two"])
    window.runtime.enqueue(Result())
    assert _rows(command, "resume")[:1] == ["two"], "that one is still held"
    assert not window.studio.jobs.queue.paused
    code, _, err = command("queue", "cancel", "nonsense")
    assert code == ExitCode.NOT_FOUND, err


def test_the_open_studio_runs_its_queue_and_what_failed_once_more(
    window: Window, command: Command
) -> None:
    window.do(lambda: window.studio.take_up_queue(QueueStart.GO_ON))
    assert "The queue is empty." in command("queue", "run")[1]
    window.runtime.enqueue(Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "Not enough memory.")))
    asked = JobRequest("echo.say", {"text": "one"}, "one", Priority.NORMAL)
    window.do(lambda: window.studio.submit(asked))  # type: ignore[arg-type] # returns a job
    until_over(window.jobs[0])
    assert "The queue is empty." in command("queue", "run")[1], "what is over is not told again"
    window.runtime.enqueue(Artifact("text", b"x", ".txt", title="X"), Result())
    code, out, err = command("queue", "run", "--retry", "--json")
    assert code == ExitCode.OK, err
    [job] = one_object(out)["jobs"]
    assert (job["title"], job["state"], len(job["artifacts"])) == ("one", "done", 1)
    window.do(window.studio.jobs.queue.pause)
    window.do(lambda: window.studio.submit(asked))  # type: ignore[arg-type]
    code, out, _ = command("queue", "run")
    assert (code, "Nothing in the queue can run." in out) == (ExitCode.OK, True)


def test_a_workflow_runs_in_the_open_studio_and_the_library_is_rebuilt_there(
    window: Window, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "say.toml").write_text(WORKFLOW)
    (tmp_path / "list.txt").write_text("one\ntwo\n")
    words = ("workflow", "run", str(tmp_path / "say.toml"), "--inputs", str(tmp_path / "list.txt"))
    window.runtime.enqueue(Artifact("text", b"1", ".txt", title="1"), Result())
    window.runtime.enqueue(Fail(StudioError(ErrorCode.BAD_INPUT, "That cannot be said.")))
    code, out, err = command(*words, "--json")
    assert code == ExitCode.FAILED, err
    run = one_object(out)
    assert (run["state"], [row["state"] for row in run["rows"]]) == ("done", ["done", "failed"])
    assert [asked.task for asked in window.runtime.submitted] == ["echo.say"] * 2
    window.runtime.enqueue(Artifact("text", b"2", ".txt", title="2"), Result())
    code, out, err = command("workflow", "resume", run["run"], "--retry")
    assert code == ExitCode.OK, out + err
    assert len(window.runtime.submitted) == 3
    code, _, err = command("workflow", "resume", "nonsense")
    assert code == ExitCode.NOT_FOUND, err
    assert command("workflow", "forget", run["run"])[0] == ExitCode.OK
    assert "No workflow has run yet" in command("workflow", "list")[1]
    code, out, err = command("library", "rebuild", "--json")
    assert code == ExitCode.OK, err
    assert one_object(out)["kinds"] == {"text": 2}


def test_ctrl_c_stops_a_run_there(window: Window, command: Command, tmp_path: Path) -> None:
    (tmp_path / "say.toml").write_text(WORKFLOW)
    (tmp_path / "list.txt").write_text("one\n")
    window.runtime.enqueue(Tokens("begun"), Stall())
    jobs = window.studio.jobs
    pressing = pressed_once(lambda: any(job.texts() for job in jobs.jobs()))
    code, out, err = command(
        "workflow", "run", str(tmp_path / "say.toml"), "--inputs", str(tmp_path / "list.txt")
    )
    pressing.join(PATIENCE)
    assert code == ExitCode.INTERRUPTED, out + err
    assert "`studio workflow resume" in err
    assert [job.state for job in jobs.jobs()] == [JobState.CANCELLED]


def test_a_conversation_is_kept_by_the_open_studio(
    window: Window,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("studio_chat", reason="the chat plugin is not installed")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "tiny.gguf").write_bytes(b"GGUF" + bytes(60))
    monkeypatch.setenv("STUDIO_WEIGHTS", str(tmp_path / "weights"))
    window.do(window.studio.weights.rescan)
    window.runtime.enqueue(Tokens("Hel", "lo"), Result(text="Hello", tokens=2))
    window.runtime.enqueue(Tokens("Bye"), Result(text="Bye"))
    monkeypatch.setattr("sys.stdin", io.StringIO("Hi\n/system Be brief.\nAnd now?\n"))
    code, out, err = command("chat")
    assert code == ExitCode.OK, err
    assert out == "Hello\nBye\n", err
    assert [job.task for job in window.jobs] == ["chat.reply"] * 2
    with Library.open(StudioPaths(window.home), read_only=True) as library:
        (conversation,) = library.conversations.list()
        thread = library.conversations.thread(conversation.id)
        said = [(message.role, message.content) for message in thread]
    assert said[::3] == [("user", "Hi"), ("assistant", "Bye")]
    assert {message.state for message in thread} == {MessageState.COMPLETE}
    assert conversation.system == "Be brief."
    sent = window.runtime.inputs_of(window.runtime.submitted[1]).json("messages", list, [])
    assert [each["content"] for each in sent] == ["Hi", "Hello", "And now?"]


def test_a_result_is_made_again_by_the_open_studio(window: Window, command: Command) -> None:
    for _ in range(2):
        window.runtime.enqueue(Artifact("text", b"x", ".txt", title="X"), Result())
    first = one_object(command("run", "echo.say", "--text", "hi", "--json")[1])
    code, out, err = command("library", "rerun", first["record"], "--json")
    assert code == ExitCode.OK, out + err
    assert one_object(out)["verdict"] == "identical"
    assert [job.task for job in window.jobs] == ["echo.say"] * 2
    one, two = window.runtime.submitted
    assert one.seed == two.seed


def test_a_backup_is_made_beside_the_open_studio(
    window: Window, command: Command, tmp_path: Path
) -> None:
    window.runtime.enqueue(Artifact("text", b"x", ".txt", title="X"), Result())
    command("run", "echo.say", "--text", "hi")
    code, out, err = command("library", "backup", str(tmp_path / "copy"))
    assert code == ExitCode.OK, err
    assert "verified" in out
    with Library.open(StudioPaths(tmp_path / "copy"), read_only=True) as library:
        assert [each.title for each in library.find()] == ["X"]
