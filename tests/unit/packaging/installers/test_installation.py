"""Installing, upgrading, repairing, taking away: with a studio of a few bytes."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from installers.folder import close
from studio_installation import desktop_files, installer, removal, repair, words
from studio_installation.payload import Payload, Stopped
from studio_installation.places import IN_USE, Place, Problem, Release

from studio.testing.guards import THOROUGH
from tests.unit.packaging.installers.conftest import EPOCH, make_tiny, packed

ONE, TWO = Release("1.0.0", EPOCH, 9), Release("2.0.0", EPOCH + 1, 10)
CHANGES = {"os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.chmod"}


def silent(what: str, done: int, of: int) -> None:
    """Hear nothing."""


def second(tmp_path: Path, version: str = "2.0.0", schema: int = 10) -> Payload:
    """Return another version."""
    name = make_tiny(tmp_path / version, version, EPOCH + 1, schema)
    return packed(tmp_path / version, tmp_path / f"{version}.run", name)


def said(place: Place) -> str:
    """Return what the installed command says, reached as a terminal would."""
    link = desktop_files.command_folder() / "studio"
    return subprocess.run([link], capture_output=True, text=True, check=True).stdout.strip()


def test_it_starts_from_menu_and_terminal_in_a_folder_with_any_name(
    place: Place, payload: Payload
) -> None:
    installer.install(place, payload, ONE, silent)
    assert said(place) == "version 1.0.0"
    entry = desktop_files.share_folder() / "applications/offline-studio.desktop"
    (command,) = [x for x in entry.read_text().splitlines() if x.startswith("Exec=")][:1]
    # As a desktop reads it: a text with escapes, then words in quotes, with %% for %.
    words = shlex.split(command.removeprefix("Exec=").replace("\\\\", "\\").replace("%%", "%"))
    assert words == [str(place.link / "bin/studio")]
    assert repair.repair(place, None, silent) == 0


def test_an_upgrade_leaves_a_running_version_whole_and_goes_on_later(
    tmp_path: Path, place: Place, payload: Payload
) -> None:
    old = installer.install(place, payload, ONE, silent)
    with (old / IN_USE).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        new = installer.install(place, second(tmp_path), TWO, silent)
        assert said(place) == "version 2.0.0"
        assert repair.damaged(old, silent) == set()
        with pytest.raises(Problem, match="is open"):
            removal.uninstall(place, silent)
    place.sweep()
    assert [*place.versions.iterdir()] == [new], "the control: nobody held it any more"


def test_an_older_version_that_cannot_read_the_library_is_refused(
    tmp_path: Path, place: Place, payload: Payload
) -> None:
    installer.install(place, second(tmp_path), TWO, silent)
    with pytest.raises(Problem, match=r"2\.0\.0 is installed, which is newer than 1\.0\.0"):
        installer.install(place, payload, ONE, silent)
    assert said(place) == "version 2.0.0"
    able = second(tmp_path, "1.9.0")
    installer.install(place, able, Release("1.9.0", EPOCH, 10), silent)
    assert said(place) == "version 1.9.0", "one that reads the same library is not"


def test_a_damaged_file_changes_nothing(tmp_path: Path, place: Place, payload: Payload) -> None:
    installer.install(place, payload, ONE, silent)
    other = second(tmp_path)
    whole = other.file.read_bytes()
    for at in range(7, len(whole), len(whole) // 12):
        other.file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(Problem, match="damaged"):
            installer.install(place, other, TWO, silent)
        assert said(place) == "version 1.0.0"
        assert len([*place.versions.iterdir()]) == 1
    other.file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Problem, match="damaged"):
        installer.install(place, other, TWO, silent)


def test_cancel_leaves_what_was_there(tmp_path: Path, place: Place, payload: Payload) -> None:
    installer.install(place, payload, ONE, silent)

    def cancel(what: str, done: int, of: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        installer.install(place, second(tmp_path), TWO, cancel)
    assert said(place) == "version 1.0.0"
    assert len([*place.versions.iterdir()]) == 1


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a child that is killed before its change ``step``; whether it was."""
    child = os.fork()
    if not child:
        left = step

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            writes = event == "open" and bool(int(str(arguments[2] or 0)) & os.O_ACCMODE)
            if event in CHANGES or writes:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_kill_at_any_step_leaves_the_old_or_the_new_and_the_next_try_works(
    tmp_path: Path, place: Place, payload: Payload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sync", lambda: None)
    other, seen, step = second(tmp_path), set(), 0
    while True:
        at = Place(place.prefix / str(step))
        old = installer.install(at, payload, ONE, silent)
        if not killed_at(step, lambda at=at: installer.install(at, other, TWO, silent)):
            break
        current = at.current()
        assert current is not None, step
        assert repair.damaged(current, silent) == set(), step
        seen.add(current.name)
        if step % 8 == 0:  # each of them would be the same again
            new = installer.install(at, other, TWO, silent)
            assert at.current() == new
            assert [*at.versions.iterdir()] == [new]
        step += 1 if THOROUGH else 4
    assert seen == {old.name, other.name}
    assert step > 40, "the control: there were steps to be killed at"


def test_our_files_are_repaired_from_wheels_and_others_from_the_installer(
    tmp_path: Path, place: Place
) -> None:

    folder = tmp_path / "tiny"
    make_tiny(folder)
    wheel = folder / "wheels/studio-1-py3-none-any.whl"
    wheel.parent.mkdir()
    module = folder / "python/lib/python3.11/site-packages/studio/words.py"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(module, "studio/words.py")

    payload = packed(folder, tmp_path / "two.run", close(folder, "1.0.0")[0])
    version = installer.install(place, payload, ONE, silent)
    ours, others = version / module.relative_to(folder), version / "python/bin/python3.11"
    ours.write_text("broken")
    assert repair.repair(place, None, silent) == 1
    assert ours.read_bytes() == module.read_bytes()
    others.unlink()
    (version / "python/bin/python3").unlink()
    with pytest.raises(Problem, match="2 files are damaged that only the installer"):
        repair.repair(place, None, silent)
    installer.install(place, payload, ONE, silent)
    assert said(place) == "version 1.0.0"


def test_uninstalling_takes_what_is_ours_and_leaves_the_library(
    place: Place, payload: Payload
) -> None:
    library = removal.library_folder()
    library.mkdir(parents=True)
    (library / "work.txt").write_text("years")
    command = desktop_files.command_folder() / "studio"
    command.parent.mkdir(parents=True)
    command.write_text("somebody's own")
    installer.install(place, payload, ONE, silent)
    assert command.read_text() == "somebody's own"
    removal.uninstall(place, silent)
    assert not place.prefix.exists()
    left = {each for each in place.prefix.parent.rglob("*") if each.is_file()}
    left = {each for each in left if each.suffix != ".cache"}  # the desktop's own lists
    assert left == {command, library / "work.txt"}


def test_of_a_package_the_running_version_survives_what_dpkg_deletes(
    tmp_path: Path, place: Place
) -> None:
    packaged = place.prefix / "folder"
    place.prefix.mkdir(parents=True)
    for version in ("1.0.0", "2.0.0"):
        name = make_tiny(tmp_path / f"deb-{version}", version)
        if packaged.exists():
            shutil.rmtree(packaged)
        (tmp_path / f"deb-{version}").rename(packaged)
        (packaged / "name").write_text(name + "\n")
        if version == "1.0.0":
            old = installer.adopt(place, silent)
            held = (old / IN_USE).open("rb")

            fcntl.flock(held, fcntl.LOCK_SH)
    new = installer.adopt(place, silent)
    assert place.current() == new
    assert repair.damaged(old, silent) == set()
    assert (new / "release.json").stat().st_ino == (packaged / "release.json").stat().st_ino
    held.close()
    with pytest.raises(Problem, match="package manager"):
        removal.uninstall(place, silent)
    removal.uninstall(place, silent, packaged=True)
    assert [each.name for each in place.prefix.iterdir()] == ["folder"]


def test_every_sentence_has_its_german() -> None:

    folder = Path(words.__file__).parent
    said = {
        str(node.args[0].value)
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "tr"
        and isinstance(node.args[0], ast.Constant)
    }
    german = json.loads((folder / "german.json").read_text("utf-8"))
    assert len(said) > 40, "the control: the texts are found"
    assert said == set(german)
    for text, translated in german.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", translated))
