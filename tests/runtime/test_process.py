"""The runtime as a process: poor environments, noise, the end of its studio, no orphans."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import (
    Cancel,
    Configure,
    Goodbye,
    Inspect,
    Inspected,
    Shutdown,
    Status,
    Submit,
    TextDelta,
    WeightsEntry,
    WorkerEntry,
)
from studio.protocol.states import JobState, Lane
from studio.testing.processes import gone
from tests.runtime.process import PATIENCE, RuntimeProcess

pytestmark = [pytest.mark.torch, pytest.mark.e2e]

NOISY = """
import ctypes, os, re, subprocess, sys, time
from studio.api import Params, hookimpl

print("printed at import")

class Toy(Params):
    weights: str = ""

def noisy(ctx, params):
    print("printed")
    os.write(1, b"written to descriptor 1")
    subprocess.run([sys.executable, "-c", "print('printed by a child')"], check=True)
    yield ctx.text(str(sys.stdin.read()))
    yield ctx.result(fine=True)

def stuck(ctx, params):
    yield ctx.text("stuck now")
    while True:
        time.sleep(60)
    yield

def deaf(ctx, params):
    # Keeps Python's lock for as long as the world stands, with a child beside it.
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield ctx.text(str(child.pid))
    about_to_call()
    re.fullmatch("(a|aa)+", "a" * 200 + "b")
    yield

def waiting(ctx, params):
    # Keeps Python's lock in a call that waits for a writer who never comes.
    path = os.path.join(str(ctx.scratch), "pipe")
    os.mkfifo(path)
    yield ctx.text("waits now")
    about_to_call()
    ctypes.PyDLL(None).open(path.encode(), os.O_RDONLY)
    yield

def about_to_call():
    open(os.path.join(os.environ["TMPDIR"], "called"), "x").close()

def endless(ctx, params):
    while True:
        yield ctx.text("x")

def leasing(ctx, params):
    with ctx.lease(params.weights):
        yield None

@hookimpl
def studio_tasks():
    tasks = (noisy, stuck, endless, leasing, deaf, waiting)
    return {f"toy.{task.__name__}": task for task in tasks}
"""
LIGHT = "import sys\nsys.modules['torch'] = None"
"""What ends and what does not is the same without torch, which takes seconds to import."""
HASTY = f"{LIGHT}\nfrom studio.runtime import parent_watch\nparent_watch.PATIENCE = 0.3"
"""Nothing comes to an orderly end where Python's lock is kept: no need to wait for it for long."""
TASKS = ("noisy", "stuck", "endless", "leasing", "deaf", "waiting")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RuntimeProcess]]:
    """Start runtimes that know the plugin ``toy``."""
    (tmp_path / "noisy_worker.py").write_text(NOISY)
    started = []

    def start(before: str = "") -> RuntimeProcess:
        runtime = RuntimeProcess(tmp_path, before=before, path=[tmp_path])
        started.append(runtime)
        runtime.greet()
        tasks = {f"toy.{name}": "noisy_worker:Toy" for name in TASKS}
        weights = tmp_path / "weights.bin"
        weights.write_bytes(b"no weights")
        runtime.send(
            Configure(
                (WorkerEntry("toy", "noisy_worker", tasks),), (WeightsEntry("w", str(weights)),)
            )
        )
        return runtime

    yield start
    for runtime in started:
        runtime.close()


@pytest.mark.parametrize("module", ["studio.runtime.main", "studio.runtime.server"])
def test_the_runtime_greets_before_it_loads_anything_heavy(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "heavy = {'torch', 'numpy', 'PySide6', 'transformers', 'tokenizers', 'studio.studio'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_torch_light_tasks_work_print_to_the_log_and_leases_say_why(
    start: Callable[..., RuntimeProcess],
) -> None:
    runtime = start(LIGHT)
    runtime.send(Submit("a", "toy.noisy", {}, 1))
    end = runtime.finished("a")
    assert (end.state, end.result) == (JobState.DONE, {"fine": True})
    assert not [each for each in runtime.messages if isinstance(each, TextDelta)], "nothing to read"
    log = runtime.log.read_text()
    for noise in ("printed at import", "printed", "written to descriptor 1", "printed by a child"):
        assert noise in log
    runtime.send(Submit("b", "toy.leasing", {"weights": "w"}, 1))
    error = runtime.finished("b").error
    assert error is not None
    assert error.code is ErrorCode.NO_DEVICE
    assert "PyTorch" in error.message
    assert error.hint


def test_it_ends_when_its_studio_is_gone_even_in_the_middle_of_a_step(
    start: Callable[..., RuntimeProcess],
) -> None:
    runtime = start(LIGHT)
    runtime.send(Submit("a", "toy.stuck", {}, 1))
    runtime.wait(lambda each: isinstance(each, TextDelta))
    runtime.link.close()
    assert runtime.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("task", ["deaf", "waiting"])
def test_it_does_not_outlive_its_studio_when_a_call_keeps_pythons_lock(
    start: Callable[..., RuntimeProcess], task: str
) -> None:
    runtime = start(HASTY)
    family = _lose_the_studio_in(runtime, task)
    assert [each for each in family if not gone(each)] == []


def test_what_it_has_started_does_not_outlive_both(start: Callable[..., RuntimeProcess]) -> None:
    runtime = start(HASTY)
    family = _lose_the_studio_in(runtime, "deaf")
    runtime.process.kill()
    assert [each for each in family if not gone(each)] == []


def test_without_the_watch_it_would(start: Callable[..., RuntimeProcess]) -> None:
    """The control: the test above can fail."""
    runtime = start(f"{HASTY}\nimport os\ndel os.fork")
    family = _lose_the_studio_in(runtime, "deaf")
    try:
        _, alive = psutil.wait_procs(family, timeout=0.3 + 1.5)
        assert {*alive} == {*family}
    finally:
        for each in family:
            each.kill()


def _lose_the_studio_in(runtime: RuntimeProcess, task: str) -> list[psutil.Process]:
    """Close the link in the middle of a step; return the runtime and all that it has started."""
    runtime.send(Submit("a", f"toy.{task}", {}, 1))
    runtime.wait(lambda each: isinstance(each, TextDelta))
    family = [psutil.Process(runtime.process.pid), *runtime.children()]
    deadline = time.monotonic() + PATIENCE
    while not (runtime.log.parent / "called").exists():
        assert time.monotonic() < deadline, runtime.explain()
        time.sleep(0.01)
    time.sleep(0.2)  # by now it is in the call
    runtime.link.close()
    return family


def test_the_watch_on_the_studio_ends_with_the_runtime(
    start: Callable[..., RuntimeProcess],
) -> None:
    runtime = start(LIGHT)
    runtime.wait(lambda each: isinstance(each, Status))
    [watcher] = runtime.children()
    runtime.process.kill()
    runtime.process.wait(PATIENCE)
    assert gone(watcher)


def test_it_finishes_the_step_says_goodbye_and_ends_when_asked(
    start: Callable[..., RuntimeProcess], tmp_path: Path
) -> None:
    runtime = start(LIGHT)
    runtime.send(Submit("a", "toy.endless", {}, 1))
    runtime.wait(lambda each: isinstance(each, TextDelta))
    runtime.send(Shutdown())
    assert runtime.finished("a").state is JobState.CANCELLED
    runtime.wait(lambda each: isinstance(each, Goodbye))
    assert runtime.process.wait(PATIENCE) == 0
    assert list(tmp_path.glob("offline-studio-jobs-*")) == []


def test_what_a_killed_runtime_left_is_swept_by_the_next(
    start: Callable[..., RuntimeProcess], tmp_path: Path
) -> None:
    first = start(LIGHT)
    first.wait(lambda each: isinstance(each, Status))
    first.process.kill()
    first.process.wait(PATIENCE)
    left = list(tmp_path.glob("offline-studio-jobs-*"))
    assert len(left) == 1
    second = start(LIGHT)
    second.wait(lambda each: isinstance(each, Status))
    assert left[0] not in tmp_path.glob("offline-studio-jobs-*")


def test_another_version_is_refused_in_a_sentence(tmp_path: Path) -> None:
    runtime = RuntimeProcess(tmp_path)
    try:
        with pytest.raises(StudioError, match="Two versions"):
            runtime.greet(protocol=999)
        assert runtime.process.wait(PATIENCE) == 3
        assert "Two versions" in runtime.log.read_text()
    finally:
        runtime.close()


def test_a_broken_message_is_passed_over_and_broken_framing_ends_it(
    start: Callable[..., RuntimeProcess],
) -> None:
    runtime = start(LIGHT)
    runtime.link.send_body(b"\xc1 no msgpack")
    runtime.send(Inspect("i", "/nowhere"))
    runtime.wait(lambda each: isinstance(each, Inspected))
    assert runtime.process.stdin is not None
    runtime.process.stdin.write(b"no frame at all" * 100)
    assert runtime.process.wait(PATIENCE) == 0


# --- with the starter weights ---------------------------------------------------------------------

STARTER = Path(__file__).parents[2] / "resources/weights/starter/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def chat(start: Callable[..., RuntimeProcess]) -> RuntimeProcess:
    """A runtime with the chat plugin and the starter weights, where Qt cannot be imported."""
    assert STARTER.is_file(), "run `make setup` to fetch the starter weights"
    runtime = start("import sys\nsys.modules['PySide6'] = sys.modules['shiboken6'] = None")
    worker = WorkerEntry(
        "chat",
        "studio_chat.worker",
        {"chat.reply": "studio_chat.schema:Reply"},
        {"chat.reply": Lane.INTERACTIVE},
    )
    smol = WeightsEntry("smol", str(STARTER), capabilities=("text",))
    runtime.send(Configure((worker,), (smol,)))
    return runtime


def ask(runtime: RuntimeProcess, job: str, prompt: str, tokens: int) -> None:
    params = {"prompt": prompt, "weights": "smol", "seed": 3, "max_tokens": tokens}
    runtime.send(Submit(job, "chat.reply", params, 3))


def said(runtime: RuntimeProcess, job: str) -> str:
    """Return the answer that a job was heard to give."""
    deltas = (each for each in runtime.messages if isinstance(each, TextDelta))
    return "".join(each.text for each in deltas if each.job == job)


@pytest.mark.slow
def test_a_reply_is_the_same_alone_and_beside_another_stops_and_leaves_nothing_when_killed(
    chat: RuntimeProcess,
) -> None:
    status = chat.wait(lambda each: isinstance(each, Status) and each.device != "")
    assert status.threads >= 1
    assert status.memory_total > status.memory_used > 0
    ask(chat, "alone", "Name three primary colours.", 24)
    alone = chat.finished("alone")
    assert alone.state is JobState.DONE, alone.error
    digest = hashlib.sha256(STARTER.read_bytes()).hexdigest()
    assert alone.weights == {"smol": digest}
    ask(chat, "beside", "Name three primary colours.", 24)
    ask(chat, "other", "Write a poem about the sea.", 24)
    assert chat.finished("beside").state is JobState.DONE
    assert chat.finished("other").state is JobState.DONE
    assert said(chat, "beside") == said(chat, "alone") != ""
    assert said(chat, "other") != said(chat, "alone")
    turns = [each.job for each in chat.messages if isinstance(each, TextDelta)]
    first_of_other = turns.index("other")
    assert "beside" in turns[first_of_other:], "they did not take turns"
    # And it stops when told.
    ask(chat, "long", "Write a very long story.", 4000)
    chat.wait(lambda each: isinstance(each, TextDelta) and each.job == "long")
    chat.send(Cancel("long"))
    assert chat.finished("long").state is JobState.CANCELLED
    ask(chat, "last", "Write a very long story.", 4000)
    chat.wait(lambda each: isinstance(each, TextDelta) and each.job == "last")
    family = [psutil.Process(chat.process.pid), *chat.children()]
    chat.process.kill()
    chat.process.wait(PATIENCE)
    assert [each for each in family if not gone(each)] == []


@pytest.mark.slow
def test_abandoned_while_it_loads_it_leaves_nothing(chat: RuntimeProcess) -> None:
    ask(chat, "long", "Write a very long story.", 4000)
    chat.wait(lambda each: getattr(each, "reason", "") == "loading smol")
    family = [psutil.Process(chat.process.pid), *chat.children()]
    chat.link.close()
    chat.process.wait(PATIENCE)
    assert [each for each in family if not gone(each)] == []
