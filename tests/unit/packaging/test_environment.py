"""The environment is built once, rebuilt after a cut, and pip's failures become sentences."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from studio_setup import environment
from studio_setup.console import CommandError, SetupError
from studio_setup.project import Project

from tests.unit.packaging.conftest import RecordingConsole

SETUP = Path(__file__).parents[3] / "packaging"


def pretend(project: Project, fail_pip: list[str] | None = None):
    """Answers commands as a machine would: `venv` makes an interpreter, pip may fail."""

    def answer(command: list[str]) -> None:
        if "venv" in command:
            project.scripts.mkdir(parents=True)
            project.python.symlink_to(sys.executable)
        if "pip" in command and fail_pip:
            raise CommandError(f"pip failed: {fail_pip[-1]}", fail_pip)

    return answer


def pip_words(console: RecordingConsole) -> list[list[str]]:
    return [command[2:] for command in console.commands if "pip" in command]


def test_everything_is_installed_in_one_go_with_the_pins(
    project: Project, console: RecordingConsole
) -> None:
    console.answer = pretend(project)
    outcome = environment.ensure(console, project)
    assert outcome == "installed offline-studio, studio-plugin-chat, studio-plugin-zither"
    tools, packages = pip_words(console)
    assert "hatchling>=1.26" in tools
    assert str(project.constraints) in tools
    root = project.root
    editable = [packages[at + 1] for at, word in enumerate(packages) if word == "-e"]
    assert editable == [f"{root}[test]", str(root / "plugins/chat"), str(root / "plugins/zither")]
    # Which index to use is the business of the machine's own pip settings.
    words = tools + packages
    assert not [w for w in words if w.startswith(("-i", "--index", "--extra")) or "://" in w]


def test_what_comes_as_source_alone_finds_a_setuptools_that_builds_wheels(
    project: Project, console: RecordingConsole
) -> None:
    console.answer = pretend(project)
    environment.ensure(console, project)
    tools, packages = pip_words(console)  # in this order
    assert "--no-build-isolation" in packages, "what is installed here is what builds"
    builder = next(Requirement(word) for word in tools if word.startswith("setuptools"))
    # Python 3.11's own; the last that needs the package `wheel` beside it; the first that does not.
    assert [builder.specifier.contains(v) for v in ("65.5.0", "70.0.0", "70.1.0")] == [
        False,
        False,
        True,
    ]
    pins = (SETUP / "constraints.txt").read_text("utf-8")
    pinned = re.search(r"^setuptools==(\S+)", pins, re.MULTILINE)
    assert pinned is None or builder.specifier.contains(pinned[1])


def test_the_second_time_nothing_runs(project: Project, console: RecordingConsole) -> None:
    console.answer = pretend(project)
    environment.ensure(console, project)
    console.commands.clear()
    assert environment.ensure(console, project) == "up to date"
    assert console.commands == []


def test_a_working_environment_is_kept_when_requirements_change(
    project: Project, console: RecordingConsole
) -> None:
    console.answer = pretend(project)
    environment.ensure(console, project)
    console.commands.clear()
    project.constraints.write_text("numpy==2.1\n")
    environment.ensure(console, project)
    assert len(pip_words(console)) == 2
    assert not any("venv" in command for command in console.commands)


def test_a_dead_interpreter_is_replaced(project: Project, console: RecordingConsole) -> None:
    project.scripts.mkdir(parents=True)
    project.python.write_text("not a program")
    project.python.chmod(0o755)
    console.answer = pretend(project)
    environment.ensure(console, project)
    assert "rebuilding it" in console.said
    assert project.python.is_symlink()


def test_a_kill_during_pip_rebuilds_at_the_next_start(
    project: Project, console: RecordingConsole
) -> None:
    driver = """
import sys, time
from pathlib import Path
from studio_setup import environment
from studio_setup.console import Console
from studio_setup.project import Project

class Hanging(Console):
    def run(self, command, failing, env=None, cwd=None):
        if "venv" in command:
            project.scripts.mkdir(parents=True)
            project.python.symlink_to(sys.executable)
        if "pip" in command:
            (project.venv / "half-written").touch()
            print("in pip", flush=True)
            time.sleep(600)

project = Project(Path(sys.argv[1]))
environment.ensure(Hanging(project.log, 3, open("/dev/null", "w")), project)
"""
    env = {**os.environ, "PYTHONPATH": str(SETUP)}
    words = [sys.executable, "-c", driver, str(project.root)]
    child = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "in pip\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not environment.is_ready(project)

    console.answer = pretend(project)
    environment.ensure(console, project)
    assert "rebuilding it" in console.said
    assert not (project.venv / "half-written").exists()
    assert environment.is_ready(project)


def test_no_network_is_said_in_plain_words(project: Project, console: RecordingConsole) -> None:
    lines = [
        "WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/torch/",
        "ERROR: Could not find a version that satisfies torch (from versions: none)",
        "ERROR: No matching distribution found for torch",
    ]
    console.answer = pretend(project, lines)
    with pytest.raises(SetupError, match="package index cannot be reached") as caught:
        environment.ensure(console, project)
    assert "pip config list" in caught.value.hint
    assert not environment.is_ready(project)


def test_pins_without_a_build_here_are_dropped(project: Project, console: RecordingConsole) -> None:
    answer = pretend(project)

    def refuse_pins(command: list[str]) -> None:
        answer(command)
        if "-c" in command and "pip" in command:
            line = "ERROR: No matching distribution found for numpy==2.0"
            raise CommandError("pip failed", [line])

    console.answer = refuse_pins
    environment.ensure(console, project)
    assert "using a newer one" in console.said
    assert environment.is_ready(project)


def test_a_full_disk_is_noticed_before_anything_is_built(
    project: Project, console: RecordingConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "ROOM", 2**62)
    with pytest.raises(SetupError, match="GB free, about"):
        environment.ensure(console, project)
    assert console.commands == []


def test_kernels_are_compiled_beside_other_work_and_a_failure_is_told(
    project: Project,
    console: RecordingConsole,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    console.answer = pretend(project)
    environment.ensure(console, project)
    project.log.parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(environment, "KERNELS", "this")  # prints and succeeds
    done = []
    with environment.compiling(project):
        done.append("weights")
    assert done == ["weights"]
    assert "Beautiful is better than ugly" in project.log.read_text()
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "told.py").write_text("import sys; print('kept' * (not sys.dont_write_bytecode))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(environment, "KERNELS", "told")
    with environment.compiling(project):
        pass
    assert "kept" in project.log.read_text(), "else each process would compile it anew"
    monkeypatch.setattr(environment, "KERNELS", "no_such_module")
    with pytest.raises(SetupError, match="could not be compiled"), environment.compiling(project):
        pass
    assert "no_such_module" in project.log.read_text()
