"""Plugins in processes of their own, written into a folder."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from studio.plugin_process.process_sandbox import ProcessSandbox
from studio.protocol.messages import Permits, WorkerEntry
from studio.protocol.states import Lane
from tests.runtime.desk import Desk

SCHEMA = """
from studio.api import *
from typing import Annotated, Any

class Toy(Params):
    number: int = 0
    text: str = ""
    file: Annotated[str, File()] = ""
    weights: Annotated[WeightsId, Capability("text")] = WeightsId()

    def check(self):
        if self.text == "forbidden":
            raise BadInput("This text is forbidden.", "Choose another.")
"""
ENDS = """
def exit(ctx, params):
    yield ctx.text("begun")
    os._exit(7)

def crash(ctx, params):
    import ctypes
    yield ctx.text("begun")
    ctypes.string_at(0)

def hunger(ctx, params):
    yield ctx.text("begun")
    held = []
    while True:
        held.append(bytearray(b"x" * (32 << 20)))
"""
"""Tasks that end their process."""
WORKER = """
import os, sys, time
from pathlib import Path
from studio.api import *

{code}

@hookimpl
def studio_tasks():
    here = globals()
    return {{f"{name}.{{task}}": here[task] for task in {tasks!r}}}
"""


class Strangers:
    """Writes plugins, and announces them to a runtime."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self._folder, self._desk = folder, desk

    def plugin(self, name: str, code: str, **more: Any) -> WorkerEntry:
        """Write a plugin whose tasks are the functions in ``code`` with ``ctx``, and announce it.

        Args:
            more: Of its ``WorkerEntry``; ``lane`` is that of all its tasks.
        """
        code = textwrap.dedent(code)
        package = self._folder / name / f"strange_{name}"
        package.mkdir(parents=True)
        tasks = [line[4:].split("(")[0] for line in code.splitlines() if line.startswith("def ")]
        tasks = [task for task in tasks if f"def {task}(ctx" in code]
        (package / "__init__.py").write_text("")
        (package / "schema.py").write_text(SCHEMA)
        (package / "worker.py").write_text(WORKER.format(code=code, name=name, tasks=tasks))
        full = [f"{name}.{task}" for task in tasks]
        lane = more.pop("lane", Lane.BATCH)
        entry = WorkerEntry(
            name,
            f"{package.name}.worker",
            dict.fromkeys(full, f"{package.name}.schema:Toy"),
            dict.fromkeys(full, lane),
            title=f"The {name}",
            paths=(str(package.parent), *more.pop("paths", ())),
            isolated=True,
            permits=more.pop("permits", Permits(files=True)),
            **{"needs_sandbox": False, **more},
        )
        if not entry.needs_sandbox:  # most tests are about the process alone, and quicker so
            self._desk.server._hosts.find_sandbox = lambda: ProcessSandbox(())
        self._desk.announce(entry)
        return entry


@pytest.fixture
def strangers(tmp_path: Path, desk: Desk) -> Strangers:
    return Strangers(tmp_path, desk)
