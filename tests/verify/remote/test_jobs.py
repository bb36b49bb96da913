"""Jobs run on the box as they run here: what they make comes home, and nothing is left there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.protocol.states import JobState
from tests.verify.remote.conftest import ADDRESS, BOX, LONGEST, STUDIO, Laptop

SMOLLM = "smollm2-135m-instruct"
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
    _gone, alive = psutil.wait_procs(there, timeout=LONGEST)
    assert not alive
    left = {int(each.name) for each in (laptop.box.home / "cache" / "elsewhere").iterdir()}
    assert left <= {each.pid for each in before}, [psutil.pid_exists(pid) for pid in left]


def test_a_folder_goes_along_and_is_gone_afterwards(busy: Laptop, tmp_path: Path) -> None:
    pictures = tmp_path / "Pictures of mine"
    made = busy.submit("image.generate", {"prompt": "owl", "count": 2}, seed=1)
    assert busy.over(made) is JobState.DONE, made.error
    library = busy.studio.library
    pictures.mkdir()
    for number, each in enumerate(library.find(record=made.record)):
        (pictures / f"{number}.png").write_bytes(library.payload_path(each).read_bytes())
    job = busy.submit("image.enlarge", {"folder": str(pictures)})
    assert busy.over(job) is JobState.DONE, job.error
    assert job.machine == "box"
    assert len(library.find(record=job.record)) == 2
    assert not list(busy.box.home.rglob("Pictures of mine"))
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = busy.submit("image.enlarge", {"folder": str(empty)})
    assert busy.over(refused) is JobState.FAILED
    assert refused.error is not None
    assert "The folder empty is empty" in refused.error.message


def test_the_commands_add_check_copy_run_and_remove(laptop: Laptop) -> None:
    box, home = laptop.box, laptop.home
    laptop.studio.close()

    def told(*words: str) -> Any:
        environment = {**os.environ, "STUDIO_HOME": str(home)}
        done = subprocess.run(
            [str(STUDIO), *words, "--json"], env=environment, stdout=subprocess.PIPE, check=True
        )
        return json.loads(done.stdout)

    command = f"env STUDIO_HOME={box.home} STUDIO_WEIGHTS_HOME={box.home}/weights {STUDIO}"
    added = told("machines", "add", "shed", ADDRESS[BOX], "--studio", command)
    assert added["name"] == "shed"
    assert added["problems"] == []
    assert {"box", "shed"} == {each["name"] for each in told("machines", "list")["machines"]}
    doctor = told("doctor", "machines")
    assert [each["level"] for each in doctor["findings"]] == ["fine", "fine"]
    own = home / "weights" / "own-copy.gguf"
    own.parent.mkdir(exist_ok=True)
    (smollm,) = (m for m in told("models", "list")["weights"] if m["id"] == SMOLLM)
    own.write_bytes(Path(smollm["path"]).read_bytes() + bytes(128))
    (mine,) = (m for m in told("models", "list")["weights"] if m["path"] == str(own))
    assert told("machines", "copy", "shed", mine["id"]) == {"machine": "shed", "model": mine["id"]}
    assert (box.home / "weights" / own.name).read_bytes() == own.read_bytes()
    ran = told("run", "chat.reply", "Say hello.", "--max-tokens", "4", "--on", "shed")
    assert ran["machine"] == "shed"
    free = told("run", "chat.reply", "Say hello.", "--max-tokens", "4", "--on", "free")
    assert free["machine"] in ("", "box", "shed")
    assert told("machines", "remove", "shed") == {"removed": "shed"}
    assert [each["name"] for each in told("machines", "list")["machines"]] == ["box"]
