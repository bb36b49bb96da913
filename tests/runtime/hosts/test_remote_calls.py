"""A task in its plugin's own process calls tasks of others: through the job that stands for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.protocol.messages import Call, CallEnded, Cancel, Finished, Permits, Submit
from studio.protocol.states import JobState
from tests.runtime.desk import PATIENCE, Desk, Toy
from tests.runtime.hosts.conftest import Strangers

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")

CALLER = """
def ask(ctx, params):
    import array
    yield ctx.progress(0, 2)
    outcome = yield from ctx.call(
        "painter.paint", {"text": params.text}, inputs={"mood": "calm"}, title="A picture"
    )
    (picture,) = outcome.artifacts
    yield ctx.result(
        told=picture.payload.decode(),
        id=picture.id,
        kind=picture.kind,
        passed=picture.verdict.passed,
        size=outcome.result["size"],
        text=outcome.text,
    )

def catch(ctx, params):
    try:
        yield from ctx.call("painter.undeclared")
    except StudioError as error:
        yield ctx.result(caught=error.message)

def deeper(ctx, params):
    outcome = yield from ctx.call(params.text) if params.text else iter(())
    yield ctx.result(reached=params.number)
"""


class Studio:
    """Does for calls what the job board does."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._closed = threading.Event()
        self._done: set[tuple[str, int]] = set()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def close(self) -> None:
        """Answer no more; the desk has ended what was called by then."""
        self._closed.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _serve(self) -> None:
        while not self._closed.wait(0.01):
            for call in [each for each in list(self._desk.messages) if isinstance(each, Call)]:
                if (call.job, call.number) not in self._done:
                    self._done.add((call.job, call.number))
                    self._threads.append(threading.Thread(target=self._run, args=(call,)))
                    self._threads[-1].start()

    def _run(self, call: Call) -> None:
        callee = f"{call.job}-{call.number}"
        made = self._desk.blobs[id(call)]
        params = {"number": 0, "text": "", "weights": "", **call.params}
        submit = Submit(
            callee,
            call.task,
            params,
            1,
            blobs=call.blobs,
            specs=call.specs,
            whole=True,
            caller=call.job,
            call=call.number,
        )
        self._desk.messages.append(submit)
        self._desk.send(submit, made)
        end = self._desk.finished(callee)
        count = 1 if end.state is JobState.DONE and call.task == "painter.paint" else 0
        self._desk.send(
            CallEnded(
                call.job, call.number, end.state, end.error, ("saved",) * count, ("",) * count
            )
        )


def paint(ctx: Any, params: Toy) -> Iterator[Any]:
    from studio.api import Check, Verdict

    yield ctx.text("painting ")
    told = f"{params.text} {ctx.inputs.text('mood')}".encode()
    good = Verdict((Check("dry", True),))
    yield ctx.artifact("image", told, suffix=".png", verdict=good)
    yield ctx.result(size=len(told))


def forever(ctx: Any, params: Toy) -> Iterator[Any]:
    while True:
        yield None


@pytest.fixture
def studio(desk: Desk) -> Iterator[Studio]:
    desk.plugin("painter", {"paint": paint, "forever": forever})
    studio = Studio(desk)
    yield studio
    studio.close()


def test_what_comes_of_a_call_crosses_into_the_process(
    desk: Desk, strangers: Strangers, studio: Studio
) -> None:
    strangers.plugin("caller", CALLER, uses=("painter.paint",))
    end = desk.run("caller.ask", text="a boat")
    assert end.error is None
    assert end.result == {
        "told": "a boat calm",
        "id": "saved",
        "kind": "image",
        "passed": True,
        "size": 11,
        "text": "painting ",
    }


def test_a_refusal_can_be_caught_there(desk: Desk, strangers: Strangers, studio: Studio) -> None:
    strangers.plugin("caller", CALLER)
    assert "is not declared" in desk.run("caller.catch").result["caught"]


def test_stop_ends_the_process_of_a_caller_that_waits(
    desk: Desk, strangers: Strangers, studio: Studio
) -> None:
    strangers.plugin("caller", CALLER, uses=("painter.forever",))
    job = desk.submit("caller.deeper", text="painter.forever")
    desk.wait(lambda each: isinstance(each, Submit) and each.caller == job)
    desk.send(Cancel(job))
    assert desk.finished(job).state is JobState.CANCELLED
    desk.send(Cancel(f"{job}-1"))
    assert desk.finished(f"{job}-1").state is JobState.CANCELLED


def test_two_plugins_that_call_each_other_do_not_wait_for_each_other(
    desk: Desk, strangers: Strangers, studio: Studio
) -> None:
    """Each has one process, which its caller keeps: one more is started for those called."""
    there = CALLER.replace("ctx.call(params.text)", 'ctx.call("second.end")')
    back = CALLER.replace("ctx.call(params.text)", 'ctx.call("first.end")')
    end = "\ndef end(ctx, params):\n    yield ctx.result(reached=7)\n"
    strangers.plugin("first", there + end, uses=("second.end", "second.deeper"))
    strangers.plugin("second", back + end, uses=("first.end",))
    jobs = [desk.submit(f"{name}.deeper", text="x") for name in ("first", "second") * 2]
    ends = [desk.finished(job) for job in jobs]
    assert {each.state for each in ends} == {JobState.DONE}
    assert len([each for each in desk.messages if isinstance(each, Finished)]) == 8


PASSES_ON = """
def hand(ctx, params):
    own = str(params.file)
    outcome = yield from ctx.call("painter.paint", {"text": own}, inputs={"mood": ""})
    yield ctx.result(own=own, called=outcome.artifacts[0].payload.decode().strip())
"""


def test_a_file_that_was_picked_for_it_is_passed_on_by_its_real_name(
    desk: Desk, strangers: Strangers, studio: Studio, tmp_path: Path
) -> None:
    picked = tmp_path / "picked.txt"
    picked.write_text("a boat")
    strangers.plugin("caller", PASSES_ON, uses=("painter.paint",), permits=Permits(files=True))
    end = desk.finished(desk.submit("caller.hand", file=str(picked), files=("file",)))
    assert end.error is None
    assert end.result["called"] == str(picked), "what the studio knows it by"
    assert end.result["own"] != str(picked), "the control: the process has a copy"
