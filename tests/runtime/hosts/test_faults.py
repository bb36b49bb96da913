"""A bad plugin costs its own job and nothing else: a job of another goes on beside it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from studio.protocol.errors import ErrorCode
from studio.protocol.messages import PluginFault, TextDelta
from studio.protocol.states import JobState
from studio.testing.processes import gone
from tests.runtime.desk import Desk, Toy
from tests.runtime.hosts.conftest import ENDS, Strangers

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")

FAULTY = """
import ctypes, signal, subprocess
from studio.plugin_process import messages

def link():
    import gc
    from studio.protocol.link import Link
    return next(each for each in gc.get_objects() if isinstance(each, Link))

def hunger_of_a_child(ctx, params):
    yield ctx.text("begun")
    if os.fork() == 0:
        held = []
        while True:
            held.append(bytearray(b"x" * (32 << 20)))
    os.wait()
    time.sleep(60)

def flood(ctx, params):
    yield ctx.text("begun")
    to = link()
    while True:
        to.send(messages.Text("x"))

def garbage(ctx, params):
    yield ctx.text("begun")
    to = link()
    to._writer.write(b"x" * 1000)
    time.sleep(60)

def lies(ctx, params):
    yield ctx.text("begun")
    link().send(messages.Artifact("text", ".txt"))
    time.sleep(60)

def wrong_types(ctx, params):
    yield ctx.text("begun")
    link().send(messages.Lease(1, weights=5))
    time.sleep(60)

def prints(ctx, params):
    yield ctx.text("begun")
    while True:
        os.write(2, b"x" * (1 << 16))

def quit(ctx, params):
    yield ctx.text("begun")
    sys.exit(3)

def fail(ctx, params):
    yield ctx.text("begun")
    raise ValueError("on purpose")

def leaves_a_child(ctx, params):
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield ctx.result(pid=process.pid)

def good(ctx, params):
    yield ctx.result(pid=os.getpid())
"""

SENTENCES = {
    "exit": "It exited with code 7.",
    "crash": "SIGSEGV",
    "hunger": "more memory than it may",
    "hunger_of_a_child": "more memory than it may",
    "flood": "more messages than it may",
    "garbage": "something that is not allowed",
    "lies": "something that is not allowed",
    "wrong_types": "something that is not allowed",
    "prints": "It printed more than it may.",
    "quit": "tried to quit",
    "fail": "ValueError: on purpose",
}


class Beside:
    """A job of another plugin that makes steps until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.steps = 0

    def chat(self, ctx: Any, params: Toy) -> Iterator[Any]:
        while not self.go.is_set():
            self.steps += 1
            time.sleep(0.001)
            yield None
        yield ctx.result(steps=self.steps)


SLOW = {"hunger_of_a_child", "lies", "wrong_types", "prints", "quit"}
"""Near others that are tried each time."""


@pytest.mark.parametrize(
    "fault",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in SENTENCES],
)
def test_a_fault_is_named_and_a_job_beside_never_notices(
    desk: Desk, strangers: Strangers, fault: str
) -> None:
    desk.server._hosts.memory_limit = 256 << 20
    beside = Beside()
    desk.plugin("chat", {"chat": beside.chat})
    other = desk.submit("chat.chat")
    strangers.plugin("bad", FAULTY + ENDS)
    before = beside.steps
    end = desk.run(f"bad.{fault}")
    assert end.state is JobState.FAILED
    assert end.error is not None
    assert SENTENCES[fault] in end.error.message
    assert "bad" in end.error.message
    assert end.error.plugin == "bad"
    said = "".join(each.text for each in desk.of(end.job, TextDelta))
    assert said.startswith("begun"), "what it said before is not lost"
    assert beside.steps > before
    assert desk.run("bad.good").state is JobState.DONE, "the next job gets a fresh process"
    beside.go.set()
    assert desk.finished(other).state is JobState.DONE


TRAINING = """
import contextlib

def train(ctx, params):
    with ctx.reserve(params.number) if params.number else contextlib.nullcontext():
        held = bytearray(b"x" * (300 << 20))
        for _ in range(len(params.text)):
            time.sleep(0.05)
            yield None
        count = len(held)
        del held  # what is reserved is given back behind the block, and no more may be used then
    yield ctx.result(held=count)
"""


def test_memory_that_is_reserved_may_be_used(desk: Desk, strangers: Strangers) -> None:
    desk.server._hosts.memory_limit = 256 << 20
    strangers.plugin("lab", TRAINING)
    control = desk.run("lab.train", text="x" * 2000)
    assert control.error is not None
    assert "more memory than it may: 0.3 GB" in control.error.message
    end = desk.run("lab.train", number=512 << 20, text="x" * 20)
    assert end.result == {"held": 300 << 20}, end.error
    assert desk.server._pool._books.held == 0


def test_a_process_that_ends_is_a_fault_of_its_plugin(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin("bad", FAULTY + ENDS)
    desk.run("bad.fail")
    assert not [each for each in desk.messages if isinstance(each, PluginFault)], "the control"
    desk.run("bad.exit")
    fault = desk.wait(lambda each: isinstance(each, PluginFault))
    assert (fault.plugin, fault.where) == ("bad", "its own process")


def test_what_cannot_be_imported_is_named(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin("broken", "raise OSError('no such thing')\ndef run(ctx, params):\n    yield\n")
    end = desk.run("broken.run")
    assert end.error is not None
    assert end.error.code is ErrorCode.PLUGIN_FAILED
    assert "OSError: no such thing" in end.error.message
    strangers.plugin("killer", "os._exit(9)\ndef run(ctx, params):\n    yield\n")
    end = desk.run("killer.run")
    assert end.error is not None
    assert "exited with code 9" in end.error.message


def test_nothing_of_a_plugin_outlives_the_runtime(
    desk: Desk, strangers: Strangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    strangers.plugin("bad", FAULTY + ENDS, run_code=True)
    process = psutil.Process(desk.run("bad.good").result["pid"])
    child = psutil.Process(desk.run("bad.leaves_a_child").result["pid"])
    assert process.is_running(), "the control: it is kept for the next job"
    assert child.is_running()
    folders = list(desk.server._scratch.path.iterdir())
    assert folders, "the control: it has a folder"
    hosts = desk.server._hosts
    end = hosts._end

    def late(*where: Any) -> None:
        gone(process, 0.2)  # as it would be if the thread that started it had ended by now
        end(*where)

    monkeypatch.setattr(hosts, "_end", late)
    hosts.close()
    assert gone(process)
    assert gone(child)
    assert not any(os.path.exists(folder) for folder in folders)
