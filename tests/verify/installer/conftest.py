"""The installers as users get them, and bare machines without a network to try them on.

A machine is a Debian of ``debootstrap`` with what a desktop brings, below a layer of its own
(overlayfs, by bubblewrap), in namespaces without a network. Needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
KEPT = Path(os.environ.get("STUDIO_VERIFY", ROOT / ".setup/verify"))
"""Where the base of the machines and the installers are kept from one run to the next."""
DESKTOP = (
    "libgl1", "libegl1", "libglib2.0-0t64", "libdbus-1-3", "libfontconfig1", "libgssapi-krb5-2",
    "libstdc++6", "libatomic1", "libx11-6", "xvfb", "xauth", "xdotool", "imagemagick", "openbox",
    "bubblewrap", "procps", "desktop-file-utils", "shared-mime-info",
)  # fmt: skip
LARGE = (
    "torch", "torchgen", "functorch", "torchvision*", "llvmlite", "numba", "scipy*", "sklearn",
    "rdkit*", "cv2", "opencv_python_headless.libs", "onnxruntime", "transformers", "diffusers",
    "c2pa", "verovio", "vina*", "sympy", "starter", "hf_xet", "meeko", "gemmi", "uv", "ruff",
    "pydicom", "pypdfium2_raw", "cryptography",
)  # fmt: skip
"""What a window opens without: where only the steps of an installation are looked at."""
USERS = {"root": 0, "anna": 1000, "bert": 1001}
NEW = "9.0.0"
PACKED = ("studio", "plugins", "packaging", "resources", "pyproject.toml")
"""What the installers are made from; others of this checkout may change meanwhile."""
SCREEN = """
rm -f /tmp/.X9-lock
Xvfb :9 -screen 0 1280x800x24 -noreset >/dev/null 2>&1 & export DISPLAY=:9
until xdotool getdisplaygeometry >/dev/null 2>&1; do sleep 0.2; done
openbox >/dev/null 2>&1 &
shows() { until xdotool search --onlyvisible --name "$1" >/dev/null 2>&1; do sleep 0.5; done; }
picture() { sleep 1; import -window root "/tmp/$1.png"; }
"""
"""A display, how a window is waited for, and how a picture of it is taken.

Without ``-noreset`` the display starts anew when the first program that asked it is gone, and takes
``openbox`` with it if that has come already: then no window gets the keys. The lock is of a display
that ended with its machine; here the same number is that of a process that lives.
"""


@dataclass(frozen=True)
class Machine:
    """A machine without a network.

    Attributes:
        layer: What it has written.
        files: Seen as ``/files``, to read.
    """

    layer: Path
    files: Path

    def run(
        self, script: str, user: str = "anna", options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run lines of shell as a user; all of their processes end with them."""
        for name in ("rw", "work"):
            (self.layer / name).mkdir(parents=True, exist_ok=True)
        number = str(USERS[user])
        home = "/root" if user == "root" else f"/home/{user}"
        words = ["bwrap", "--overlay-src", str(KEPT / "root")]
        words += ["--overlay", str(self.layer / "rw"), str(self.layer / "work"), "/"]
        words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--unshare-net"]
        words += ["--unshare-pid", "--unshare-ipc", "--die-with-parent", "--cap-add", "ALL"]
        words += ["--ro-bind", str(self.files), "/files", *options, "--chdir", "/", "setpriv"]
        words += [f"--reuid={number}", f"--regid={number}", "--clear-groups", "env", "-i"]
        words += [f"HOME={home}", f"PATH={home}/.local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        words += ["LANG=C.UTF-8", f"USER={user}", "sh", "-c", script]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    def good(self, script: str, user: str = "anna", options: tuple[str, ...] = ()) -> str:
        """Run them; all must go well. Returns what they print."""
        done = self.run(f"set -e\n{script}", user, options)
        assert done.returncode == 0, f"{script}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


def packed(*words: str) -> str:
    """Return what git says of what is packed."""
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.check_output(command, text=True).strip()


def state() -> str:
    """Return which state of the sources is packed now."""
    trees = packed("rev-parse", *(f"HEAD:{name}" for name in PACKED))
    return f"{trees}\n{packed('status', '--porcelain', '--', *PACKED)}"


def build(folder: Path, out: Path, *words: str) -> None:
    """Build both installers, of a folder if it was made before."""
    command = [sys.executable, str(ROOT / "packaging/build.py"), "--work", str(folder.parent)]
    command += ["--level", "1", "--out", str(out), *words]
    if (folder / "files.json").exists():
        command += ["--folder", str(folder)]
    epoch = packed("log", "-1", "--format=%ct", "--", *PACKED)
    environment = {"QT_QPA_PLATFORM": "offscreen", "SOURCE_DATE_EPOCH": epoch}
    subprocess.run(command, check=True, env={**os.environ, **environment})


@pytest.fixture(scope="session")
def files() -> Path:
    """Return the folder of installers: ``whole``, and ``old`` and ``new`` without what is large."""
    base, out, folder = KEPT / "root", KEPT / "files", KEPT / "work/folder"
    if not (base / "home/bert").is_dir():
        shutil.rmtree(base, ignore_errors=True)
        words = ["debootstrap", "--variant=minbase", f"--include={','.join(DESKTOP)}", "trixie"]
        subprocess.run([*words, str(base)], check=True)
        for name in ("anna", "bert"):
            words = ["useradd", "-R", str(base), "-m", "-u", str(USERS[name]), name]
            subprocess.run(words, check=True)
    stamp, now = KEPT / "packed.txt", state()
    if not stamp.exists() or stamp.read_text() != now:
        for old in (out, folder.parent, KEPT / "small"):
            shutil.rmtree(old, ignore_errors=True)
    if not list(out.glob("whole/*.deb")):
        build(folder, out / "whole")
        stamp.write_text(now)
    if not list(out.glob("new/*.deb")):
        small = KEPT / "small/folder"
        shutil.rmtree(small, ignore_errors=True)
        left_out = shutil.ignore_patterns(*LARGE)
        shutil.copytree(folder, small, symlinks=True, ignore=left_out)
        build(small, out / "old")
        build(small, out / "new", "--version", NEW)
    if not list(out.glob("plugin/*.whl")):
        words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
        for name in ("csv_columns", "csv_plot"):
            example = ROOT / "plugins/examples" / name
            subprocess.run([*words, "-d", str(out / "plugin")], cwd=example, check=True)
    return out


@pytest.fixture
def machine(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Return a machine that is thrown away."""
    layer = KEPT / "layers" / tmp_path_factory.mktemp("machine").name
    yield Machine(layer, files)
    subprocess.run(["rm", "-rf", str(layer)], check=True)


@pytest.fixture
def pictures() -> Callable[[Machine, str], Path]:
    """Return how a picture of a machine's screen is kept, to be looked at."""

    def keep(machine: Machine, name: str) -> Path:
        target = KEPT / "pictures" / name
        target.parent.mkdir(exist_ok=True)
        return Path(shutil.copy(machine.layer / "rw/tmp" / name, target))

    return keep
