"""The supervisor over children that greet, die, lie and linger, without and with real processes."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from studio.base.child import (
    KEPT_LINES,
    Exit,
    ProcessChild,
    runtime_command,
    runtime_environment,
)
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import Link, handshake
from studio.protocol.messages import Cancel, Goodbye, Inspect, Inspected, Status, TextDelta
from studio.runtimes.supervisor import RESTART_SECONDS, Death, RuntimeState, Supervisor
from studio.testing import echo
from studio.testing.guards import PATIENCE
from studio.testing.inproc import InprocChild
from studio.testing.processes import gone


class Owner:
    """A supervisor and the thread that owns it: the test's."""

    def __init__(self, launch: Callable[[], Any]) -> None:
        self.posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.heard: list[Any] = []
        self.states: list[tuple[RuntimeState, str]] = []
        self.deaths: list[Death] = []
        self.stalls: list[str] = []
        self.children: list[Any] = []
        self.waits: list[float] = []
        self._launch = launch
        self.supervisor = Supervisor(
            self.launch,
            mine=echo.HELLO,
            post=self.posted.put,
            on_message=lambda received: self.heard.append(received.message),
            on_state=lambda state, reason: self.states.append((state, reason)),
            on_death=self.deaths.append,
            on_stall=self.stalls.append,
        )
        later = self.supervisor.later

        def noted_later(seconds: float, call: Callable[[], None]) -> Callable[[], None]:
            if seconds in RESTART_SECONDS:
                self.waits.append(seconds)
                seconds = 0.0
            return later(seconds, call)

        self.supervisor.later = noted_later  # type: ignore[method-assign]

    def launch(self) -> Any:
        child = self._launch()
        self.children.append(child)
        return child

    def until(self, done: Callable[[], object]) -> None:
        while not done():
            self.posted.get(timeout=PATIENCE)()

    def until_state(self, state: RuntimeState, starts: int = 1) -> None:
        self.until(lambda: self.supervisor.state is state and len(self.children) >= starts)


def echoing() -> InprocChild:
    return InprocChild(lambda link: echo.serve(link, link._writer.write))


@pytest.fixture
def owner(request: pytest.FixtureRequest) -> Iterator[Owner]:
    made = Owner(getattr(request, "param", echoing))
    yield made
    made.supervisor.stop()


# --- start and stop ---------------------------------------------------------------------------


def test_it_starts_on_demand_and_what_was_said_before_is_not_lost(owner: Owner) -> None:
    assert owner.supervisor.state is RuntimeState.OFF
    owner.supervisor.send(Inspect("1", "early"))
    owner.supervisor.send(Inspect("2", "early too"))
    owner.until(lambda: len(owner.heard) == 2)
    assert [message.request for message in owner.heard] == ["1", "2"]
    assert [state for state, _ in owner.states] == [RuntimeState.STARTING, RuntimeState.READY]
    assert owner.supervisor.hello.versions == {"echo": "1"}


def test_starting_twice_starts_once(owner: Owner) -> None:
    owner.supervisor.start()
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.supervisor.start()
    assert len(owner.children) == 1


def test_it_stops_politely_and_can_be_started_again(owner: Owner) -> None:
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.supervisor.stop()
    assert owner.supervisor.state is RuntimeState.OFF
    assert not owner.children[0]._thread.is_alive()
    owner.supervisor.send(Inspect("1", "again"))
    owner.until(lambda: owner.heard)
    assert owner.deaths == []


def test_one_that_rests_is_off_and_what_is_said_meanwhile_starts_the_next(owner: Owner) -> None:
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.supervisor.rest()
    owner.until_state(RuntimeState.OFF)
    owner.supervisor.send(Inspect("1", "again"))
    owner.until_state(RuntimeState.READY, starts=2)
    owner.supervisor.rest()
    owner.supervisor.send(Inspect("2", "while it ends"))
    owner.until(lambda: len(owner.heard) == 2)
    assert len(owner.children) == 3
    assert owner.deaths == []


def deaf(link: Link) -> None:
    handshake(link, echo.HELLO)
    while link.receive():  # takes Shutdown for small talk
        pass


def test_one_that_does_not_end_to_rest_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.runtimes.supervisor.SHUTDOWN_SECONDS", 0.01)
    owner = Owner(lambda: InprocChild(deaf))
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.supervisor.rest()
    owner.until_state(RuntimeState.OFF)
    assert not owner.children[0]._thread.is_alive()
    assert owner.deaths == []


def test_a_child_that_does_not_end_is_ended() -> None:
    owner = Owner(lambda: InprocChild(deaf))
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.supervisor.stop(timeout=0.05)
    assert not owner.children[0]._thread.is_alive()


def test_a_message_that_is_too_large_is_refused_where_it_is_said(owner: Owner) -> None:
    with pytest.raises(StudioError) as error:
        owner.supervisor.send(Cancel("x" * 10_000_000))
    assert error.value.code is ErrorCode.BAD_INPUT


def test_a_flood_is_handed_on_in_order(owner: Owner) -> None:
    def flood(link: Link) -> None:
        handshake(link, echo.HELLO)
        for number in range(5000):
            link.send(TextDelta("j", str(number)))
        link.receive()

    owner = Owner(lambda: InprocChild(flood))
    owner.supervisor.start()
    owner.until(lambda: len(owner.heard) == 5000)
    assert [message.text for message in owner.heard] == [str(n) for n in range(5000)]
    owner.supervisor.stop()


# --- death ------------------------------------------------------------------------------------


def test_death_is_told_with_its_reason_and_it_comes_back(owner: Owner) -> None:
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.children[0].die(Exit(-11, "It crashed in native code (SIGSEGV)."))
    owner.until_state(RuntimeState.READY, starts=2)
    assert [state for state, _ in owner.states] == [
        RuntimeState.STARTING,
        RuntimeState.READY,
        RuntimeState.DEAD,
        RuntimeState.STARTING,
        RuntimeState.READY,
    ]
    [death] = owner.deaths
    assert (death.code, death.reason) == (-11, "It crashed in native code (SIGSEGV).")
    owner.supervisor.send(Inspect("1", "back"))
    owner.until(lambda: owner.heard)


def test_three_deaths_in_a_short_while_and_it_is_given_up_until_the_user_says_so(
    owner: Owner,
) -> None:
    for starts in (1, 2, 3):
        owner.supervisor.start()
        owner.until_state(RuntimeState.READY, starts)
        owner.children[-1].kill()
        owner.until(lambda starts=starts: len(owner.deaths) == starts)
    owner.until_state(RuntimeState.GIVEN_UP)
    assert owner.waits == [2.0]  # the first restart is immediate
    owner.supervisor.start()
    owner.supervisor.send(Inspect("1", "kept"))
    assert owner.supervisor.state is RuntimeState.GIVEN_UP
    assert "must be restarted" in owner.supervisor.words
    owner.supervisor.restart()
    owner.until(lambda: owner.heard == [Inspected("1", {"path": "kept"})])
    assert len(owner.children) == 4


def test_deaths_long_ago_are_forgiven(owner: Owner) -> None:
    for starts in (1, 2, 3):
        owner.supervisor.start()
        owner.until_state(RuntimeState.READY, starts)
        owner.supervisor.deaths = type(owner.supervisor.deaths)(
            msgspec_replace(death, at=death.at - 301) for death in owner.supervisor.deaths
        )
        owner.children[-1].kill()
    owner.until_state(RuntimeState.READY, starts=4)
    assert owner.waits == [2.0, 10.0]


def msgspec_replace(death: Death, **changes: Any) -> Death:
    return Death(**{**vars(death), **changes})


def test_a_restart_that_was_asked_for_is_no_death(owner: Owner) -> None:
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.supervisor.restart()
    owner.until_state(RuntimeState.READY, starts=2)
    assert [death.asked for death in owner.deaths] == [True]
    assert list(owner.supervisor.deaths) == []


def test_stopping_while_it_restarts_leaves_nothing(owner: Owner) -> None:
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    owner.children[0].kill()
    owner.supervisor.stop()
    while not owner.posted.empty():
        owner.posted.get()()
    assert owner.supervisor.state is RuntimeState.OFF
    assert len(owner.children) == 1


def test_another_version_is_given_up_at_once_in_a_sentence() -> None:
    other = msgspec.structs.replace(echo.HELLO, protocol=99)
    owner = Owner(lambda: InprocChild(lambda link: echo.serve(link, print, other)))
    owner.supervisor.start()
    owner.until_state(RuntimeState.GIVEN_UP)
    assert "Two versions" in owner.supervisor.reason
    assert len(owner.children) == 1
    owner.supervisor.stop()


def test_a_farewell_with_a_reason_stands_for_the_end(owner: Owner) -> None:
    def leaves(link: Link) -> None:
        handshake(link, echo.HELLO)
        link.send(Goodbye("The graphics driver went away."))

    owner = Owner(lambda: InprocChild(leaves))
    owner.supervisor.start()
    owner.until(lambda: owner.deaths)
    assert owner.deaths[0].reason == "The graphics driver went away."
    owner.supervisor.stop()


def test_one_that_breaks_the_rules_is_ended_and_started_again(owner: Owner) -> None:
    owner.supervisor.start()
    owner.supervisor.send(Inspect("lie", "garbage"))
    owner.until_state(RuntimeState.READY, starts=2)
    assert "connection to the runtime was lost" in owner.deaths[0].reason


def test_one_that_never_greets_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.runtimes.supervisor.GREETING_SECONDS", 0.05)
    owner = Owner(lambda: InprocChild(lambda link: link.receive() and link.receive()))
    owner.supervisor.start()
    owner.until(lambda: owner.deaths)
    assert "did not respond" in owner.deaths[0].reason
    owner.supervisor.stop()


def test_one_that_cannot_be_started_is_told_in_words() -> None:
    def missing() -> Any:
        return ProcessChild(["/nonexistent/python"], {})

    owner = Owner(missing)
    owner.supervisor.start()
    owner.until_state(RuntimeState.GIVEN_UP, starts=0)
    assert "could not be started: No such file" in owner.supervisor.reason
    owner.supervisor.stop()


def test_a_stall_is_told_once_and_its_end_too(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.runtimes.supervisor.CHECK_SECONDS", 0.01)
    monkeypatch.setattr("studio.runtimes.supervisor.SILENCE", 0.05)
    speak = threading.Event()

    def falls_silent(link: Link) -> None:
        handshake(link, echo.HELLO)
        link.send(Status("cpu", "cpu", 1, 0, 1))
        while not speak.wait(0.01):
            pass
        while link.receive(0.01) is None:
            link.send(Status("cpu", "cpu", 1, 0, 1))

    owner = Owner(lambda: InprocChild(falls_silent))
    owner.supervisor.start()
    owner.until(lambda: owner.stalls)
    assert "not responded" in owner.stalls[0]
    speak.set()
    owner.until(lambda: owner.stalls[-1] == "")
    owner.supervisor.stop()


# --- real processes ---------------------------------------------------------------------------


def process(code: str, log_path: Path | None = None) -> Callable[[], ProcessChild]:
    command = [sys.executable, "-c", code]
    return lambda: ProcessChild(command, runtime_environment(), log_path)


ECHO = "from studio.testing.echo import main; main()"
ENDS = {
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": (-11, "SIGSEGV"),
    "import os; os.abort()": (-6, "SIGABRT"),
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": (-9, "killed (SIGKILL)"),
    "import sys; print('last words', file=sys.stderr); sys.exit(3)": (3, "exited with code 3"),
    "pass": (0, "exited on its own"),
}


@pytest.mark.parametrize("code", ENDS)
def test_every_end_has_its_words(code: str) -> None:
    child = process(code)()
    with pytest.raises(Exception, match="has ended"):
        child.link.receive()
    end = child.wait()
    assert end.code == ENDS[code][0]
    assert ENDS[code][1] in end.reason


def test_the_log_is_kept_in_memory_and_on_disk(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "runtime.log"
    code = (
        "import os, sys\n"
        "for n in range(1200): print('line', n, file=sys.stderr)\n"
        "os.write(2, b'\\xff no newline at the end')"
    )
    child = process(code, log)()
    child.wait()
    assert len(child.last_lines()) == KEPT_LINES
    assert child.last_lines()[-1] == "\ufffd no newline at the end"
    assert log.read_bytes().count(b"\n") == 1201
    log.write_bytes(b"x" * 2_000_000)
    process(code, log)().wait()
    assert log.with_name("runtime.log.1").stat().st_size == 2_000_000
    assert log.stat().st_size < 20_000


def test_killing_takes_the_children_of_the_child_too() -> None:
    code = (
        "import subprocess, sys\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(grandchild.pid, file=sys.stderr, flush=True)\n" + ECHO
    )
    child = process(code)()
    handshake(child.link, echo.HELLO, PATIENCE)
    while not child.last_lines():  # what it wrote to its log is read beside
        time.sleep(0.01)
    grandchild = psutil.Process(int(child.last_lines()[0]))
    assert grandchild.is_running()
    child.kill()
    child.wait()
    assert gone(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="a matter of the Linux kernel")
def test_the_kernel_would_take_the_child_first_when_memory_runs_out() -> None:
    child = process(ECHO)()
    assert Path(f"/proc/{child.pid}/oom_score_adj").read_text().strip() == "800"
    child.kill()
    child.wait()


def test_a_stopped_child_with_a_full_pipe_does_not_hold_up_the_owner() -> None:
    owner = Owner(process(ECHO))
    owner.supervisor.start()
    owner.until_state(RuntimeState.READY)
    psutil.Process(owner.children[0].pid).send_signal(signal.SIGSTOP)
    for _ in range(100):
        owner.supervisor.send(Cancel("x" * 100_000))
    owner.supervisor.stop(timeout=0.05)
    assert owner.supervisor.state is RuntimeState.OFF


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_starting_and_ending_many_times_leaks_no_descriptor() -> None:
    def once() -> None:
        child = process(ECHO)()
        handshake(child.link, echo.HELLO, PATIENCE)
        child.kill()
        child.wait()

    once()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        once()
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_command_of_the_runtime_ignores_the_folder_the_user_is_in() -> None:
    assert runtime_command()[:2] == [sys.executable, "-P"]
    assert runtime_command()[-1] == "--runtime"
