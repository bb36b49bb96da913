"""The virtual environment and what pip puts into it. Names no index: pip's own settings decide."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from studio_setup.console import CommandError, Console, SetupError
from studio_setup.project import Project
from studio_setup.stamps import Stamp

ROOM = 3 * 2**30  # bytes: torch with its libraries, Qt, and pip's copies of them on the way
UP_TO_DATE = "up to date"
KERNELS = "studio.runtime.engines.text.kernels"
VERIFY = ("ray", "release", "test")
"""Extras of the studio that ``make verify`` needs."""
PROBE = "import torch, sys; from PySide6.QtWidgets import QApplication; QApplication(sys.argv)"


def stamp(project: Project) -> Stamp:
    """The stamp lies inside the environment, so that deleting the folder forgets it too."""
    return Stamp(project.venv / ".studio-installed")


def is_ready(project: Project) -> bool:
    return stamp(project).holds(project.install_fingerprint())


def ensure(console: Console, project: Project) -> str:
    """Creates the environment if need be and installs the studio and its plugins into it.

    Returns:
        One line about the outcome.

    Raises:
        SetupError: it could not be done; nothing is marked as done.
    """
    if is_ready(project):
        return UP_TO_DATE
    if stamp(project).was_cut_short() or not _works(project):
        _remove(console, project)
    _check_room(project.root)
    with stamp(project).work(project.install_fingerprint()):
        if not project.python.exists():
            _create(console, project)
        _install(console, project)
        _probe(console, project)
    return "installed " + ", ".join(_name(folder) for folder in project.packages())


def add(console: Console, project: Project, extras: Sequence[str]) -> None:
    """Installs extras of the studio beside what ``ensure`` has installed.

    Raises:
        SetupError: they could not be installed.
    """
    mark = Stamp(project.venv / f".studio-{'-'.join(extras)}")
    if not mark.holds(project.install_fingerprint()):
        with mark.work(project.install_fingerprint()):
            wanted = f"{project.root}[{','.join(extras)}]"
            _pip(console, project, ["--no-build-isolation", "-e", wanted])


def _works(project: Project) -> bool:
    """True for an environment whose interpreter runs, has pip, and is this Python's version."""
    if not project.python.exists():
        return False
    question = "import pip, sys; print(*sys.version_info[:2])"
    words = [str(project.python), "-c", question]
    try:
        answer = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:  # a file of another machine
        return False
    major, minor = sys.version_info[:2]
    return answer.stdout.split() == [str(major), str(minor)]


def _remove(console: Console, project: Project) -> None:
    if project.venv.exists():
        console.say(
            "      the environment is incomplete or belongs to another Python: rebuilding it"
        )
        shutil.rmtree(project.venv)


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        raise SetupError(
            f"Not enough disk space in {folder}: {free / 2**30:.1f} GB free, about "
            f"{ROOM / 2**30:.0f} GB needed.",
            "Free up disk space, then run the same command again.",
        )


def _create(console: Console, project: Project) -> None:
    words = [sys.executable, "-m", "venv", str(project.venv)]
    console.run(words, "The virtual environment could not be created")


def _install(console: Console, project: Project) -> None:
    """Installs everything in one go, so that pip weighs all requirements together."""
    # The build tool goes in first and is shared: one isolated build for each package is slow.
    tools = sorted({need for folder in project.packages() for need in _build_needs(folder)})
    # setuptools for what comes as source alone (docopt, of num2words): a new environment's is older
    # than 70.1 and cannot build wheels without a package of that name.
    _pip(console, project, [*tools, "editables", "setuptools>=70.1"])
    wanted = []
    for folder in project.packages():
        wanted += ["-e", f"{folder}[test]" if folder == project.root else str(folder)]
    _pip(console, project, ["--no-build-isolation", *wanted])


def _pip(console: Console, project: Project, wanted: list[str]) -> None:
    """Runs `pip install` with the pinned versions, or without where no such build exists."""
    # Python compiles what it imports, once. pip would compile all there is: 342 MB, and 41 of the
    # 95 processor seconds that an installation took.
    words = project.command("pip", "install", "--no-compile", "--progress-bar", "off")
    env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    pins = ["-c", str(project.constraints)] if project.constraints.exists() else []
    failing = "The Python packages could not be installed"
    try:
        console.run([*words, *pins, *wanted], failing, env, project.root)
    except CommandError as error:
        if not pins or not _pins_are_to_blame(error.tail):
            raise _explained(error) from error
        console.say("      a pinned version has no build for this system: using a newer one")
        console.run([*words, *wanted], failing, env, project.root)


def _pins_are_to_blame(tail: list[str]) -> bool:
    text = "\n".join(tail)
    offline = "connection" in text.lower() or "from versions: none" in text
    return not offline and ("No matching distribution" in text or "ResolutionImpossible" in text)


def _explained(error: CommandError) -> SetupError:
    text = "\n".join(error.tail).lower()
    if "connection" in text or "name resolution" in text or "timed out" in text:
        return SetupError(
            "The Python packages could not be downloaded: pip's package index cannot be reached.",
            "Check the network or `pip config list`, then run the same command again.",
        )
    if "no space left" in text:
        sentence = "The disk filled up while the Python packages were installed."
        return SetupError(sentence, "Free up disk space, then run the same command again.")
    return error


def _probe(console: Console, project: Project) -> None:
    """Opens a window that nobody sees: missing libraries show now, not at the first start."""
    env = {**_keeping_bytecode(), "QT_QPA_PLATFORM": "offscreen"}
    console.run([str(project.python), "-c", PROBE], "Qt or torch cannot be loaded", env)


def _keeping_bytecode() -> dict[str, str]:
    """The environment for what is imported again and again: compiled once, whatever is wished."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def compiling(project: Project) -> Iterator[None]:
    """Compiles the text engine's kernels meanwhile; the first text would wait for it.

    Raises:
        SetupError: they could not be compiled.
    """
    with open(project.log, "ab") as log:
        words = project.command(KERNELS)
        process = subprocess.Popen(
            words, cwd=project.root, env=_keeping_bytecode(), stdout=log, stderr=log
        )
        try:
            yield
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.wait() != 0:
            raise SetupError(
                "The text engine could not be compiled for this processor.",
                f"See the end of {project.log} for details.",
            )


def _build_needs(folder: Path) -> list[str]:
    table = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    needs: list[str] = table.get("build-system", {}).get("requires", [])
    return needs


def _name(folder: Path) -> str:
    table = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    return str(table["project"]["name"])
