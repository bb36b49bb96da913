"""The file that installs itself, run as a user runs it; and the bytes of two builds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from installers import archive, debian
from installers.self_extracting import write_run

from tests.unit.packaging.installers.conftest import EPOCH, make_tiny

PACKAGING = Path(__file__).parents[4] / "packaging"
WORDS = {"VERSION": "1.0.0", "MACHINE": os.uname().machine, "PYTHON": "p", "EPOCH": str(EPOCH)}
START = """#!/bin/sh
shift 3
exec {python} -c '
import sys
sys.path.insert(0, {packaging!r})
sys.prefix = sys.argv.pop(1)
from studio_installation.__main__ import main
sys.exit(main(sys.argv[1:]))' "$(dirname "$(dirname "$0")")" "$@"
"""


def make_run(folder: Path, target: Path) -> Path:
    """Make an installer whose own Python is this one."""
    name = make_tiny(folder / "tiny")
    stage = folder / "stage"
    (stage / "python/bin").mkdir(parents=True)
    program = stage / "python/bin/p"
    text = START.format(python=sys.executable, packaging=str(PACKAGING))
    # Inside the shell's quotes there may be none.
    program.write_text(text.replace(repr(str(PACKAGING)), f'"{PACKAGING}"'))
    program.chmod(0o755)
    (stage / "payload.json").write_text(f'{{"unpacked": 10000, "name": "{name}"}}')
    (stage / "release.json").write_bytes((folder / "tiny/release.json").read_bytes())
    write_run(folder / "tiny", stage, target, WORDS, 1)
    return target


def run(file: Path, home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it as a user without a display does."""
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}
    prefix = ["--to", str(home / "Über uns")]
    # Root would add to the menus of this machine.
    user = ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--uid", "1000"]
    return subprocess.run(
        [*([] if os.geteuid() else user), "sh", str(file), "--text", *prefix, *words],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_one_file_installs_itself_and_leaves_nothing_of_itself(tmp_path: Path, home: Path) -> None:
    file = make_run(tmp_path, tmp_path / "a studio.run")
    done = run(file, home)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Offline Studio 1.0.0 is installed in {home / 'Über uns'}.\n"
    assert [*(home / ".cache").iterdir()] == []


def test_what_a_killed_one_of_the_same_number_left_is_no_hindrance(
    tmp_path: Path, home: Path
) -> None:
    """In a container the numbers of processes begin anew, and are the same again."""
    file, before = make_run(tmp_path, tmp_path / "one.run"), tmp_path / "before.sh"
    left = 'mkdir -p "$HOME/.cache/offline-studio-setup.$$/python"'
    before.write_text(f'{left}\nexec sh "{file}" "$@"\n')
    done = run(before, home)
    assert done.returncode == 0, done.stderr
    assert [*(home / ".cache").iterdir()] == []


def test_a_file_that_is_not_whole_says_so_in_the_user_s_language(
    tmp_path: Path, home: Path
) -> None:
    file = make_run(tmp_path, tmp_path / "one.run")
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    assert "is not complete" in run(file, home).stderr
    assert "ist unvollständig" in run(file, home, LANG="de_AT.UTF-8").stderr
    at = whole.index(b"\x1f\x8b")  # where the small Python begins
    file.write_bytes(whole[: at + 40] + bytes([whole[at + 40] ^ 1]) + whole[at + 41 :])
    done = run(file, home)
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert [*home.iterdir()] == []


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name, mask in (("a", 0o022), ("b", 0o077)):
        before = os.umask(mask)
        try:
            (tmp_path / name).mkdir()
            run_file = make_run(tmp_path / name, tmp_path / name / "studio.run")
            folder = tmp_path / name / "tiny"
            for path in archive.entries(folder):
                os.utime(path, (EPOCH + mask, EPOCH + mask), follow_symlinks=False)
            deb = tmp_path / name / "studio.deb"
            (folder / "licences").mkdir()
            (folder / "licences/offline-studio-Apache-2.0.txt").write_text("terms")
            debian.write_deb(folder, "1.0.0-abc", deb, tmp_path / name, EPOCH, 1)
        finally:
            os.umask(before)
        made.append((run_file.read_bytes().replace(str(tmp_path).encode(), b""), deb.read_bytes()))
    assert made[0] == made[1]


def test_the_bill_of_the_same_folder_is_the_same(tmp_path: Path) -> None:
    pytest.importorskip("cyclonedx")
    from installers.bill import write_bill

    make_tiny(tmp_path)
    bills = []
    for _ in range(2):
        write_bill(tmp_path, [], "1.0.0")
        bills.append((tmp_path / "bill.json").read_bytes())
    assert bills[0] == bills[1]
    assert b'"CPython"' in bills[0]
