"""The package, by ``dpkg``, on a machine without a network; and two builds of the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.verify.installer.conftest import KEPT, NEW, ROOT, Machine

SCREEN = "Xvfb :9 -screen 0 1280x800x24 >/dev/null 2>&1 & sleep 2; export DISPLAY=:9; "


def test_a_package_is_installed_used_upgraded_while_it_runs_and_removed(machine: Machine) -> None:
    told = machine.good("dpkg -i /files/old/*.deb 2>&1; studio --version", "root")
    assert "Offline Studio 0." in told
    for user in ("anna", "bert"):
        assert "No results" in machine.good("studio library list", user)
    upgraded = machine.good(
        f"{SCREEN} setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/home/anna studio &\n"
        "sleep 20; kill -0 $!; old=$(readlink -f /opt/offline-studio/current)\n"
        "dpkg -i /files/new/*.deb 2>&1; studio --version; kill -0 $!\n"
        "test -e $old/release.json && echo the old one is whole; kill $!; wait $! || true",
        "root",
    )
    assert f"versions/{NEW}-" in upgraded
    assert "the old one is whole" in upgraded
    asked = machine.run(
        "$(readlink -f /opt/offline-studio/current)/bin/offline-studio-setup --repair --text"
    )
    assert "apt install --reinstall" in asked.stderr
    machine.good(
        "dpkg -r offline-studio 2>&1; test ! -e /opt/offline-studio; test ! -e /usr/bin/studio",
        "root",
    )
    assert "database" in machine.good("ls ~/.local/share/offline-studio/library && echo database")


def test_dpkg_that_is_killed_leaves_a_studio_that_starts(machine: Machine) -> None:
    machine.good("dpkg -i /files/old/*.deb 2>&1", "root")
    for seconds in (2, 8):
        told = machine.run(
            f"dpkg -i /files/new/*.deb >/dev/null 2>&1 & sleep {seconds}; "
            "kill -9 $!; wait; studio --version",
            "root",
        )
        assert "Offline Studio" in told.stdout, told
    again = machine.good(
        "dpkg --configure -a 2>&1; dpkg -i /files/new/*.deb 2>&1; studio --version", "root"
    )
    assert f"versions/{NEW}-" in again


def test_the_same_checkout_gives_the_same_bytes(files: Path, tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "packaging/build.py"), "--work", str(tmp_path / "work")]
    words += ["--out", str(tmp_path / "out"), "--level", "1"]
    subprocess.run(words, check=True, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    for made in sorted((tmp_path / "out").iterdir()):
        before = KEPT / "files/whole" / made.name
        digests = [
            hashlib.file_digest(path.open("rb"), "sha256").hexdigest() for path in (made, before)
        ]
        assert digests[0] == digests[1], made.name
