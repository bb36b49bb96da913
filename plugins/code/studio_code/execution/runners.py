"""Which languages are run, and how: a table of runners. Python for now; others join here."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Final, Protocol

from studio.api import Event, TaskContext
from studio_code.execution import python_runner
from studio_code.execution.control import Control
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.sandbox_run import Ran


class Runner(Protocol):
    """How code of one language is checked and run. Its functions are steps of a task."""

    def syntax_error(self, code: str) -> str:
        """Return what is wrong with the syntax, with the line; empty if nothing is."""
        ...

    def program(
        self,
        ctx: TaskContext,
        files: Mapping[str, str],
        path: str,
        arguments: Sequence[str] = (),
        stdin: str = "",
        *,
        seconds: float = 30.0,
        live: bool = False,
    ) -> Generator[Event, None, Ran]:
        """Run the file ``path`` among ``files``."""
        ...

    def tests(
        self,
        ctx: TaskContext,
        files: Mapping[str, str],
        tests: Sequence[str],
        *,
        measured: Sequence[str] = (),
        expected: Sequence[str] = (),
        options: Sequence[str] = (),
        seconds: float = 30.0,
        live: bool = False,
        message: str = "",
        control: Control | None = None,
    ) -> Generator[Event, None, SuiteOutcome]:
        """Run the files ``tests`` and measure which lines of ``measured`` they reach."""
        ...


RUNNERS: Final[Mapping[str, Runner]] = {"python": python_runner.PythonRunner()}
