"""The Python that sandboxed code gets: the one the studio's own was made from, without packages."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

_SYSTEM = Path("/usr")


@dataclass(frozen=True)
class Interpreter:
    """A Python and where it lies.

    Attributes:
        executable: The program itself, no link and no virtual environment.
        folders: What it needs besides ``/usr``.
        hidden: Folders with installed packages, which the code must not see.
    """

    executable: Path
    folders: tuple[Path, ...]
    hidden: tuple[Path, ...]


def current() -> Interpreter:
    """Return the Python below this process."""
    executable = Path(getattr(sys, "_base_executable", "") or sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib")).resolve()
    return at(executable, library, Path(sys.base_prefix).resolve())


def candidates() -> list[Interpreter]:
    """Return the Pythons to try, best first.

    The second is the system's: ours may lie in a home that nobody else may enter, and code of an
    administrator is run as somebody else.
    """
    found = [current()]
    system = (_SYSTEM / "bin/python3").resolve()
    library = _SYSTEM / "lib" / system.name
    if system.is_file() and library.is_dir() and system != found[0].executable:
        found.append(at(system, library, _SYSTEM))
    return found


def at(executable: Path, library: Path, prefix: Path) -> Interpreter:
    """Return a Python by its program, its standard library, and the folder that holds both."""
    folders = () if prefix.is_relative_to(_SYSTEM) else (prefix,)
    packages = [library / "site-packages", library / "dist-packages"]
    for root in (
        _SYSTEM / "lib",
        _SYSTEM / "lib64",
        _SYSTEM / "local/lib",
        _SYSTEM / "local/lib64",
    ):
        packages += [*root.glob("python3*/site-packages"), *root.glob("python3*/dist-packages")]
    hidden = {path.resolve() for path in packages if path.is_dir()}
    return Interpreter(executable, folders, tuple(sorted(hidden)))
