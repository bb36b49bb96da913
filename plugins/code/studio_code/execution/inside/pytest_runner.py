"""Run tests with pytest and write each outcome, one JSON object a line. Trusts nobody.

The tests run in a child process together with the code they judge. This process never imports
that code: it records the child's events, compares them with the exit status, and rewrites the
report after the last descendant has ended. A second child runs the tests with altered
expectations (the control), in either order: a test that passes both proves nothing.

Remaining gap: the child reports on itself. Code that knows this judge can report success for
the tests and failure for their control.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any, NoReturn

MOST_TEXT = 4000
MOST_BYTES = 8 << 20
_POLL_SECONDS = 0.02
_SUBREAPER, _DUMPABLE = 36, 4  # of prctl
_TOLD = ("collected", "test", "coverage", "finish")
_FAILED = ("failed", "error")

Event = dict[str, Any]
"""What a line of a child says."""
Wish = Mapping[str, Any]
"""What standard input asks for."""


class TooSlow(Exception):
    """A test took longer than it may."""


class Witness:
    """A plugin of pytest that writes down what happens, at once: a run may be ended any time."""

    def __init__(self, file: IO[str], seconds: float) -> None:
        self._file = file
        self._seconds = seconds

    def tell(self, event: str, **values: Any) -> None:
        """Write one line."""
        self._file.write(json.dumps({"event": event, **values}) + "\n")
        self._file.flush()

    def pytest_collection_finish(self, session: Any) -> None:
        """Say which tests there are: reading them came to its end."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.tell("collected", names=[item.nodeid for item in session.items])

    def pytest_collectreport(self, report: Any) -> None:
        """Say which files of tests could not be read."""
        if report.failed:
            self.tell("test", name=report.nodeid, outcome="error", **_trouble(report))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Report the outcome of a test: of its call, or of a failed setup or teardown."""
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            outcome = report.outcome
            if report.failed and report.when != "call":
                outcome = "error"
            self.tell("test", name=report.nodeid, outcome=outcome, **_trouble(report))

    def pytest_sessionfinish(self, session: Any, exitstatus: int) -> None:
        """Say how pytest counts, for a comparison."""
        counted = {"tests": session.testscollected, "failures": session.testsfailed}
        self.tell("finish", code=int(exitstatus), **counted)

    def pytest_sessionstart(self, session: Any) -> None:
        """Start the clock: collecting the tests runs their imports."""
        self.pytest_runtest_setup(None)

    def pytest_runtest_setup(self, item: Any) -> None:
        """Start the clock of a test."""
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def pytest_runtest_teardown(self, item: Any) -> None:
        """Stop the clock."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, number: int, frame: object) -> None:
        raise TooSlow(f"it took more than {self._seconds:g} s")


def _trouble(report: Any) -> dict[str, Any]:
    """Return what went wrong, and where: the line of the test file, else where the test begins."""
    location = getattr(report, "location", None)
    line = (location[1] or 0) + 1 if location else 0
    if not report.failed:
        return {"message": "", "line": line}
    crash = getattr(report.longrepr, "reprcrash", None)
    message = crash.message if crash else str(report.longrepr)
    for entry in getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", ()):
        where = getattr(entry, "reprfileloc", None)
        if where is not None and report.nodeid.startswith(where.path.replace(os.sep, "/")):
            line = where.lineno
            break
    return {"message": message[:MOST_TEXT], "line": line}


class Ledger:
    """The report. Each line is there at once, for a run may be ended any time."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115  closed by close()
        self._lines: list[str] = []

    def write(self, event: Event) -> None:
        """Add a line."""
        self._lines.append(json.dumps(event) + "\n")
        self._file.write(self._lines[-1])
        self._file.flush()

    def close(self) -> None:
        """Write all of it anew: the code that was judged could reach the file."""
        self._file.close()
        os.unlink(self._path)
        with open(self._path, "x", encoding="utf-8") as file:
            file.writelines(self._lines)


def main() -> None:
    """Run the tests that standard input asks for, and their control."""
    wish = json.load(sys.stdin)
    sys.argv = ["pytest"]
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import coverage
    import pytest

    modules = pytest, coverage
    _guard(True)
    control = wish["control"]
    files = _read_files() if control else {}
    is_first = control and os.urandom(1)[0] % 2  # nobody can know which of the two it is in
    ledger = Ledger(wish["results"])
    passed = _try_control(wish, modules, files) if is_first else None
    events, code = _run(wish, modules, wish["measured"], ledger.write)
    if control and not is_first:
        passed = _try_control(wish, modules, files)
    if passed is not None:
        ledger.write({"event": "control", "names": passed})
    if _agree(events, code):
        ledger.write({"event": "end", "code": code})
    ledger.close()
    _end_as(code, events)


def _try_control(wish: Wish, modules: tuple[Any, Any], files: Mapping[str, bytes]) -> list[str]:
    """Return the tests that pass although they ask for something else."""
    altered = {path: text.encode() for path, text in wish["control"].items()}
    _restore({**files, **altered}, wish)
    until = time.monotonic() + wish["control_seconds"]
    events, _ = _run(wish, modules, (), lambda event: None, until)
    _restore(files, wish)
    tests = [entry for entry in events if entry["event"] == "test"]
    failed = {entry.get("name") for entry in tests if entry.get("outcome") != "passed"}
    return sorted({str(entry.get("name")) for entry in tests} - failed)


def _run(
    wish: Wish,
    modules: tuple[Any, Any],
    measured: Sequence[str],
    take: Callable[[Event], object],
    until: float | None = None,
) -> tuple[list[Event], int]:
    """Run the tests in a child; return its events and its exit code."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_judged(wish, modules, measured, writing)
    os.close(writing)
    result = _listen(reading, child, until, take)
    os.close(reading)
    return result


def _be_judged(
    wish: Wish, modules: tuple[Any, Any], measured: Sequence[str], writing: int
) -> NoReturn:
    """Run the tests in this process, and end it with pytest's code."""
    pytest, coverage = modules
    code = 1
    try:
        os.setpgid(0, 0)
        _guard(False)
        here = os.getcwd()
        sys.path.insert(0, here)
        include = [os.path.join(here, name) for name in measured]
        cover = coverage.Coverage(data_file=None, config_file=False, include=include)
        if measured:
            cover.start()
        with open(writing, "w", encoding="utf-8") as file:
            witness = Witness(file, wish["seconds"])
            options = ["-p", "no:cacheprovider", "--rootdir=.", "--color=no", "-q"]
            arguments = [*options, *wish["options"], *wish["tests"]]
            code = int(pytest.main(arguments, plugins=[witness]))
            if measured:
                cover.stop()
            for path in measured:
                _tell_coverage(witness, cover, path)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _listen(
    reading: int, child: int, until: float | None, take: Callable[[Event], object]
) -> tuple[list[Event], int]:
    """Record the events of a child until it ends; then end all its descendants."""
    os.set_blocking(reading, False)
    events: list[Event] = []
    rest, size = b"", 0
    status: int | None = None
    while True:
        is_over = status is not None
        piece = b""
        if select.select([reading], [], [], 0 if is_over else _POLL_SECONDS)[0]:
            piece = os.read(reading, 1 << 16)
        size += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        for event in filter(None, map(_event, lines)):
            events.append(event)
            take(event)
        if (is_over and not piece) or size > MOST_BYTES:
            break
        if not is_over:
            if until is not None and time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
            done, ended = os.waitpid(child, os.WNOHANG)
            status = ended if done else None
            if status is not None:
                _end_descendants()
    if status is None:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        _end_descendants()
    return events, os.waitstatus_to_exitcode(status)


def _event(line: bytes) -> Event | None:
    """Return the event in a line of a child, if a child may write it."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and event.get("event") in _TOLD else None


def _agree(events: Sequence[Event], code: int) -> bool:
    """Return whether a child's events fit its exit code."""
    by_event = {name: [event for event in events if event["event"] == name] for name in _TOLD}
    if len(by_event["finish"]) != 1:
        return False
    [finish] = by_event["finish"]
    collected = [name for event in by_event["collected"] for name in event.get("names", ())]
    has_failed = any(event.get("outcome") in _FAILED for event in by_event["test"])
    return (
        finish.get("code") == code
        and finish.get("tests") == len(collected)
        and bool(finish.get("failures")) == has_failed
        and (code != 0 or not has_failed)
    )


def _end_as(code: int, events: Sequence[Event]) -> NoReturn:
    """End as the child did: by its signal, or with its code; never well where that is in doubt."""
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code if _agree(events, code) else code or 1)


# --- what a child must not reach ------------------------------------------------------------------


def _guard(is_on: bool) -> None:
    """Adopt orphans, so that they can be ended; let no child look into or write this process."""
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_SUBREAPER, int(is_on), 0, 0, 0)
        prctl(_DUMPABLE, int(not is_on), 0, 0, 0)


def _end_descendants() -> None:
    """Kill processes left by a child; this process is the reaper of orphans."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        for pid in _below():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _below() -> Iterable[int]:
    """Return the processes that may be below this one."""
    pids = [os.getpid()]
    if not os.path.exists("/proc"):  # numbers of its own: the later ones are of what it started
        last = os.fork()
        if last == 0:
            os._exit(0)
        return range(pids[0] + 1, last)
    for pid in pids:
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                    pids += map(int, file.read().split())
        except OSError:  # it has just ended
            continue
    return pids[1:]


def _read_files() -> dict[str, bytes]:
    """Return all files of this folder."""
    contents = {}
    for folder, _, names in os.walk("."):
        for name in names:
            path = os.path.normpath(os.path.join(folder, name))
            with open(path, "rb") as file:
                contents[path] = file.read()
    return contents


def _restore(files: Mapping[str, bytes], wish: Wish) -> None:
    """Restore the files of this folder after a child may have changed them."""
    for folder, folders, names in os.walk(".", topdown=False):
        for name in [*folders, *names]:
            path = os.path.normpath(os.path.join(folder, name))
            if path in files or path == wish["results"]:
                continue
            if name in names or os.path.islink(path):
                os.unlink(path)
            elif not os.listdir(path):
                os.rmdir(path)
    for path, data in files.items():
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "xb") as file:
            file.write(data)


def _tell_coverage(witness: Witness, cover: Any, path: str) -> None:
    import coverage

    try:
        _, lines, _, missing, _ = cover.analysis2(os.path.abspath(path))
    except coverage.exceptions.CoverageException as error:
        witness.tell("coverage", path=path, lines=0, missing=[], problem=str(error)[:MOST_TEXT])
        return
    witness.tell("coverage", path=path, lines=len(lines), missing=missing)


if __name__ == "__main__":
    main()
