"""Which languages are run, and how: a table of runners."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Final, Protocol

from studio.api import Event, TaskContext
from studio_code.execution import python_runner, sandbox_run
from studio_code.execution.control import Control
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.sandbox_run import Ran
from studio_code.execution.tool_runner import ToolRunner
from studio_code.languages import LANGUAGES, RUN


class Runner(Protocol):
    """How code of one language is checked and run. Its functions are steps of a task."""

    def missing(self) -> str:
        """Return what must be installed first, for a sentence; empty if nothing."""
        ...

    def syntax_error(self, code: str) -> str:
        """Return the syntax error with its line; empty if there is none."""
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


RUNNERS: Final[Mapping[str, Runner]] = {
    "python": python_runner.PythonRunner(),
    **{language: ToolRunner(language) for language in RUN if language != "python"},
}


def unrunnable(ctx: TaskContext, language: str) -> str:
    """Return why code of a language is not run here, to go on "not run: …"; empty if it is."""
    runner, title = RUNNERS.get(language), LANGUAGES[language].title
    if runner is None:
        return f"{title} is not run by the studio"
    if needed := runner.missing():
        return f"{title} needs {needed}, which is not installed"
    return sandbox_run.missing_sandbox(ctx)
