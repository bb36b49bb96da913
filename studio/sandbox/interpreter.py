"""The Python that sandboxed code gets: the one the studio's own was made from, without packages."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

_SYSTEM = Path("/usr")
_PACKAGES = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Interpreter:
    """A Python and where it lies.

    Attributes:
        executable: The program itself, no link and no virtual environment.
        paths: Files and folders that it needs besides ``/usr``. Never the whole folder it was
            installed into, which may be somebody's home.
        hidden: Folders with installed packages, which the code must not see.
        libraries: Where the program must be told to look for shared libraries; empty if it knows.
    """

    executable: Path
    paths: tuple[Path, ...]
    hidden: tuple[Path, ...]
    libraries: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables the program needs to start without ``/proc``."""
        return {"LD_LIBRARY_PATH": self.libraries} if self.libraries else {}


def current() -> Interpreter:
    """Return the Python below this process."""
    executable = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
    return at(executable, Path(sys.base_prefix).resolve(), sys.version_info[:2])


def candidates() -> list[Interpreter]:
    """Return the Pythons to try, best first.

    The second is the system's: ours may lie in a home that nobody else may enter, and code of an
    administrator is run as somebody else.
    """
    interpreters = [current()]
    system = (_SYSTEM / "bin/python3").resolve()
    name = re.fullmatch(r"python3\.(\d+)", system.name)
    if system.is_file() and name and system != interpreters[0].executable:
        interpreters.append(at(system, _SYSTEM, (3, int(name[1]))))
    return interpreters


def at(executable: Path, prefix: Path, version: tuple[int, int]) -> Interpreter:
    """Return a Python by its program, the folder it was installed into, and its version."""
    folder = f"python{version[0]}.{version[1]}"
    libraries = [prefix / name / folder for name in ("lib", "lib64")]
    paths = [executable, *libraries, *(prefix / "lib").glob("lib*.so*")]
    hidden = [library / name for library in libraries for name in _PACKAGES]
    for root in (_SYSTEM / name for name in ("lib", "lib64", "local/lib", "local/lib64")):
        for name in _PACKAGES:
            hidden += root.glob(f"python3*/{name}")
    return Interpreter(
        executable,
        tuple(path for path in paths if path.exists() and not path.is_relative_to(_SYSTEM)),
        tuple(sorted({path.resolve() for path in hidden if path.is_dir()})),
        # That of an installer finds its libraries beside itself, for which the linker asks /proc.
        str(prefix / "lib") if b"$ORIGIN" in executable.read_bytes() else "",
    )
