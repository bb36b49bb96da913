"""CPython for the folder: a copy of the one that builds, which runs wherever it is put.

CPython finds its library from where its program lies, so a copy only needs its shared libraries
beside it. What it took from the system that built it comes along (``BROUGHT``), but for what each
system has. A release is built from python-build-standalone instead (``--python FOLDER``), which
is linked against an older libc and runs on older systems; nothing else changes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

LEFT_OUT = {
    "config-*", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test",
    "tkinter", "turtledemo", "turtle.py", "__pycache__", "tests", "idle_test",
}  # fmt: skip
"""What of the library a user has no use for."""
NOT_OURS_TO_GIVE = ("readline", "_gdbm", "_dbm", "_tkinter", "nis", "_test*", "_xx*", "xx*")
"""Compiled modules that stay behind: of GPL libraries, of windows that nobody opens, of tests."""
EVERYWHERE = re.compile(r"ld-linux|lib(c|m|dl|rt|pthread|resolv|util|gcc_s|stdc\+\+)\.so")
RUNPATH, RPATH = 29, 15
BESIDE = "$ORIGIN/../lib"


def copy_python(source: Path, target: Path) -> list[Path]:
    """Copy the Python installed in ``source`` to ``target``, without packages.

    Returns the libraries of the system that came along.

    Raises:
        ValueError: It does not say where its libraries are, so it could not be moved.
    """
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (target / "bin").mkdir(parents=True)
    (target / "lib").mkdir()
    program = target / "bin" / name
    shutil.copy(source / "bin" / name, program)
    shutil.copytree(
        source / "lib" / name, target / "lib" / name, ignore=shutil.ignore_patterns(*LEFT_OUT)
    )
    modules = target / "lib" / name / "lib-dynload"
    for pattern in NOT_OURS_TO_GIVE:
        for module in modules.glob(f"{pattern}.cpython-*.so"):
            module.unlink()
    (target / "lib" / name / "site-packages").mkdir()
    (target / "lib" / name / "EXTERNALLY-MANAGED").write_text(
        "[externally-managed]\nError=This Python belongs to Offline Studio, which would not notice "
        "what is changed in it. Use a Python of your own.\n"
    )
    for data in (target / "lib" / name).glob("_sysconfigdata*.py"):
        data.write_text(data.read_text("utf-8").replace(str(source), "/offline-studio"), "utf-8")
    for library in (source / "lib").glob("libpython3*.so*"):
        shutil.copy(library, target / "lib", follow_symlinks=False)
    brought = bring(target / "lib", [program, *target.glob("lib/*.so*"), *modules.glob("*.so")])
    for binary in (program, *target.glob("lib/libpython*.so*")):
        if not binary.is_symlink():
            look_beside(binary, source / "lib")
    for link in ("python3", "python"):
        (target / "bin" / link).symlink_to(name)
    return brought


def bring(folder: Path, binaries: Sequence[Path]) -> list[Path]:
    """Copy into ``folder`` the system's libraries that ``binaries`` need; return the originals."""
    brought = []
    for library in sorted({each for binary in binaries for each in needs(binary)}):
        here = folder / library.name
        if not here.exists() and not EVERYWHERE.match(library.name):
            shutil.copy(library, here)
            here.chmod(0o644)
            brought.append(library)
    return brought


def needs(binary: Path) -> Iterator[Path]:
    """Yield the shared libraries that the system's linker finds for ``binary``."""
    told = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
    for line in told.splitlines():
        if found := re.search(r"=> (/\S+)", line):
            yield Path(found[1])


def look_beside(binary: Path, before: Path) -> None:
    """Make a program look for libraries beside itself, for those that it loads, too.

    The entry of the ELF file that named a folder of the machine that built it is written over, and
    becomes an RPATH, which holds for what is loaded later; so nobody has to set LD_LIBRARY_PATH,
    which programs that the studio starts would inherit.
    """
    data = bytearray(binary.read_bytes())
    old, new = os.fsencode(before), BESIDE.encode()
    at = data.find(b"\0" + old + b"\0") + 1
    if not at:
        return  # it has no such entry: linked with nothing outside, as python-build-standalone is
    if len(new) > len(old):
        raise ValueError(f"{before} is too short to be replaced by {BESIDE} in {binary.name}.")
    data[at : at + len(old)] = new.ljust(len(old), b"\0")
    for place in _dynamic(data):
        if int.from_bytes(data[place : place + 8], "little") == RUNPATH:
            data[place : place + 8] = RPATH.to_bytes(8, "little")
    binary.chmod(0o755)
    binary.write_bytes(data)


def _dynamic(data: bytes | bytearray) -> Iterator[int]:
    """Yield where the entries of the dynamic section of a 64-bit ELF file lie."""
    headers, size, count = (
        int.from_bytes(data[at : at + length], "little")
        for at, length in ((32, 8), (54, 2), (56, 2))
    )
    for header in range(headers, headers + size * count, size):
        if int.from_bytes(data[header : header + 4], "little") == 2:  # PT_DYNAMIC
            start = int.from_bytes(data[header + 8 : header + 16], "little")
            length = int.from_bytes(data[header + 32 : header + 40], "little")
            yield from range(start, start + length, 16)
