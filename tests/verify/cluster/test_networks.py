"""A cluster whose network fails: each machine has a network namespace, joined by a bridge.

Needs root, for namespaces. Run by ``make verify``, for Ray waits long before it gives a machine up.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from studio.automation.clusters.main import RAY_SETTINGS
from studio.automation.workflows.runner import Runner
from studio.library.workflow_runs import RowState, RunState
from studio.studio import Studio
from studio.testing.plugins import importable
from tests.verify.cluster.chains import (
    PLUGINS,
    WORKFLOW,
    digests,
    follow,
    free_port,
    studio_at,
    words,
)

pytest.importorskip("ray")

BRIDGE, HEAD = "osv-ray", "10.97.32.1"
PLACES = {"gina": "10.97.32.2", "hal": "10.97.32.3"}
SLOW = WORKFLOW.replace("default = 10", "default = 60")
ROWS = 24
JOINED = "will now block forever"
"""What Ray says last when a machine has started."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def told_by(*command: str) -> str:
    """Return what a command says, which may fail."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


class Network:
    """A head here, and a machine in each namespace.

    Attributes:
        address: Where the client server of the head is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self._ports = {name: str(free_port()) for name in ("gcs", "client")}
        self.port = int(self._ports["client"])
        self.address = f"ray://{HEAD}:{self.port}"
        self.down()
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("address", "add", f"{HEAD}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        self._start(
            "head", "--head", f"--node-ip-address={HEAD}", f"--port={self._ports['gcs']}",
            f"--ray-client-server-port={self.port}", "--num-cpus=0", "--include-dashboard=false",
        )  # fmt: skip
        self._wait_for("head")
        for name, address in PLACES.items():
            space, inner = f"osv-{name}", f"osv-{name}-i"
            ip("netns", "add", space)
            ip("link", "add", space, "master", BRIDGE, "type", "veth", "peer", "name", inner)
            ip("link", "set", inner, "netns", space)
            ip("-n", space, "address", "add", f"{address}/24", "dev", inner)
            for link in ("lo", inner):
                ip("-n", space, "link", "set", link, "up")
            self.plug_in(name)
            self._start(
                name, f"--address={HEAD}:{self._ports['gcs']}", f"--node-ip-address={address}",
                f"--node-name={name}", "--num-cpus=1", space=space,
            )  # fmt: skip
            self._wait_for(name)

    def plug_in(self, name: str) -> None:
        ip("link", "set", f"osv-{name}", "up")

    def unplug(self, name: str) -> None:
        """Drop all that goes to and from a machine; nobody is told."""
        ip("link", "set", f"osv-{name}", "down")

    def down(self) -> None:
        for each in self._started:
            each.terminate()
            each.wait()
        for name in PLACES:
            left = told_by("ip", "netns", "pids", f"osv-{name}").split()
            told_by("kill", "-9", *left)  # agents of a machine that Ray gave up outlive it
            told_by("ip", "netns", "del", f"osv-{name}")
            told_by("ip", "link", "del", f"osv-{name}")
        told_by("ip", "link", "del", BRIDGE)

    def _start(self, name: str, *words: str, space: str = "") -> None:
        ray = str(Path(sys.executable).with_name("ray"))
        told = {"STUDIO_HOME": str(self._folder / name), "STUDIO_PLUGIN_PATH": str(PLUGINS)}
        command = [ray, "start", "--block", "--object-store-memory=80000000", *words]
        if space:
            command = ["ip", "netns", "exec", space, *command]
        with (self._folder / f"{name}.log").open("wb") as log:
            started = subprocess.Popen(command, env={**os.environ, **told}, stdout=log, stderr=log)
        self._started.append(started)

    def _wait_for(self, name: str) -> None:
        log = self._folder / f"{name}.log"
        while JOINED not in (said := log.read_text()):
            assert self._started[-1].poll() is None, said
            time.sleep(0.1)


class Relay:
    """A line to the client server of the head that can be cut.

    Attributes:
        address: What a driver is told.
    """

    def __init__(self, port: int) -> None:
        command = [sys.executable, str(Path(__file__).with_name("relay.py")), HEAD, str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        with self._process.stdout as told:
            self.address = f"ray://127.0.0.1:{int(told.readline())}"

    def close(self) -> None:
        """Cut all connections, and take no more."""
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    if os.geteuid() != 0 or not shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip("needs root, and the program ip")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        stack.enter_context(importable(PLUGINS))
        told = {"STUDIO_PLUGIN_PATH": str(PLUGINS), "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        quiet = {name: RAY_SETTINGS[name] for name in ("RAY_AUTH_MODE", "RAY_USAGE_STATS_ENABLED")}
        for name, value in {**quiet, **told}.items():
            patch.setenv(name, value)
        network = Network(tmp_path_factory.mktemp("network"))
        stack.callback(network.down)
        yield network


@pytest.fixture(autouse=True)
def _environment(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here is what each machine has."""
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS))


def machines(studio: Studio) -> Counter[str]:
    """Return how many results each machine has made."""
    library = studio.library
    return Counter(library.record(each.record).machine for each in library.find(limit=-1))


def assert_each_row_once(studio: Studio, runner: Runner, expected: dict[int, list[str]]) -> None:
    assert runner.error is None
    assert runner.counts == {RowState.DONE: ROWS}
    assert digests(studio, runner.id) == expected
    assert studio.library.count() == 2 * ROWS, "each row once, of two steps"


@pytest.fixture(scope="module")
def expected(network: Network, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """Return the digests of the results as they are made here."""
    with studio_at(tmp_path_factory.mktemp("here")) as here:
        local = here.workflows.start(SLOW, words(ROWS))
        follow(here, local)
        return digests(here, local.id)


def test_rows_of_a_machine_that_is_out_of_reach_are_done_by_another(
    network: Network, expected: dict[int, list[str]], tmp_path: Path
) -> None:
    with studio_at(tmp_path) as studio:
        runner = studio.workflows.start(SLOW, words(ROWS), on=network.address)
        unplugged: list[Counter[str]] = []

        def disturb() -> None:
            if not unplugged and set(made := machines(studio)) == set(PLACES):
                unplugged.append(made)
                network.unplug("gina")

        follow(studio, runner, disturb)
        assert_each_row_once(studio, runner, expected)
        ((before,), after) = (unplugged, machines(studio))
        print("\nresults of each machine:", dict(before), "when unplugged, at last", dict(after))
        assert after["gina"] <= before["gina"] + 2, "what was on its way, at most"
    network.plug_in("gina")


def test_a_run_whose_line_to_the_cluster_is_cut_stops_and_is_resumed(
    network: Network, expected: dict[int, list[str]], tmp_path: Path
) -> None:
    with studio_at(tmp_path) as studio:
        with closing(Relay(network.port)) as relay:
            runner = studio.workflows.start(SLOW, words(ROWS), on=relay.address)

            def disturb() -> None:
                if runner.done >= 3:
                    relay.close()

            follow(studio, runner, disturb)
        assert runner.state is RunState.STOPPED
        assert runner.error is not None
        print("\n" + runner.error.message, runner.error.hint)
        assert 3 <= runner.done < ROWS
        assert "cannot continue" in runner.error.message
        run = studio.library.workflow_runs.run(runner.id)
        again = studio.workflows.resume(run, on=network.address)
        follow(studio, again)
        assert_each_row_once(studio, again, expected)
