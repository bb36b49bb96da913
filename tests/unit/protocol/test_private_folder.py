"""Temporary folders: kept while their owner lives, wherever it is seen from; gone after it."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from studio.protocol.files.private_folder import PrivateFolder, runtime_folder

MAKE = """
import os, signal, sys
from pathlib import Path
import psutil
from studio.protocol.files.private_folder import PrivateFolder
own = PrivateFolder("look", Path(sys.argv[1]))
(own.path / "icon.svg").write_text("<svg/>")
print(own.path, psutil.pid_exists(int(sys.argv[2])), flush=True)
if sys.argv[3:]:
    os.kill(os.getpid(), signal.SIGKILL)
    os._exit(1)  # the first process of a namespace cannot be killed from within
"""


@pytest.fixture(autouse=True)
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def elsewhere(folder: Path, *wrap: str, end: str = "") -> tuple[Path, bool]:
    """Make a folder in another process; return it, and whether that one can see this process."""
    order = [*wrap, sys.executable, "-c", MAKE, str(folder), str(os.getpid()), *filter(None, [end])]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    path, seen = done.stdout.split()
    return Path(path), seen == "True"


def test_one_of_a_live_owner_stays_and_one_of_a_dead_one_goes(tmp_path: Path) -> None:
    mine = PrivateFolder("look")
    dead, _ = elsewhere(tmp_path, end="killed")
    assert dead.is_dir(), "control: a killed process removes nothing"
    assert mine.path.is_dir()
    PrivateFolder("drag").close()
    assert dead.is_dir(), "another use is no business of it"
    second = PrivateFolder("look")
    assert {*tmp_path.iterdir()} == {mine.path, second.path}


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are of Linux")
def test_a_studio_in_another_pid_namespace_takes_nothing(tmp_path: Path) -> None:
    wrap = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
    if not shutil.which("unshare") or subprocess.run([*wrap, "true"], check=False).returncode:
        pytest.skip("no namespaces here")
    mine = PrivateFolder("look")
    (mine.path / "icon.svg").write_text("<svg/>")
    theirs, seen = elsewhere(tmp_path, *wrap)
    assert not seen, "control: over there this process does not exist"
    assert (mine.path / "icon.svg").exists()
    assert not theirs.exists()
    left, _ = elsewhere(tmp_path, *wrap, end="killed")
    assert left.is_dir(), "control"
    PrivateFolder("look").close()
    assert not left.exists(), "although its number there is that of a live process here"


def test_folders_of_versions_without_locks_go_with_their_owners(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    line = [sys.executable, "-c", "input()", "studio"]
    with subprocess.Popen(line, stdin=subprocess.PIPE) as alive:
        names = [f"offline-studio-look-{pid}-x" for pid in (ended.pid, os.getppid(), alive.pid)]
        for name in names:
            (tmp_path / name).mkdir()
        made = PrivateFolder("look")
        assert {each.name for each in tmp_path.iterdir()} == {names[2], made.path.name}
        alive.communicate(b"\n")


def test_it_goes_with_close_and_with_the_object(tmp_path: Path) -> None:
    own = PrivateFolder("look")
    own.close()
    own.close()
    assert not own.path.exists()
    other = PrivateFolder("look")
    del other
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_one_that_was_tidied_away_is_made_anew_and_held(tmp_path: Path) -> None:
    own = PrivateFolder("look")
    shutil.rmtree(own.path)
    assert own.path.is_dir()
    elsewhere(tmp_path)
    assert own.path.is_dir()
    own.close()
    assert not list(tmp_path.iterdir())


def test_a_process_that_ends_well_leaves_nothing(tmp_path: Path) -> None:
    path, seen = elsewhere(tmp_path)
    assert seen
    assert not path.exists()


def test_many_that_sweep_at_once_take_nothing_of_each_other(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from studio.protocol.files.private_folder import PrivateFolder\n"
        "for n in range(60):\n"
        "    own = PrivateFolder('look', Path(sys.argv[1]))\n"
        "    (own.path / 'a').write_text('a')\n"
        "    assert (own.path / 'a').exists()\n"
        "    own.close()\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [each.wait() for each in started] == [0, 0, 0]


def test_small_files_go_where_the_session_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "user"))
    assert runtime_folder() == tmp_path, "one that is not there is not used"
    (tmp_path / "user").mkdir()
    assert runtime_folder() == tmp_path / "user"
    for other in ("", "relative"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", other)
        assert runtime_folder() == tmp_path


def test_a_lock_is_not_handed_to_children(tmp_path: Path) -> None:
    """Else a child that outlives the studio would keep its folder for ever."""
    code = (
        "import os, subprocess, sys\nfrom pathlib import Path\n"
        "from studio.protocol.files.private_folder import PrivateFolder\n"
        "own = PrivateFolder('look', Path(sys.argv[1]))\n"
        "quiet = subprocess.DEVNULL\n"
        "child = subprocess.Popen(['sleep', '60'], stdout=quiet, stderr=quiet)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    child = int(done.stdout)
    try:
        (left,) = tmp_path.iterdir()
        PrivateFolder("look").close()
        assert not left.exists()
    finally:
        os.kill(child, signal.SIGKILL)
