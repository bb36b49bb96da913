"""Two homes, two network namespaces, and a real sshd between them. Needs root, ip and sshd."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.machines.machine import Machine
from studio.machines.registry import MachineEntry
from studio.protocol.states import JobState
from studio.studio import Studio

STUDIO = Path(sys.executable).with_name("studio")
LONGEST = 600.0
"""Bounds a hang, and measures nothing: machines that test are busy."""
LAPTOP, BOX = "osv-laptop", "osv-box"
ADDRESS = {LAPTOP: "10.97.31.1", BOX: "10.97.31.2"}
NEEDS = ("ip", "ssh", "sshd", "ssh-keygen", "faketime")


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


class Box:
    """The machine under the desk: a namespace with an sshd, and a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "there"
        self._sshd: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.down()
        for name in (LAPTOP, BOX):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "link", "add", "osv-l", "netns", LAPTOP, "type", "veth",
            "peer", "name", "osv-b", "netns", BOX)  # fmt: skip
        for name, link in ((LAPTOP, "osv-l"), (BOX, "osv-b")):
            run("ip", "-n", name, "address", "add", f"{ADDRESS[name]}/24", "dev", link)
            run("ip", "-n", name, "link", "set", link, "up")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
        (folder / "authorized").write_bytes((folder / "key.pub").read_bytes())
        (folder / "authorized").chmod(0o600)
        self.new_host_key()
        self._write_client()
        self.listen()

    def new_host_key(self) -> None:
        for old in self.folder.glob("host_key*"):
            old.unlink()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "host_key"))

    def know_host_key(self) -> None:
        public = (self.folder / "host_key.pub").read_text().split()[:2]
        (self.folder / "known_hosts").write_text(f"{ADDRESS[BOX]} {' '.join(public)}\n")

    def _write_client(self) -> None:
        self.know_host_key()
        client = self.folder / "client"
        client.write_text(
            f"UserKnownHostsFile {self.folder}/known_hosts\nGlobalKnownHostsFile none\n"
            f"IdentityFile {self.folder}/key\nIdentitiesOnly yes\n"
        )
        program = self.folder / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\nexec ip netns exec {LAPTOP} /usr/bin/ssh -F {client} "$@"\n'
        )
        program.chmod(0o755)

    def listen(self) -> None:
        """Start the sshd."""
        Path("/run/sshd").mkdir(exist_ok=True)
        (self.folder / "sshd_config").write_text(
            f"ListenAddress {ADDRESS[BOX]}\nHostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.folder}/authorized\nPermitRootLogin yes\nStrictModes no\n"
            "PasswordAuthentication yes\nUsePAM no\nPidFile none\n"
        )
        command = ["ip", "netns", "exec", BOX, shutil.which("sshd") or "sshd", "-D", "-e"]
        self._sshd = subprocess.Popen(
            [*command, "-f", str(self.folder / "sshd_config")],
            stderr=(self.folder / "sshd.log").open("ab"),
        )
        probe = ["ip", "netns", "exec", LAPTOP, "bash", "-c", f": </dev/tcp/{ADDRESS[BOX]}/22"]
        until = time.monotonic() + LONGEST
        while subprocess.run(probe, capture_output=True, check=False).returncode:
            assert time.monotonic() < until

    def stop_listening(self) -> None:
        """End the sshd and all of its connections, as a reboot of the network would."""
        if self._sshd is not None:
            for child in psutil.Process(self._sshd.pid).children(recursive=True):
                if "sshd" in child.name():
                    child.kill()
            self._sshd.kill()
            self._sshd.wait()
            self._sshd = None

    def unplug(self) -> None:
        run("ip", "-n", BOX, "link", "set", "osv-b", "down")

    def plug_in(self) -> None:
        run("ip", "-n", BOX, "link", "set", "osv-b", "up")

    def processes(self, what: str) -> list[psutil.Process]:
        """Return its own processes whose command has ``what``."""
        found = []
        for each in psutil.process_iter():
            try:
                here = each.environ().get("STUDIO_HOME") == str(self.home)
                if here and what in " ".join(each.cmdline()):
                    found.append(each)
            except psutil.Error:
                continue
        return found

    def runtimes(self) -> list[psutil.Process]:
        return [p for p in self.processes("--runtime") if p.cmdline()[-1] == "--runtime"]

    def down(self) -> None:
        self.stop_listening()
        for each in self.processes("studio"):
            each.kill()
        for name in (LAPTOP, BOX):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


class Laptop:
    """The studio here, which reaches the box."""

    def __init__(self, box: Box, home: Path, **entry: Any) -> None:
        self.box = box
        self.home = home
        self.studio = Studio.open(home=home)
        command = f"env STUDIO_HOME={box.home} STUDIO_WEIGHTS_HOME={box.home}/weights {STUDIO}"
        facts: dict[str, Any] = {"name": "box", "host": ADDRESS[BOX], "studio": command, **entry}
        self.studio.machines.registry.put(MachineEntry(**facts))

    @property
    def machine(self) -> Machine:
        return self.studio.machines.machine("box")

    def submit(self, task: str, params: dict[str, Any], **more: Any) -> Job:
        return self.studio.submit(JobRequest(task, params, machine="box", **more))

    def until(self, met: Callable[[], object]) -> None:
        end = time.monotonic() + LONGEST
        while not met():
            assert time.monotonic() < end, "it did not come to that"
            self.studio.pump(0.05)

    def over(self, job: Job) -> JobState:
        self.until(lambda: not job.is_live)
        return job.state

    def cut(self) -> None:
        """End the connection as a line that breaks does: nobody is told."""
        for each in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if each.name() == "ssh":
                    each.send_signal(signal.SIGKILL)

    def close(self) -> None:
        self.studio.close()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    there = [name for name in NEEDS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]
    if os.geteuid() != 0 or len(there) < len(NEEDS):
        pytest.skip("needs root, and the programs " + ", ".join(NEEDS))
    box = Box(tmp_path_factory.mktemp("box"))
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{box.folder / 'bin'}:{path}"
    yield box
    os.environ["PATH"] = path
    box.down()


@pytest.fixture
def laptop(box: Box, tmp_path: Path) -> Iterator[Laptop]:
    laptop = Laptop(box, tmp_path / "here")
    yield laptop
    laptop.close()


@pytest.fixture(scope="module")
def busy(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A laptop that stays connected from one test to the next."""
    laptop = Laptop(box, tmp_path_factory.mktemp("here"))
    yield laptop
    laptop.close()
