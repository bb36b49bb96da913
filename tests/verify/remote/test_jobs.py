"""Jobs run on the box as they run here: what they make comes home, and nothing is left there."""

from __future__ import annotations

import signal

import psutil
import pytest

from studio.protocol.states import JobState
from tests.verify.remote.conftest import Laptop

LONG = {"prompt": "Tell a long story about a lighthouse.", "max_tokens": 400, "temperature": 0.0}


def test_a_chat_and_a_picture_are_made_there_and_nothing_of_them_stays(busy: Laptop) -> None:
    chat = busy.submit("chat.reply", {"prompt": "Say hello.", "max_tokens": 12})
    picture = busy.submit("image.generate", {"prompt": "owl"})
    assert busy.over(chat) is JobState.DONE, chat.error
    assert busy.over(picture) is JobState.DONE, picture.error
    library = busy.studio.library
    for job in (chat, picture):
        record = library.record(job.record)
        assert (record.machine, job.machine) == ("box", "box")
        assert record.device
        assert record.weights
    (made, *_) = library.find(record=picture.record)
    payload = library.payload_path(made).read_bytes()
    assert payload[:4] == b"\x89PNG"
    for file in busy.box.home.rglob("*"):
        if file.is_file() and "weights" not in file.parts and "packed" not in file.parts:
            assert payload[:64] not in file.read_bytes(), file
            assert b"Say hello." not in file.read_bytes(), file


def test_a_job_that_is_stopped_keeps_what_it_has_written(busy: Laptop) -> None:
    job = busy.submit("chat.reply", LONG)
    busy.until(lambda: job.texts().get("", ""))
    job.cancel()
    assert busy.over(job) is JobState.CANCELLED
    assert job.texts()[""]


@pytest.mark.parametrize("what", ["runtime", "broker"])
def test_a_side_that_is_killed_there_is_told_and_the_next_job_runs(busy: Laptop, what: str) -> None:
    job = busy.submit("chat.reply", LONG)
    busy.until(lambda: job.texts().get("", ""))
    for each in busy.box.runtimes() if what == "runtime" else busy.box.processes("--broker"):
        each.send_signal(signal.SIGKILL)
    assert busy.over(job) is JobState.LOST
    assert job.error is not None
    assert "box" in job.error.message
    assert job.texts()[""], "what it had written by then"
    busy.until(lambda: len(busy.box.runtimes()) <= 1)
    again = busy.submit("chat.reply", {"prompt": "Say hello.", "max_tokens": 4})
    assert busy.over(again) is JobState.DONE, again.error


def test_when_this_studio_is_killed_the_box_ends_by_itself(laptop: Laptop) -> None:
    import os
    import subprocess
    import sys

    from tests.verify.remote.conftest import STUDIO

    home = laptop.home
    laptop.studio.close()
    before = laptop.box.processes("--runtime")
    process = subprocess.Popen(
        [
            str(STUDIO),
            "run",
            "chat.reply",
            str(LONG["prompt"]),
            "--max-tokens",
            "900",
            "--on",
            "box",
        ],
        env={**os.environ, "STUDIO_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
    )
    assert process.stdout is not None
    assert process.stdout.read(1), "it has begun to write"
    there = [each for each in laptop.box.processes("--runtime") if each not in before]
    assert len(there) >= 3, "its attachment, its broker, its runtime"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    _gone, alive = psutil.wait_procs(there, timeout=90)
    assert not alive
    folders = (laptop.box.home / "cache" / "elsewhere").iterdir()
    assert all(int(each.name) in {p.pid for p in before} for each in folders)
