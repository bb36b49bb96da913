"""What can be wrong with a machine is one sentence, and nothing is lost or sent for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.models.sidecar import write_sidecar
from studio.protocol.states import JobState
from tests.verify.remote.conftest import STUDIO, Box, Laptop

HELLO = {"prompt": "Say hello.", "max_tokens": 4}
SMOLLM = "smollm2-135m-instruct"


def refused(laptop: Laptop, **params: Any) -> str:
    job = laptop.submit("chat.reply", {**HELLO, **params})
    assert laptop.over(job) is JobState.FAILED
    assert job.error is not None
    print(job.error.message, job.error.hint)
    assert job.error.hint
    assert laptop.studio.library.record(job.record).params["prompt"] == HELLO["prompt"]
    return job.error.message


def test_a_host_key_that_changed(laptop: Laptop) -> None:
    box = laptop.box
    box.stop_listening()
    box.new_host_key()
    box.listen()
    assert "host key of box has changed" in refused(laptop)
    assert not box.processes("studio")
    (box.folder / "known_hosts").write_text("")
    laptop.machine.start()
    assert "not known on this computer yet" in refused(laptop)
    box.know_host_key()


def test_a_password_is_never_asked_for(laptop: Laptop) -> None:
    authorized = laptop.box.folder / "authorized"
    kept = authorized.read_bytes()
    authorized.write_bytes(b"")
    assert "asks for a password" in refused(laptop)
    authorized.write_bytes(kept)


def test_no_studio_and_no_machine(box: Box, tmp_path: Path) -> None:
    for number, (entry, words) in enumerate(
        (
            ({"studio": "/nowhere/studio"}, "There is no `/nowhere/studio` on box"),
            ({"host": "10.97.31.77"}, "box cannot be reached"),
            ({"host": "no-such-host.invalid"}, "There is no host"),
        )
    ):
        laptop = Laptop(box, tmp_path / str(number), **entry)
        assert words in refused(laptop)
        laptop.close()


def test_another_version(box: Box, tmp_path: Path) -> None:
    older = tmp_path / "older.py"
    older.write_text(
        "import sys, studio\nstudio.__version__ = '0.0.9'\n"
        "from studio.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    command = f"env STUDIO_HOME={box.home} {STUDIO.with_name('python')} {older}"
    laptop = Laptop(box, tmp_path / "here", studio=command)
    assert refused(laptop).startswith("box has Offline Studio 0.0.9, and this computer has")
    laptop.close()


def test_a_clock_that_is_a_day_off_does_no_harm(box: Box, tmp_path: Path) -> None:
    command = f"env STUDIO_HOME={box.home} faketime -f +1d {STUDIO}"
    laptop = Laptop(box, tmp_path / "here", studio=command)
    job = laptop.submit("chat.reply", HELLO)
    assert laptop.over(job) is JobState.DONE, job.error
    assert any("24.0 hours ahead" in each for each in laptop.machine.problems())
    record = laptop.studio.library.record(job.record)
    assert abs(record.created - job.created) < 60
    laptop.close()


@pytest.fixture
def other_bytes(box: Box, tmp_path: Path) -> Iterator[Laptop]:
    """A box whose copy of the model differs in one byte, though its sidecar promises the same."""
    folder = tmp_path / "weights"
    folder.mkdir()
    here = Laptop(box, tmp_path / "asks")
    row = here.studio.weights.get(SMOLLM)
    here.close()
    data = bytearray(row.path.read_bytes())
    data[len(data) // 2] ^= 1
    (folder / row.path.name).write_bytes(data)
    facts = {"id": row.id, "title": row.title, "file": row.path.name, "format": row.format,
             "capabilities": row.capabilities, "sha256": row.digest, "bytes": row.bytes,
             "family": row.family}  # fmt: skip
    write_sidecar(folder / "smollm.toml", facts)
    # A home of its own: the usual one has read the sound copy by now, and would be right to use it.
    command = f"env STUDIO_HOME={box.home}-fresh STUDIO_WEIGHTS={folder} {STUDIO}"
    laptop = Laptop(box, tmp_path / "here", studio=command)
    yield laptop
    laptop.close()


def test_weights_that_differ_in_one_byte(other_bytes: Laptop) -> None:
    said = refused(other_bytes)
    assert "is not the one that is here: its bytes differ" in said


def test_missing_weights_are_refused_or_copied_and_a_cut_copy_goes_on(
    box: Box, tmp_path: Path
) -> None:
    own = tmp_path / "here" / "weights"
    own.mkdir(parents=True)
    probe = Laptop(box, tmp_path / "asks")
    row = probe.studio.weights.get(SMOLLM)
    probe.close()
    shutil.copyfile(row.path, own / "own-model.gguf")
    with (own / "own-model.gguf").open("ab") as file:
        file.write(b"\0" * 64)  # other bytes: the box has no such model
    laptop = Laptop(box, tmp_path / "here")
    (weights,) = [each.id for each in laptop.studio.weights.list() if each.path.parent == own]
    assert "box does not have the model" in refused(laptop, weights=weights)
    laptop.close()

    laptop = Laptop(box, tmp_path / "here", copies=True)
    job = laptop.submit("chat.reply", {**HELLO, "weights": weights})
    laptop.until(lambda: "copying" in job.reason and "%" in job.reason)
    laptop.cut()
    assert laptop.over(job) is JobState.DONE, job.error
    assert (box.home / "weights" / "own-model.gguf").read_bytes() == (
        own / "own-model.gguf"
    ).read_bytes()
    laptop.close()
