"""Runs tests with pytest and writes what came of each, one JSON object a line. Trusts nobody.

It shares its process with the code that is tested, and that code could write the same lines if it
set out to: who reads them checks what can be checked from outside.
"""

import json
import os
import signal
import sys

MOST_TEXT = 4000


class TooSlow(Exception):
    """A test took longer than it may."""


class Witness:
    """A plugin of pytest that writes down what happens, at once: a run may be ended any time."""

    def __init__(self, file, seconds):
        self._file = file
        self._seconds = seconds

    def tell(self, event, **values):
        """Write one line."""
        self._file.write(json.dumps({"event": event, **values}) + "\n")
        self._file.flush()

    def pytest_collection_finish(self, session):
        """Say which tests there are: reading them came to its end."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.tell("collected", names=[item.nodeid for item in session.items])

    def pytest_collectreport(self, report):
        """Say which files of tests could not be read."""
        if report.failed:
            self.tell("test", name=report.nodeid, outcome="error", **_trouble(report))

    def pytest_runtest_logreport(self, report):
        """Say what came of a test: its call, or what failed before or after it."""
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            outcome = report.outcome
            if report.failed and report.when != "call":
                outcome = "error"
            self.tell("test", name=report.nodeid, outcome=outcome, **_trouble(report))

    def pytest_sessionstart(self, session):
        """Start the clock: reading the tests runs what they import."""
        self.pytest_runtest_setup(None)

    def pytest_runtest_setup(self, item):
        """Start the clock of a test."""
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def pytest_runtest_teardown(self, item):
        """Stop the clock."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, number, frame):
        raise TooSlow(f"it took more than {self._seconds:g} s")


def _trouble(report):
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


def main():
    """Run the tests that standard input asks for."""
    wish = json.load(sys.stdin)
    here = os.getcwd()
    sys.argv = ["pytest"]
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import coverage
    import pytest

    sys.path.insert(0, here)
    cover = None
    if wish["measured"]:
        cover = coverage.Coverage(
            data_file=None,
            config_file=False,
            include=[os.path.join(here, m) for m in wish["measured"]],
        )
        cover.start()
    with open(wish["results"], "w", encoding="utf-8") as file:
        witness = Witness(file, wish["seconds"])
        options = ["-p", "no:cacheprovider", "--rootdir=.", "--color=no", "-q", *wish["options"]]
        code = int(pytest.main([*options, *wish["tests"]], plugins=[witness]))
        if cover is not None:
            cover.stop()
            for path in wish["measured"]:
                _tell_coverage(witness, cover, path)
        witness.tell("end", code=code)
    sys.exit(code)


def _tell_coverage(witness, cover, path):
    import coverage

    try:
        _, lines, _, missing, _ = cover.analysis2(os.path.abspath(path))
    except coverage.exceptions.CoverageException as error:
        witness.tell("coverage", path=path, lines=0, missing=[], problem=str(error)[:MOST_TEXT])
        return
    witness.tell("coverage", path=path, lines=len(lines), missing=missing)


if __name__ == "__main__":
    main()
