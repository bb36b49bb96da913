"""Where llama.cpp is installed, as a wheel and built for this machine; builds it when asked to."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.cli.bench.text.child import NotMeasured
from studio.cli.terminal import output


@dataclass(frozen=True)
class Install:
    """A binding of llama.cpp.

    Attributes:
        title: ``native`` or ``wheel``.
        module: The engine beside ``harness`` that knows it.
        package: What is installed from the package index.
        imported: What is imported of it.
        options: Of pip.
    """

    title: str
    module: str
    package: str
    imported: str
    options: tuple[str, ...] = ()


WHEEL = Install("wheel", "engine_cyllama", "cyllama>=0.2.18,<0.3", "cyllama")
NATIVE = Install(
    "native",
    "engine_llama_cpp",
    "llama-cpp-python>=0.3.36,<0.4",
    "llama_cpp",
    ("--no-binary", "llama-cpp-python"),
)


def python_for(install: Install, folder: Path, *, fetch: bool) -> str:
    """Return the Python that has ``install``: the studio's own, or one below ``folder``.

    Args:
        install: What to look for.
        folder: Of the bench's own environments, a folder each.
        fetch: Install it, by pip and the network, where it is not.

    Raises:
        NotMeasured: It is not installed, and cannot be or was not asked for.
    """
    home = folder / install.title
    for python in (Path(sys.executable), *_pythons(home)):
        if _has(python, install):
            return str(python)
    if not fetch:
        raise NotMeasured(
            f"it is not installed; use --{install.title} to install it for this benchmark"
        )
    if install is NATIVE and not _compiler():
        raise NotMeasured("it needs a C++ compiler, which is not installed")
    output.hint(f"installing {install.package}; building takes about ten minutes …")
    venv.create(home, with_pip=True, clear=True)
    (python,) = _pythons(home)
    words = [str(python), "-m", "pip", "install", "--quiet", *install.options, install.package]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode or not _has(python, install):
        raise NotMeasured((done.stderr.strip().splitlines() or ["pip failed"])[-1])
    return str(python)


def _pythons(home: Path) -> Iterator[Path]:
    places = (home / "bin" / "python", home / "Scripts" / "python.exe")
    yield from (place for place in places if place.exists())


def _has(python: Path, install: Install) -> bool:
    program = f"import importlib.util as u, sys; sys.exit(not u.find_spec({install.imported!r}))"
    done = subprocess.run([str(python), "-P", "-c", program], capture_output=True, check=False)
    return done.returncode == 0


def _compiler() -> str:
    return next(filter(None, map(shutil.which, ("c++", "g++", "clang++", "cl"))), "")
