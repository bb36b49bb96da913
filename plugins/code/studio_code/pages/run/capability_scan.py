"""Find the capabilities used by a program from its source, without running it. Pure.

A summary for people, not a protection: code can hide its actions; the sandbox is the protection.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from studio_code.languages import of_path

MAX_FILES = 200
MAX_PLACES = 5
"""Of one kind that are named."""


class Capability(StrEnum):
    """A kind of thing that programs ask for."""

    NETWORK = "network"
    FILES = "files"
    PROCESSES = "processes"
    NATIVE = "native"
    DYNAMIC = "dynamic"


_MODULES = {
    Capability.NETWORK: (
        "socket ssl urllib http ftplib smtplib poplib imaplib telnetlib xmlrpc socketserver "
        "requests httpx aiohttp urllib3 websockets websocket paramiko webbrowser boto3 grpc"
    ),
    Capability.FILES: "shutil tempfile glob fileinput sqlite3 dbm zipfile tarfile mmap",
    Capability.PROCESSES: "subprocess multiprocessing pty signal",
    Capability.NATIVE: "ctypes cffi _ctypes",
    Capability.DYNAMIC: "importlib runpy code codeop pickle marshal",
}
_CALLS = {
    Capability.FILES: (
        "open io.open os.open os.remove os.unlink os.rename os.replace os.mkdir os.makedirs "
        "os.rmdir os.walk os.listdir os.scandir os.chmod os.symlink os.link .read_text .write_text "
        ".read_bytes .write_bytes .unlink .rmdir .mkdir .iterdir .rglob"
    ),
    Capability.PROCESSES: (
        "os.system os.popen os.fork os.forkpty os.kill os.killpg os.execv os.execve os.execvp "
        "os.spawnv os.posix_spawn asyncio.create_subprocess_exec asyncio.create_subprocess_shell"
    ),
    Capability.DYNAMIC: "eval exec compile __import__",
}
_BY_MODULE = {name: want for want, names in _MODULES.items() for name in names.split()}
_BY_CALL = {name: want for want, names in _CALLS.items() for name in names.split()}


@dataclass
class Capabilities:
    """Capabilities found in a program.

    Attributes:
        places: Kind → "subprocess, main.py line 3", the first few.
        imports: Modules of the standard library.
        packages: Third-party modules, which must be installed where it runs.
        unread: Files with syntax errors.
        unknown: The program, if its language is not scanned.
    """

    places: dict[Capability, list[str]] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    unknown: str = ""

    def add(self, want: Capability, what: str, path: str, line: int) -> None:
        """Take note of one place."""
        places = self.places.setdefault(want, [])
        words = f"{what} ({PurePosixPath(path).name}:{line})"
        if len(places) < MAX_PLACES and words not in places:
            places.append(words)


def read_wants(texts: Mapping[str, str], entry: str) -> Capabilities:
    """Return what ``entry`` and the files that it imports ask for.

    Args:
        texts: Relative path → source of every file that is handed over.
    """
    if of_path(entry).id not in ("python", "text"):
        return Capabilities(unknown=entry)
    wants, waiting, seen = Capabilities(), [entry], {entry}
    while waiting and len(seen) <= MAX_FILES:
        path = waiting.pop(0)
        try:
            tree = ast.parse(texts.get(path, ""))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            wants.unread.append(path)
            continue
        for module, line in _imported(tree):
            own = _own_file(module, path, texts)
            if own and own not in seen:
                seen.add(own)
                waiting.append(own)
            elif not own:
                _add_module(wants, module, path, line)
        _add_calls(wants, tree, path)
    wants.imports.sort()
    wants.packages.sort()
    return wants


def _imported(tree: ast.AST) -> Iterable[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            yield name, node.lineno
            yield from ((f"{name}.{alias.name}".replace("..", "."), 0) for alias in node.names)


def _own_file(module: str, path: str, texts: Mapping[str, str]) -> str:
    """Return the file of the folder that a module is; empty for none."""
    beside = PurePosixPath(path).parent
    parts = module.lstrip(".").replace(".", "/")
    for folder in (beside, PurePosixPath(".")):
        for name in (f"{parts}.py", f"{parts}/__init__.py"):
            where = (folder / name).as_posix()
            if parts and where in texts:
                return where
    return ""


def _add_module(wants: Capabilities, module: str, path: str, line: int) -> None:
    top = module.split(".")[0]
    if not line or not top:
        return  # a name from a module, which was looked at itself
    if top in _BY_MODULE:
        wants.add(_BY_MODULE[top], module, path, line)
    modules = wants.imports if top in sys.stdlib_module_names else wants.packages
    if top not in modules:
        modules.append(top)


def _add_calls(wants: Capabilities, tree: ast.AST, path: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func) if _is_plain(node.func) else ""
            tail = f".{node.func.attr}" if isinstance(node.func, ast.Attribute) else ""
            for candidate in (name, tail):
                if candidate in _BY_CALL:
                    wants.add(_BY_CALL[candidate], f"{candidate.lstrip('.')}()", path, node.lineno)
                    break


def _is_plain(node: ast.expr) -> bool:
    """Return whether an expression is a name or dotted name, so that it can be resolved."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
