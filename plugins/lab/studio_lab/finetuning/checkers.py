"""Checkers of the user's: what says whether an answer of a language model is as it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from studio.api import (
    BadInput,
    SandboxLimits,
    SandboxRequest,
    TaskContext,
    clean_text,
    read_regular,
)

Answered = tuple[str, str]
"""A prompt and an answer to it."""
MOST_BYTES = 1 << 20
_SECONDS = 20.0
_RUNNER = """
import json
asked, passed, error = json.load(open("asked.json")), [], ""
try:
    from checker import check
except BaseException as found:
    error = f"{type(found).__name__}: {found}"
for prompt, answer in asked if not error else ():
    try:
        passed.append(bool(check(prompt, answer)))
    except Exception as found:
        passed.append(False)
        error = error or f"{type(found).__name__}: {found}"
json.dump({"passed": passed, "error": error}, open("found.json", "w"))
"""


class Checker(Protocol):
    """Judges answers."""

    def passes(self, answers: Sequence[Answered]) -> list[bool]:
        """Return for each whether it is as it should be.

        Raises:
            StudioError: It cannot judge.
        """
        ...


def checker(ctx: TaskContext, file: str, pattern: str) -> Checker:
    """Return the checker from a file, or else from a regular expression.

    Raises:
        BadInput: There is neither, or it is of no use.
    """
    if not file:
        return Pattern(pattern)
    path = Path(file)
    try:
        data = read_regular(path)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"“{path.name}” is too large for a checker.", "Choose another file.")
    if path.suffix.lower() == ".py":
        return PythonFile(ctx, path.name, data)
    return Schema(path.name, data)


class Pattern:
    """A regular expression that the whole answer must match."""

    def __init__(self, pattern: str) -> None:
        """Compile it.

        Raises:
            BadInput: It is none, or empty.
        """
        if not pattern:
            raise BadInput(
                "Nothing says which answers are right.",
                "Choose a checker, or write a regular expression.",
            )
        try:
            self._pattern = re.compile(pattern, re.DOTALL)
        except re.error as error:
            raise BadInput(f"The regular expression is invalid: {error}.", "Correct it.") from error

    def passes(self, answers: Sequence[Answered]) -> list[bool]:
        """See ``Checker``."""
        return [self._pattern.fullmatch(answer.strip()) is not None for _, answer in answers]


class Schema:
    """A JSON schema that the answer must fulfil."""

    def __init__(self, name: str, data: bytes) -> None:
        """Read it.

        Raises:
            BadInput: It is not a JSON schema.
        """
        import jsonschema  # type: ignore[import-untyped]

        try:
            schema: Any = json.loads(data)
            if not isinstance(schema, Mapping):
                raise ValueError("it is not an object")
            jsonschema.Draft202012Validator.check_schema(schema)
        except (ValueError, RecursionError, jsonschema.SchemaError) as error:
            reason = error.message if isinstance(error, jsonschema.SchemaError) else error
            raise BadInput(f"“{name}” is not a JSON schema: {reason}.", "Correct it.") from error
        self._judge = jsonschema.Draft202012Validator(schema)  # it fetches nothing

    def passes(self, answers: Sequence[Answered]) -> list[bool]:
        """See ``Checker``."""
        return [self._passes(answer) for _, answer in answers]

    def _passes(self, answer: str) -> bool:
        try:
            return bool(self._judge.is_valid(json.loads(answer)))
        except (ValueError, RecursionError):
            return False


class PythonFile:
    """A function ``check(prompt, answer)`` in a file of the user's, run in the sandbox."""

    def __init__(self, ctx: TaskContext, name: str, code: bytes) -> None:
        """Try it once.

        Raises:
            BadInput: There is no sandbox here, or the function fails.
        """
        self._ctx, self._name, self._code = ctx, name, code
        if not ctx.sandbox.tier:
            raise BadInput(
                f"A checker in Python needs the sandbox: {ctx.sandbox.reason}",
                "Use a regular expression or a JSON schema.",
            )
        self._judged([("A prompt", "An answer")], strict=True)

    def passes(self, answers: Sequence[Answered]) -> list[bool]:
        """See ``Checker``; an answer that it cannot bear does not pass."""
        return self._judged(answers, strict=False)

    def _judged(self, answers: Sequence[Answered], *, strict: bool) -> list[bool]:
        files = {
            "checker.py": self._code,
            "judge.py": _RUNNER.encode(),
            "asked.json": json.dumps(list(answers)).encode(),
        }
        request = SandboxRequest(
            command=("python", "judge.py"),
            files=files,
            collect=("found.json",),
            limits=SandboxLimits(wall_seconds=_SECONDS),
        )
        result = None
        for step in self._ctx.sandbox.run(request):
            self._ctx.check_cancelled()
            result = step.result
        output: Any = {}
        if result is not None and "found.json" in result.files:
            try:
                output = json.loads(result.files["found.json"])
            except ValueError:
                output = {}
        passed = output.get("passed") if isinstance(output, dict) else None
        error = clean_text(str(output.get("error") or "")) if isinstance(output, dict) else ""
        reason = error or (f"it ended by {result.ended}" if result else "it did not end")
        if not isinstance(passed, list) or len(passed) != len(answers) or (strict and error):
            raise BadInput(
                f"“{self._name}” cannot judge answers: {reason[:300]}",
                "It needs a function check(prompt, answer) that returns True or False.",
            )
        return [verdict is True for verdict in passed]
