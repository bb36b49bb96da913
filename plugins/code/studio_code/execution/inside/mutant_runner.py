"""Runs tests against faulty versions of a file, each in a process of its own. Trusts nobody.

The versions never meet this process: a child imports one, and tells by how it ends whether a test
noticed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from typing import Any, NoReturn

_POLL_SECONDS = 0.005


def main() -> None:
    """Try each version that standard input holds, until the time is used up."""
    wish = json.load(sys.stdin)
    sys.argv = ["pytest"]
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest

    sys.path.insert(0, os.getcwd())
    until = time.monotonic() + wish["seconds"]
    descriptor = os.open(wish["results"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    options = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir=.", "--color=no", *wish["tests"]]
    for number, text in enumerate(wish["versions"]):
        if time.monotonic() >= until:
            break
        with open(wish["path"], "w", encoding="utf-8") as file:
            file.write(text)
        child = os.fork()
        if child == 0:
            os.close(descriptor)
            _be_a_child(pytest, options)
        ended = _wait(child, min(wish["each"], until - time.monotonic()))
        line = json.dumps({"event": "version", "number": number, "noticed": ended != 0})
        os.write(descriptor, (line + "\n").encode())
    os.close(descriptor)


def _be_a_child(pytest: Any, options: list[str]) -> NoReturn:
    """Run the tests silently and always exit with pytest's exit code."""
    code = 1
    try:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(quiet, number)
        code = int(pytest.main(options))
    finally:
        os._exit(code)


def _wait(child: int, seconds: float) -> int:
    """Return how a child ended: its exit code, or -1 if it did not in time."""
    until = time.monotonic() + max(seconds, 0.1)
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _end_group(child)
            return os.waitstatus_to_exitcode(status)
        select.select([], [], [], _POLL_SECONDS)
    _end_group(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def _end_group(child: int) -> None:
    """Kill the remaining processes of the child's group."""
    try:
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


if __name__ == "__main__":
    main()
