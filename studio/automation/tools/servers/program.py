"""The program of a server: its path, required files, and digest."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from studio.automation.tools.servers.entry import ServerEntry, is_too_much
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import open_regular, read_note
from studio.sandbox import interpreter

_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", re.MULTILINE)
_HOME = re.compile(r"^home\s*=\s*(.+)$", re.MULTILINE)
_LARGEST = 512 << 20
_LINKS = 16
_LONGEST_LINE = 256
"""Bytes of a script's first line, as Linux reads it."""
_FETCHERS = {
    "npx": "npm install --global",
    "bunx": "bun install --global",
    "uvx": "uv tool install",
    "pipx": "pipx install",
}
"""Programs that get a server from the network each time they start it → how it is installed."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")


def find(entry: ServerEntry) -> Path:
    """Return the program's path, links not followed.

    Raises:
        StudioError: ``NOT_FOUND``: it is not there, or not to be started.
    """
    path = shutil.which(os.path.expanduser(entry.command))
    if path is None:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"The server “{entry.name}” cannot be started: there is no program “{entry.command}”.",
            "Install it, or give the full path of the program.",
        )
    return Path(path).absolute()


def how_to_install(entry: ServerEntry) -> str:
    """Return instructions where a program would download its server; else nothing."""
    name = Path(entry.command).stem.lower()
    if name not in _FETCHERS:
        return ""
    words = [word for word in entry.arguments if not word.startswith("-") and word != "run"]
    package = words[0] if words else "PACKAGE"
    return (
        f"“{name}” fetches the server each time it starts, and needs the network and a folder for "
        f"that. Install it once (“{_FETCHERS[name]} {package}”), then name the program that this "
        "installs."
    )


def needs(program: Path, arguments: tuple[str, ...]) -> set[Path]:
    """Return the paths to lend so that the program starts: itself, and its installation, if that
    is a Python environment or packages of Node.

    Args:
        arguments: Absolute paths of files among them are lent, too.
    """
    paths = {Path(word) for word in arguments if os.path.isabs(word) and os.path.isfile(word)}
    for path in [*links(program), *_interpreters(program)]:
        paths.add(path)
        prefix = path.parent.parent
        if is_too_much(prefix):
            continue
        settings = prefix / "pyvenv.cfg"
        if settings.is_file():
            paths |= {prefix, *_base_of(settings)}
        elif (prefix / "lib/node_modules").is_dir() or path.name.startswith("python"):
            paths |= _installed(prefix, path)
    return {path for path in paths if not str(path).startswith(tuple(f"{s}/" for s in _SYSTEM))}


def digest(entry: ServerEntry, program: Path) -> str:
    """Return the digest of the program and its permissions.

    It covers the command, the program's bytes, those of files that the arguments name, the
    environment, the folders and the network; not what a program fetches or loads by itself.
    """
    content = {**entry.as_data(), "is_on": True, "command": str(program)}
    parts = [json.dumps(content, sort_keys=True)]
    files = [word for word in entry.arguments if os.path.isabs(word) and os.path.isfile(word)]
    parts += [_of_file(path) for path in (str(program), *files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _interpreters(program: Path) -> Iterator[Path]:
    """Yield the program that a script names in its first line, where that is one of the disk."""
    with contextlib.suppress(OSError), open_regular(program) as file:
        first = file.readline(_LONGEST_LINE).split()
        named = first[0].removeprefix(b"#!") if first[:1] and first[0].startswith(b"#!") else b""
        if named.startswith(b"/"):
            yield from links(Path(os.fsdecode(named)))


def links(path: Path) -> Iterator[Path]:
    """Yield a path, and its link targets, step by step."""
    for _ in range(_LINKS):
        yield path
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    yield path.resolve()


def _base_of(settings: Path) -> set[Path]:
    """Return the paths that a Python environment needs of its base Python."""
    text = read_note(settings).decode("utf-8", "replace")
    home, version = _HOME.search(text), _VERSION.search(text)
    if not home or not version:
        return set()
    folder = Path(home[1].strip())
    python = (folder / f"python{version[1]}.{version[2]}").resolve()
    base = interpreter.at(python, folder.parent.resolve(), (int(version[1]), int(version[2])))
    names = ("python", "python3", f"python{version[1]}.{version[2]}")
    named = {step for name in names if (folder / name).exists() for step in links(folder / name)}
    return {*base.paths, *named}  # what the environment calls Python may be a link to a link


def _installed(prefix: Path, program: Path) -> set[Path]:
    folders = [
        prefix / "lib/node_modules",
        *prefix.glob("lib/python3.*"),
        *prefix.glob("lib/*.so*"),
    ]
    return {program, *(folder for folder in folders if folder.exists())}


def _of_file(path: str) -> str:
    stat = os.stat(path)
    return _hashed(os.path.realpath(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)


@functools.lru_cache(64)
def _hashed(path: str, size: int, *_: int) -> str:
    if size > _LARGEST:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path}” is too large for the program of a server.",
            "Name a program of less than 512 MB.",
        )
    with open_regular(Path(path)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
