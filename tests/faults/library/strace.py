"""Runs a program with a fault at its n-th system call of a kind (``strace -e inject``)."""

from __future__ import annotations

import os
import shutil
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


def count_calls(
    calls: list[str], folder: Path, said: Path, *, program: Path = SAVER
) -> Counter[str]:
    """Run the saver, or another program, unharmed and return how often it made each call."""
    log = said.with_suffix(".strace")
    _strace(["-o", str(log), "-e", f"trace={','.join(calls)}"], folder, said, program=program)
    lines = log.read_text(errors="replace").splitlines()
    names = (line.split(maxsplit=1)[1].split("(")[0] for line in lines if "(" in line)
    return Counter(name for name in names if name in calls)


def run(
    fault: Fault, folder: Path, said: Path, *more: str, program: Path = SAVER
) -> tuple[int, bool]:
    """Run it with a fault; return its exit status and whether the fault happened."""
    log = said.with_suffix(".strace")
    options = ["-o", str(log), "-e", f"trace={fault.call}", "-e", f"inject={fault}"]
    if fault.how.startswith("error"):  # no other call stops the program; it injects no signals
        options.append("--seccomp-bpf")
    status = _strace(options, folder, said, *more, program=program)
    happened = "(INJECTED)" in log.read_text(errors="replace") or status in (-9, 137)
    return status, happened


def _strace(options: list[str], folder: Path, said: Path, *more: str, program: Path = SAVER) -> int:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["strace", "-f", "-qq", *options, sys.executable, str(program)]
    done = subprocess.run(
        [*command, str(folder), str(said), *more],
        check=False,
        env=environment,
        capture_output=True,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done.returncode
