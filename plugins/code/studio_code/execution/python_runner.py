"""Python in the sandbox: a program, or its tests with pytest and coverage lent for reading."""

from __future__ import annotations

import ast
import json
import secrets
import warnings
from collections.abc import Generator, Mapping, Sequence
from importlib import resources
from typing import Final

from studio.api import Event, SandboxLimits, SandboxRequest, TaskContext
from studio_code.execution import report, sandbox_run
from studio_code.execution.control import Control
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.sandbox_run import Ran

TOO_MUCH: Final = (RecursionError, ValueError)
"""What ``ast`` raises of code that is sound, but nested too deep or with too long a number to be
written anew."""

TEST_SECONDS: Final = 5.0
"""One test may take so long."""
_LENT: Final = ("pytest", "coverage")


class PythonRunner:
    """The runner of Python; see :class:`studio_code.execution.runners.Runner`."""

    def missing(self) -> str:
        """Return nothing: the sandbox brings its own."""
        return ""

    def syntax_error(self, code: str) -> str:
        """Return the syntax error with its line; empty if there is none."""
        return syntax_error(code)

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
        request = SandboxRequest(
            ("python", path, *arguments),
            _encoded(files),
            stdin=stdin.encode(),
            limits=_limits(seconds),
        )
        return (yield from sandbox_run.run(ctx, request, live=live))

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
        """Run the files ``tests`` and measure which lines of ``measured`` they reach.

        What is ``expected`` must be told of, or it counts as an error; so does what passes
        ``control`` as well. The judge says what code could still pretend.
        """
        wish = {
            "tests": list(tests),
            "measured": list(measured),
            "options": list(options),
            "seconds": min(TEST_SECONDS, seconds),
            "control": dict(control.texts) if control else {},
            "control_seconds": seconds / 3,
        }
        ran, data = yield from inside(
            ctx, "pytest_runner", files, wish, seconds, live=live, message=message
        )
        return SuiteOutcome(ran, report.read(data, expected, control.names if control else ()))


def syntax_error(code: str) -> str:
    """Return the syntax error with its line; empty if there is none.

    It continues a sentence: "The syntax is wrong in line 3: invalid syntax".
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "<code>", "exec", dont_inherit=True)  # syntax only: nothing of it is run
    except SyntaxError as error:
        where = f"line {error.lineno}" if error.lineno else "the text"
        return f"{where}: {error.msg.rstrip('.?! ')}"
    except (ValueError, OverflowError) as error:
        return f"the text: {str(error).rstrip('.')}"
    except (RecursionError, MemoryError):
        return "the text: it is nested too deeply"
    return ""


def parsed(code: str) -> ast.Module | None:
    """Return the syntax tree; None if there is a fault."""
    if syntax_error(code):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def inside(
    ctx: TaskContext,
    program: str,
    files: Mapping[str, str],
    wish: Mapping[str, object],
    seconds: float,
    *,
    live: bool = False,
    message: str = "",
) -> Generator[Event, None, tuple[Ran, bytes]]:
    """Run one of our own programs beside ``files``; return how, and the report it wrote."""
    token = secrets.token_hex(12)
    name, results = f"_{token}.py", f"{secrets.token_hex(16)}.jsonl"
    text = resources.files("studio_code.execution.inside").joinpath(f"{program}.py").read_bytes()
    request = SandboxRequest(
        ("python", "-P", name),  # a file called random.py is not what pytest means by random
        _encoded(files) | {name: text},
        stdin=json.dumps({**wish, "results": results}).encode(),
        packages=_LENT,
        collect=(results,),
        limits=_limits(seconds),
    )
    ran = yield from sandbox_run.run(ctx, request, live=live, message=message)
    return ran, ran.result.files.get(results, b"")


def _encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode("utf-8", "replace") for path, text in files.items()}


def _limits(seconds: float) -> SandboxLimits:
    return SandboxLimits(wall_seconds=seconds, cpu_seconds=max(10, int(seconds)))
