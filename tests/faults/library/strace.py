"""Runs a program with a fault at its n-th system call of a kind (``strace -e inject``)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

SAVER = Path(__file__).with_name("saver.py")


@dataclass(frozen=True)
class Fault:
    """``how`` (``signal=SIGKILL``, ``error=EIO``) at ``call`` no. ``when`` (``2+``: from 2 on)."""

    call: str
    how: str
    when: str

    def __str__(self) -> str:
        return f"{self.call}:{self.how}:when={self.when}"


def required() -> None:
    """Skip where there can be no strace; fail where there should be one."""
    if sys.platform != "linux":
        pytest.skip("strace is for Linux")
    if not shutil.which("strace"):
        missing = "strace is not installed, so no fault can be injected"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


class Traced:
    """A program whose forks are traced: what it imports is imported once.

    Use it as a context.
    """

    def __init__(self, program: Path = SAVER) -> None:
        nursery = str(Path(__file__).with_name("nursery.py"))
        self._process = subprocess.Popen(
            [sys.executable, nursery, str(program)],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Traced:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def count_calls(self, calls: list[str], folder: Path, said: Path) -> Counter[str]:
        """Run it unharmed and return how often it made each call."""
        log = said.with_suffix(".strace")
        self._trace(["-o", str(log), "-e", f"trace={','.join(calls)}"], folder, said)
        lines = log.read_text(errors="replace").splitlines()
        names = (line.split(maxsplit=1)[1].split("(")[0] for line in lines if "(" in line)
        return Counter(name for name in names if name in calls)

    def run(self, fault: Fault, folder: Path, said: Path, *more: str) -> tuple[int, bool]:
        """Run it with a fault; return its exit status and whether the fault happened."""
        log = said.with_suffix(".strace")
        options = ["-o", str(log), "-e", f"trace={fault.call}", "-e", f"inject={fault}"]
        status = self._trace(options, folder, said, *more)
        return status, "(INJECTED)" in log.read_text(errors="replace") or status == -9

    def _trace(self, options: list[str], folder: Path, said: Path, *more: str) -> int:
        errors = said.with_suffix(".errors")
        child = self._ask(json.dumps([str(errors), str(folder), str(said), *more]))
        tracer = subprocess.Popen(
            ["strace", "-f", *options, "-p", str(child)], stderr=subprocess.PIPE, text=True
        )
        assert tracer.stderr is not None
        for line in tracer.stderr:
            if "attached" in line:
                break
        os.kill(child, signal.SIGCONT)
        status = self._ask()
        tracer.communicate()
        assert "Traceback" not in errors.read_text(errors="replace"), errors.read_text()
        return status

    def _ask(self, line: str = "") -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if line:
            print(line, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())
