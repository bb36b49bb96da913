"""A library that cannot be written to: it says so in a sentence, and shows all it has."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api.artifacts import NewArtifact
from studio.base import paths
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.library import Library
from studio.protocol.errors import StudioError

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.name != "posix", reason="permission bits are for POSIX"),
]
NOBODY = 65534


def as_ordinary_user(do: Callable[[], Any]) -> Any:
    """Return what ``do`` returns (plain data) for an ordinary user: root may write anywhere.

    The process is forked, not started: where Python is, an ordinary user may not be able to read.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            answer = {"returned": do()}
        except BaseException:  # noqa: BLE001
            answer = {"raised": traceback.format_exc()}
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = json.loads(pipe.read())
    os.waitpid(child, 0)
    assert "raised" not in answer, answer["raised"]
    return answer["returned"]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may reach (``tmp_path`` is for its owner only)."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    for folder, _, _ in os.walk(place):
        os.chmod(folder, 0o755)
    shutil.rmtree(place)


@pytest.fixture
def filled(place: Path) -> Path:
    """A library of the ordinary user, with something in it, that went down in a crash."""

    def fill() -> None:
        library = Library.open(place / "library")
        saved = library.add_artifact(NewArtifact("text", b"words", suffix=".txt", title="Fox"))
        talk = library.conversations.create("Talk")
        library.conversations.add_message(talk.id, None, "user", "hello")
        library.star(saved.id)

    place.chmod(0o777)
    as_ordinary_user(fill)  # never closed: what was said last is in the log, not in the database
    return place / "library"


def lock_up(folder: Path) -> None:
    """Take away every permission to write."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def look_around(folder: Path, out: Path) -> dict[str, Any]:
    """Do all that a person may do with a library that is for reading only."""
    with Library.open(folder) as library:
        (fox,) = library.find("fox")
        refused = []
        for write in (
            lambda: library.add_artifact(NewArtifact("text", b"x", suffix=".txt")),
            lambda: library.bin(fox.id),
            lambda: library.conversations.create("x"),
        ):
            try:
                write()
            except StudioError as error:
                refused.append(str(error.code))
        return {
            "read_only": library.read_only,
            "sentence": library.health.message,
            "hint": library.health.hint,
            "starred": fox.starred,
            "payload": library.payload_path(fox).read_text(),
            "talks": [m.content for c in library.conversations.list("hello")
                      for m in library.conversations.thread(c.id)],
            "exported": library.export(fox.id, out).read_text(),
            "ok": library.verify().ok,
            "refused": refused,
        }  # fmt: skip


def expect_reading(found: dict[str, Any], folder: Path) -> None:
    assert found["read_only"]
    assert str(folder) in found["sentence"]
    assert "STUDIO_HOME" in found["hint"]
    assert found["starred"]
    assert (found["payload"], found["exported"], found["talks"]) == ("words", "words", ["hello"])
    assert found["ok"]
    assert found["refused"] == ["READ_ONLY"] * 3


def test_a_folder_without_permission_is_read(filled: Path, place: Path) -> None:
    def can_write() -> bool:
        return os.access(filled, os.W_OK)

    assert as_ordinary_user(can_write)  # the control
    (place / "out").mkdir(mode=0o777)
    (place / "out").chmod(0o777)
    lock_up(filled)
    assert not as_ordinary_user(can_write)
    found = as_ordinary_user(lambda: look_around(filled, place / "out"))
    expect_reading(found, filled)


@pytest.mark.parametrize("name", ["library.db", "library.db-wal", "library.db-shm"])
def test_a_database_without_permission_is_read(filled: Path, place: Path, name: str) -> None:
    assert (filled / name).exists()
    (filled / name).chmod(0o444)
    (place / "out").mkdir()
    (place / "out").chmod(0o777)
    found = as_ordinary_user(lambda: look_around(filled, place / "out"))
    expect_reading(found, filled)


def test_a_folder_nobody_may_look_into_is_one_sentence(filled: Path) -> None:
    filled.chmod(0)

    def try_it() -> str:
        try:
            Library.open(filled).close()
        except StudioError as error:
            return f"{error.code}: {error}"
        return "opened"

    said = as_ordinary_user(try_it)
    if os.getuid() == 0 or said != "opened":
        assert said.startswith("PERMISSION")
        assert str(filled) in said


def test_a_home_that_cannot_be_made_is_one_sentence(place: Path) -> None:
    def try_it() -> list[str]:
        try:
            StudioPaths.default(place / "home")
        except StudioError as error:
            return [error.code, error.message, error.hint]
        return []

    place.chmod(0o555)
    code, message, hint = as_ordinary_user(try_it)
    assert code == "PERMISSION"
    assert str(place / "home") in message
    assert "STUDIO_HOME" in hint
    assert paths  # the module is the one that was asked


def test_settings_in_a_read_only_home_hold_for_the_session(place: Path) -> None:
    (place / "settings.json").write_text('{"version": 1, "values": {"theme": "dark"}}')
    place.chmod(0o555)

    def try_it() -> list[Any]:
        settings = Settings(place / "settings.json")
        before, refused = settings.get("theme", ""), ""
        try:
            settings.set("theme", "light")
        except StudioError as error:
            refused = str(error.code)
        return [before, refused, settings.get("theme", ""), settings.news]

    assert as_ordinary_user(try_it) == ["dark", "PERMISSION", "light", []]


def test_a_read_only_disk_is_read(place: Path, filled: Path) -> None:
    """A disk that is mounted read-only refuses root too."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("mounting needs Linux and root")
    import subprocess

    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "import test_read_only as here\n"
        "print(json.dumps(here.look_around(Path(sys.argv[2]), Path(sys.argv[3]))))"
    )
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1/x" && exec "$@"'
    mount = mount.replace('exec "$@"', 'shift && exec "$@"')
    command = ["unshare", "-m", "sh", "-c", mount, "sh", str(filled), sys.executable, "-c", script]
    done = subprocess.run(
        [*command, str(Path(__file__).parent), str(filled), str(place / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount:" in done.stderr and not os.environ.get("CI"):
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    assert not done.returncode, done.stderr
    expect_reading(json.loads(done.stdout), filled)
