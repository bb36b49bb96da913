"""Guards that pytest runs around every test: a home of its own, no network, nothing left running.

Loaded by `-p studio.testing.guards`. It must not import Qt, torch or the rest of the studio.
"""

from __future__ import annotations

import gc
import itertools
import os
import re
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot  # imports no Qt

PATIENCE = 60.0
"""Seconds that a test waits for what must come. It bounds a hang and measures nothing, so that it
costs nothing where all is well and spares a busy machine."""
THOROUGH = bool(os.environ.get("STUDIO_THOROUGH"))
"""Whether every case is tried where else some are drawn: once a night, not before each commit."""
LASTS = ("template_child.py",)  # one renderer serves a whole process, and ends with it
MANY_MODULES = 200
FOLDER_MARKS = ("e2e", "faults", "gui")
_ALL_SLOW = re.compile(r"^pytestmark = (\[[^]]*)?pytest\.mark\.slow\b", re.MULTILINE)


def pytest_configure() -> None:
    """Keep libraries of references off the network, and each test by itself."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    # Which engine is faster here must not decide what tests see; those of the choice unset it.
    os.environ.setdefault("STUDIO_TEXT_ENGINE", "torch")
    # Where Python is told to keep no bytecode, each of hundreds of processes compiles torch anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    gc.disable()  # see _cycles_end_in_the_main_thread
    # A shell has what it starts in the background ignore Ctrl+C, also where a test presses it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.fsync = lambda fd: None  # see waits_for_the_disk
    sqlite3.connect = _connect
    for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitExposed):
        defaults = wait.__kwdefaults__ or {}
        wait.__kwdefaults__ = {**defaults, "timeout": int(1000 * PATIENCE)}  # 5 seconds by default


_fsync, _sqlite_connect = os.fsync, sqlite3.connect


class _Hasty(sqlite3.Connection):
    """A connection without fsync."""

    def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
        """Run a statement, but that which makes all others wait."""
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *more)


def _connect(*where: Any, **options: Any) -> Any:
    return _sqlite_connect(*where, **{"factory": _Hasty, **options})


@pytest.fixture
def waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is waited for as in the product; elsewhere no test waits in its own process.

    A process that dies takes nothing along that the system has, so no other test can tell. What the
    power would take along is looked at by ``tests/faults/library``, in processes of their own.
    """
    monkeypatch.setattr(os, "fsync", _fsync)
    monkeypatch.setattr(sqlite3, "connect", _sqlite_connect)


_ended = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how it went; the process ends with it."""
    session.config.stash[_ended] = int(exitstatus)
    _empty_the_clipboard()


def _empty_the_clipboard() -> None:
    """Clear the clipboard, whose data must not outlive Python: see ``studio.app.main``."""
    gui: Any = sys.modules.get("PySide6.QtGui")
    if gui is not None and isinstance(gui.QGuiApplication.instance(), gui.QGuiApplication):
        gui.QGuiApplication.clipboard().clear()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End without tearing the interpreter down: nothing after the last test can change a verdict.

    One process of tests holds what no process of the studio does: Qt beside torch, RDKit and
    verovio, a hundred windows, thousands of modules. The one crash at exit that was seen came from
    the clipboard, and is mended above.
    """
    if _ended in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_ended])


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Neither half of the suite imports a file without a test of it: that took half a minute."""
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    half = config.getoption("markexpr")
    if not is_test or half not in ("slow", "not slow"):
        return None
    text = collection_path.read_text("utf-8")
    is_without = "mark.slow" not in text if half == "slow" else _ALL_SLOW.search(text)
    return True if is_without else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Derive marks from fixtures and paths of the tests."""
    for item in items:
        folders = Path(item.path).parts
        for mark in FOLDER_MARKS:
            if mark in folders:
                item.add_marker(mark)
        if "qapp" in getattr(item, "fixturenames", ()):
            item.add_marker("gui")
        if "runtime" in folders:
            item.add_marker("torch")


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders to live in, one after another.

    They lie apart from the folders of ``tmp_path``: to number one of those, pytest reads the names
    of all, and thousands of homes among them took half a minute of a run.
    """
    rows = tmp_path_factory.mktemp("homes")
    return (rows / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _home_of_its_own(_homes: Iterator[Path], monkeypatch: Any) -> None:
    """No test reads or writes the library, settings and models of the person who runs it."""
    home = next(_homes)
    home.mkdir()
    monkeypatch.setenv("STUDIO_HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    for name in ("STUDIO_WEIGHTS", "STUDIO_WEIGHTS_HOME", "STUDIO_PLUGIN_PATH"):
        monkeypatch.delenv(name, raising=False)


_installed: dict[tuple[str, ...], list[Any]] = {}


@pytest.fixture(autouse=True)
def _installed_plugins_are_read_once(monkeypatch: Any) -> None:
    """Each studio of a test asks which plugins are installed; where tests install none, once."""
    discovery = sys.modules.get("studio.plugins.discovery")
    if discovery is None:
        return
    read: Callable[[], Iterator[Any]] = discovery._installed
    path = tuple(sys.path)

    def remembered() -> Iterator[Any]:
        more = [Path(entry) for entry in sys.path if entry not in path]
        if any(next(folder.glob("*-info"), None) for folder in more):
            return read()
        if path not in _installed:
            _installed[path] = list(read())
        return iter(_installed[path])

    monkeypatch.setattr(discovery, "_installed", remembered)


@cache
def _empty_database(migrate: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    database = _sqlite_connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(database)
    return database


@pytest.fixture(autouse=True)
def _new_databases_are_copies(request: pytest.FixtureRequest, monkeypatch: Any) -> None:
    """The empty database of a new library is made once; where that is looked at, each time."""
    schema = sys.modules.get("studio.library.storage.schema")
    if schema is None or not {"library", "faults"}.isdisjoint(request.path.parts):
        return
    migrate, steps = schema.migrate, schema.MIGRATIONS

    def copied(connection: sqlite3.Connection) -> None:
        is_new = not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if is_new and schema.MIGRATIONS is steps:
            _empty_database(migrate).backup(connection)
        else:
            migrate(connection)

    monkeypatch.setattr(schema, "migrate", copied)


_modules = 0


def _set_aside() -> None:
    """Freeze existing objects: each garbage collection took up to a third of a second."""
    global _modules
    gc.collect()
    gc.freeze()
    _modules = len(sys.modules)


@pytest.fixture(autouse=True)
def _cycles_end_in_the_main_thread() -> Iterator[None]:
    """Objects of Qt in a cycle must not end in another thread: see
    ``studio.desktop.main_thread.cycle_collector``."""
    yield
    if gc.isenabled():
        gc.disable()
        pytest.fail("left Python's collector of cycles on: it would run in any thread")
    if len(sys.modules) > _modules + MANY_MODULES:
        _set_aside()  # such as transformers: a test of that module has just asked for it
    counts, limits = gc.get_count(), gc.get_threshold()
    due = [generation for generation in range(2) if counts[generation] > limits[generation]]
    if due:  # the oldest are looked through between modules
        gc.collect(max(due))


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: Any) -> None:
    """Block network access from tests; marked ones may reach their own server."""
    connect = socket.socket.connect
    within = ("127.0.0.1", "::1") if request.node.get_closest_marker("loopback") else ()

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in within:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True, scope="module")
def _nothing_left_running() -> Iterator[None]:
    """Threads and child processes that a module's tests started are gone when it ends."""
    _set_aside()  # what is there before a module's first test outlives its last
    threads_before = set(threading.enumerate())
    children_before = set(psutil.Process().children(recursive=True))
    yield
    deadline = time.monotonic() + PATIENCE
    while left := _left(threads_before, children_before):
        if time.monotonic() > deadline:
            pytest.fail("left running: " + "; ".join(left))
        time.sleep(0.05)


def _left(threads: set[threading.Thread], children: set[psutil.Process]) -> list[str]:
    """Names of new threads that would keep a process alive, and of new children that live."""
    alive = [
        f"thread {thread.name}"
        for thread in threading.enumerate()
        if thread not in threads and not thread.daemon
    ]
    for child in set(psutil.Process().children(recursive=True)) - children:
        try:
            words = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not any(name in words for name in LASTS):
                alive.append(f"process {child.pid}: {words[:120]}")
        except psutil.NoSuchProcess:
            continue
    return alive
