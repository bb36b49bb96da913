"""A workflow on three machines of a real Ray cluster, all of them on this one.

Each has one processor and a home of its own. Run by ``make verify``, for it takes minutes.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.automation.clusters.main import RAY_SETTINGS
from studio.automation.workflows.runner import Runner
from studio.base.paths import StudioPaths
from studio.library import Library
from studio.library.workflow_runs import RowState, RunState
from studio.studio import Studio
from studio.testing.plugins import importable
from tests.verify.cluster.chains import (
    PATIENCE,
    PLUGINS,
    WORKFLOW,
    digests,
    follow,
    free_port,
    studio_at,
    words,
)

pytest.importorskip("ray")

NO_STUDIO = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "studio":
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Without())
"""


class Machines:
    """A cluster in a process of its own.

    Attributes:
        address: Where its client server is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: set[str] = set()
        port = free_port()
        self.address = f"ray://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("machines.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "CLIENT_PORT": str(port)},
            text=True,
        )
        self.local = self._answer()

    def have(self, *names: str) -> None:
        """Have these machines, and no others."""
        for name in self._names - set(names):
            self.remove(name)
        for name in set(names) - self._names:
            self.add(name)

    def add(self, name: str, **environment: str) -> None:
        """Start a machine with a home of its own."""
        home = {"STUDIO_HOME": str(self._folder / name), "STUDIO_PLUGIN_PATH": str(PLUGINS)}
        self._order(name, {**home, **environment})
        self._names.add(name)

    def remove(self, name: str) -> None:
        """Take a machine away, without a warning."""
        self._order(name, None)
        self._names.discard(name)

    def close(self) -> None:
        """Take all of it down."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _order(self, name: str, environment: dict[str, str] | None) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"name": name, "environment": environment}) + "\n")
        self._process.stdin.flush()
        assert self._answer() == name

    def _answer(self) -> str:
        assert self._process.stdout
        return str(json.loads(self._process.stdout.readline()))


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A cluster of three."""
    with pytest.MonkeyPatch.context() as patch, importable(PLUGINS):
        for name, value in RAY_SETTINGS.items():
            patch.setenv(name, value)
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        with closing(Machines(tmp_path_factory.mktemp("machines"))) as made:
            yield made


@pytest.fixture(autouse=True)
def _environment(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here is what each machine has; the address ``ray`` stands for them."""
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS))
    monkeypatch.setenv("RAY_ADDRESS", machines.local)


def driver_of(studio: Studio) -> psutil.Process | None:
    """Return the driver that this process has started."""
    for child in psutil.Process().children():
        if "--cluster" in child.cmdline():
            return child
    return None


def test_sixty_rows_outlive_a_machine_and_a_driver(machines: Machines, tmp_path: Path) -> None:
    machines.have("ada", "bea", "cora")
    with studio_at(tmp_path / "here") as here:
        local = here.workflows.start(WORKFLOW, words(60))
        follow(here, local)
        expected = digests(here, local.id)
    with studio_at(tmp_path / "there") as there:
        runner = there.workflows.start(WORKFLOW, words(60), on="ray")
        done: list[str] = []

        def disturb() -> None:
            if runner.done >= 15 and "machine" not in done:
                done.append("machine")
                machines.remove("ada")
            elif runner.done >= 35 and "driver" not in done:
                done.append("driver")
                driver = driver_of(there)
                assert driver is not None
                driver.kill()

        follow(there, runner, disturb)
        assert done == ["machine", "driver"]
        assert runner.error is None
        assert runner.counts == {RowState.DONE: 60}
        assert digests(there, runner.id) == expected
        library = there.library
        assert library.count() == 120, "each row once, of two steps"
        records = [library.record(each.record) for each in library.find(limit=-1)]
        by_machine = Counter(record.machine for record in records)
        assert set(by_machine) == {"ada", "bea", "cora"}
        print("\nrows of each machine:", dict(by_machine))


def test_a_studio_that_is_killed_goes_on_where_it_was(machines: Machines, tmp_path: Path) -> None:
    machines.have("bea", "cora", "dora")
    slow = WORKFLOW.replace("default = 10", "default = 200")  # it lasts until it is looked at
    (tmp_path / "w.toml").write_text(slow)
    (tmp_path / "words.txt").write_text("\n".join(f"line {n}" for n in range(20)))
    home = tmp_path / "home"

    words = ("workflow", "run", str(tmp_path / "w.toml"), "--inputs", str(tmp_path / "words.txt"))
    process = subprocess.Popen([*STUDIO, *words, "--on", "ray"], env=at(home))
    while sum(done_rows(home).values()) < 3:
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    ((run, done),) = done_rows(home).items()
    assert done < 20, "it was killed in the middle"
    again = told(home, "workflow", "resume", run, "--on", machines.address, "--json")
    assert [row["state"] for row in again["rows"]] == ["done"] * 20
    with studio_at(home) as studio:
        made = [each.text for each in studio.library.find(limit=-1)]
    assert len(made) == len(set(made)) == 40, "each once"


def test_how_fast_it_is_and_what_crosses(machines: Machines, tmp_path: Path) -> None:
    """Prints figures, and judges none."""
    machines.have("bea", "cora", "dora")
    busy = WORKFLOW.replace("default = 10", "default = 100")
    with studio_at(tmp_path / "here") as here:
        follow(here, here.workflows.start(busy, words(1, "its runtime starts")))
        alone = pace(here, here.workflows.start(busy, words(40, "a")))
    with studio_at(tmp_path / "there") as there:
        began = time.process_time()
        spread = pace(there, there.workflows.start(busy, words(40, "b"), on=machines.address))
        saving = (time.process_time() - began) / 80
        driver = driver_of(there)
    assert driver is not None
    driver.wait(PATIENCE)  # its last word is the line of figures
    log = (tmp_path / "there" / "logs" / "cluster.log").read_text()
    jobs, out, back, driving = re.findall(
        r"(\d+) jobs: (\d+) bytes out, (\d+) bytes in, ([\d.]+) s", log
    )[-1]
    print(f"\none runtime: {alone:.2f} rows/s; three: {spread:.2f} rows/s; {spread / alone:.2f} ×")
    print(f"cores of this machine: {os.cpu_count()}; load: {os.getloadavg()[0]:.1f}")
    print(f"a job: {int(out) / int(jobs):.0f} bytes out, {int(back) / int(jobs):.0f} bytes back")
    print(f"processor of a job: studio {saving * 1e3:.1f} ms, driver {float(driving):.1f} s in all")
    assert int(jobs) == 80


def test_machines_that_are_not_alike_are_named(machines: Machines, tmp_path: Path) -> None:
    machines.have()
    other = tmp_path / "plugins"
    shutil.copytree(PLUGINS, other)
    with (other / "studio_chain" / "worker.py").open("a") as file:
        file.write("# another\n")
    machines.add("eve", STUDIO_PLUGIN_PATH=str(other))
    with studio_at(tmp_path / "home") as studio:
        runner = studio.workflows.start(WORKFLOW, words(2), on="ray")
        follow(studio, runner)
        rows = studio.library.workflow_runs.rows(runner.id)
        assert all("“eve” has other files of the plugin “chain”" in row.error for row in rows)
        machines.have()
        (tmp_path / "sitecustomize.py").write_text(NO_STUDIO)
        machines.add("fay", PYTHONPATH=str(tmp_path))
        runner = studio.workflows.start(WORKFLOW, words(2), on="ray")
        follow(studio, runner)
        assert runner.state is RunState.STOPPED
        assert runner.error is not None
        assert "The machine “fay” has no Offline Studio: install" in runner.error.message


def test_a_wrong_token_is_a_sentence(machines: Machines, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with studio_at(tmp_path / "home") as studio:
        runner = studio.workflows.start(WORKFLOW, words(1), on=machines.address)
        follow(studio, runner)
        assert runner.state is RunState.STOPPED
        assert runner.error is not None
        print(runner.error.message, runner.error.hint)
        assert "oken" in runner.error.message
        assert studio.library.count() == 0


def test_of_the_slot_only_its_name_crosses() -> None:
    """Ray derives a class from ours and sends that: its own additions, and the names of ours."""
    program = """
import ray, ray.cloudpickle, sys, types
from studio.automation.clusters import slot
kind = ray.remote(slot.Slot).__ray_metadata__.modified_class
codes = [each.__code__.co_code for each in vars(slot.Slot).values() if hasattr(each, "__code__")]
for _ in range(2):
    data = ray.cloudpickle.dumps(kind)
    named = b"studio.automation.clusters.slot" in data
    print(named, sum(code in data for code in codes) // len(codes))
    ray.cloudpickle.register_pickle_by_value(slot)  # the control: as it would be with code
"""
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.split() == ["True", "0", "True", "1"]


STUDIO = (sys.executable, "-m", "studio", "--only", "chain")


def at(home: Path) -> dict[str, str]:
    return {**os.environ, "STUDIO_HOME": str(home)}


def told(home: Path, *words: str) -> Any:
    """Return what a command says as JSON."""
    done = subprocess.run(
        [*STUDIO, *words], env=at(home), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def done_rows(home: Path) -> dict[str, int]:
    """Return how many rows of each run are done, as soon as there is a library."""
    paths = StudioPaths(home)
    if not paths.library.exists():
        return {}
    with Library.open(paths, read_only=True) as library:
        runs = library.workflow_runs
        return {run.id: runs.counts(run.id).get(RowState.DONE, 0) for run in runs.runs()}


def pace(studio: Studio, runner: Runner) -> float:
    """Return rows per second from when all machines are at work, up to the last.

    Rows are worked on side by side and end together, so many of them are left out at the start.
    """
    seen: list[tuple[float, int]] = []

    def look() -> None:
        if not seen or seen[-1][1] != runner.done:
            seen.append((time.monotonic(), runner.done))

    follow(studio, runner, look)
    first = next(each for each in seen if each[1] >= 10)
    return (seen[-1][1] - first[1]) / (seen[-1][0] - first[0])
