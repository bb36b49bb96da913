"""Commands beside an open studio: it does the work. Each beside the same command with none open."""

from __future__ import annotations

import os
import socket
import stat
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api.jobs import JobRequest
from studio.api.window.tools import Approval
from studio.base.paths import StudioPaths
from studio.cli.terminal import studio_session
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.library import Library
from studio.protocol.errors import StudioError
from studio.protocol.states import JobState
from studio.studio import Studio
from studio.terminals import OpenStudio, open_studio
from studio.terminals.connection import address, place
from studio.testing.guards import PATIENCE
from studio.testing.scripted import Artifact, Die, Result, ScriptedRuntime, Stall, Step, Tokens
from tests.unit.cli.conftest import one_object
from tests.unit.cli.terminals.conftest import Window, pressed_once, until_over
from tests.unit.machines.stand_ins import Machines

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such sockets")
Command = Callable[..., tuple[int, str, str]]


SAY = ("run", "echo.say", "--text", "hi")


def test_the_open_studio_runs_it_and_keeps_what_was_made(
    window: Window, command: Command, tmp_path: Path
) -> None:
    window.runtime.enqueue(
        Step(1, 2, "half"), Tokens("hi ", "there"), Artifact("text", b"hi there", ".txt"),
        Result(text="hi there", words=2),
    )  # fmt: skip
    code, out, err = command(*SAY, "--json", "--out", str(tmp_path / "out"))
    assert code == ExitCode.OK, err
    told = one_object(out)
    assert (told["text"], told["words"]) == ("hi there", 2)
    assert Path(told["artifacts"][0]).read_bytes() == b"hi there"
    assert "Another studio" not in err
    assert [job.record for job in window.jobs] == [told["record"]]
    assert (
        one_object(command("library", "show", told["record"], "--json")[1])["params"]["text"]
        == "hi"
    )
    window.runtime.enqueue(Tokens("one two"), Result())
    assert command(*SAY)[1].startswith("one two"), "text is shown as it is written"


def test_the_machine_that_computed_it_is_told(
    window: Window, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Machines(monkeypatch, ScriptedRuntime)
    window.do(lambda: there.add(window.studio, "box"))
    assert one_object(command(*SAY, "--json", "--on", "box")[1])["machine"] == "box"
    assert one_object(command(*SAY, "--json", "--on", "here")[1])["machine"] == ""


def test_without_an_open_studio_it_runs_alone(
    home: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beside one that does not listen, as an older one: then nothing is saved."""
    runtime = ScriptedRuntime()
    monkeypatch.setattr(Studio, "_launch", lambda studio: runtime.launch())
    runtime.enqueue(Result(text="alone"))
    assert one_object(command(*SAY, "--json")[1])["record"]
    monkeypatch.setattr(studio_session, "_PATIENCE", 0.0)
    with Library.open(StudioPaths(home)):
        runtime.enqueue(Result(text="alone"))
        _, out, err = command(*SAY, "--json")
    assert one_object(out)["record"] == ""
    assert "Another studio" in err


def test_wrong_parameters_and_failures_are_the_same_sentences(
    window: Window, command: Command
) -> None:
    code, _, err = command(*SAY, "--times", "0")
    assert code == ExitCode.BAD_INPUT
    window.runtime.enqueue(Die(), Die())
    window.runtime.enqueue(Die())
    code, _, err = command(*SAY)
    assert code not in (ExitCode.OK, ExitCode.INTERRUPTED)
    assert "echo" in err.lower() or "ended" in err


def test_ctrl_c_stops_the_job_there(window: Window, command: Command) -> None:
    window.runtime.enqueue(Tokens("begun"), Stall())

    pressed_once(lambda: bool(window.jobs and window.jobs[0].texts()))
    code, _, err = command(*SAY)
    assert code == ExitCode.INTERRUPTED
    assert "Stopped" in err
    assert window.jobs[0].state is JobState.CANCELLED


def test_a_terminal_that_is_gone_stops_its_job(window: Window, command: Command) -> None:
    window.runtime.enqueue(Tokens("begun"), Stall())
    with StudioSession().at_work() as beside:
        assert isinstance(beside, OpenStudio)
        job = beside.submit(JobRequest("echo.say", {"text": "hi"}))
        while not job.texts():
            beside.pump(0.1)
        assert window.jobs[0].is_live, "the control"
    until_over(window.jobs[0])
    assert window.jobs[0].state is JobState.CANCELLED


def test_a_studio_that_is_closed_is_a_sentence(window: Window, command: Command) -> None:
    window.runtime.enqueue(Tokens("begun"), Stall())

    def close() -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not (window.jobs and window.jobs[-1].texts()):
            time.sleep(0.01)
        window.close()

    threading.Thread(target=close).start()
    code, _, err = command(*SAY)
    assert code != ExitCode.OK
    assert "was closed" in err


def test_the_library_is_changed_by_the_open_studio(window: Window, command: Command) -> None:
    window.runtime.enqueue(Artifact("text", b"x", ".txt", title="X"), Result())
    command(*SAY, "--json")
    with Library.open(StudioPaths(window.home), read_only=True) as library:
        (made,) = library.find()
    assert command("library", "tag", "nice", made.id)[0] == ExitCode.OK
    assert one_object(command("library", "tags", "--json")[1]) == {"tags": {"nice": 1}}
    assert command("library", "collect", "Best", made.id)[0] == ExitCode.OK
    assert command("library", "erase", made.id, "--yes")[0] == ExitCode.OK
    code, _, err = command("library", "show", made.id)
    assert code == ExitCode.NOT_FOUND, err


def test_another_version_is_a_sentence_and_the_command_runs_alone(
    window: Window, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = ScriptedRuntime()
    monkeypatch.setattr(Studio, "_launch", lambda studio: runtime.launch())
    monkeypatch.setattr(open_studio.studio, "__version__", "9.9")  # of both, in one process
    monkeypatch.setattr(open_studio, "VERSION", open_studio.VERSION + 1)
    runtime.enqueue(Result(text="alone"))
    code, out, err = command(*SAY, "--json")
    assert code == ExitCode.CANNOT_SAVE
    assert "The open studio is version" in err
    assert one_object(out)["record"] == ""
    assert not window.jobs


def connect(home: Path) -> socket.socket:
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(PATIENCE)
    with address(place(home)) as name:
        link.connect(name)
    return link


def test_what_is_no_terminal_is_let_go_and_the_studio_goes_on(
    window: Window, command: Command
) -> None:
    for said in (
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("<I", 1 << 31),
        struct.pack("<I", 3) + b"abc",
    ):
        with connect(window.home) as link:
            link.sendall(said)
            assert link.recv(100) == b""
    window.runtime.enqueue(Result(text="still here"))
    assert one_object(command(*SAY, "--json")[1])["text"] == "still here"


def test_only_this_user_reaches_it(window: Window) -> None:
    path = place(window.home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    for each in (path.parent, *path.parents):
        if each.stat().st_uid == 0 and str(each) != "/":
            each.chmod(stat.S_IMODE(each.stat().st_mode) | 0o055)  # as if somebody had opened it
    path.chmod(0o777)
    asks = (
        "import socket,sys;s=socket.socket(socket.AF_UNIX);s.settimeout(60);"
        "s.connect(sys.argv[1]);print('in', s.recv(9))"
    )
    with address(path) as name:
        if name != str(path):
            pytest.skip("its path is too long for another process")
    ran = subprocess.run(
        ["python3", "-c", asks, str(path)], check=False, capture_output=True, text=True,
        user=65534, group=65534, extra_groups=[], cwd="/", timeout=PATIENCE,
    )  # fmt: skip
    assert ran.stdout == "in b''\n", "the kernel says who it is, so it is let go"
    with connect(window.home) as mine:
        mine.settimeout(0.3)
        with pytest.raises(TimeoutError):
            mine.recv(9)  # the control: this user is listened to


def press(window: Window, title: str) -> None:
    """Press a button of a notice, once there is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for notice in window.studio.notices.all:
            for action in notice.actions:
                if action.title == title:
                    window.studio.post(action.run)
                    return
        time.sleep(0.01)


def program_says(window: Window, button: str) -> JobState | StudioError:
    """Let another program ask for a task; return what came of it after a button was pressed."""
    with StudioSession().at_work() as studio:
        assert isinstance(studio, OpenStudio)
        studio.program = "A Stranger"
        if button:
            threading.Thread(target=press, args=(window, button), daemon=True).start()
        try:
            job = studio.submit(JobRequest("echo.say", {"text": "hi"}))
        except StudioError as error:
            return error
        while job.is_live:
            studio.pump(0.05)
        return job.state


@pytest.mark.slow
def test_another_program_waits_for_the_users_word(window: Window) -> None:
    assert program_says(window, "Allow once") is JobState.DONE
    assert program_says(window, "Always allow this program") is JobState.DONE
    assert program_says(window, "") is JobState.DONE, "nobody is asked again"
    assert len(window.jobs) == 3
    tool = window.studio.tools.get("echo_say")
    window.studio.tools.approvals.say(tool, "program:A Stranger", Approval.ASK)
    refused = program_says(window, "Never allow")
    assert isinstance(refused, StudioError)
    assert "The user does not allow it." in refused.message
    again = program_says(window, "")
    assert isinstance(again, StudioError)
    assert "never" in again.message
    assert len(window.jobs) == 3, "nothing ran"
