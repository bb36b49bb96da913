"""Checkers of the user's: what says whether an answer of a language model is as it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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
MATCH_SECONDS = 1.0
"""How long an expression may look at one answer; the patterns that need longer never end."""
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
    """Return what a file says, or else a regular expression.

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
        import regex  # and not ``re``, which knows no time limit and lets nothing else run

        try:
            self._pattern = regex.compile(pattern, regex.DOTALL)
        except regex.error as error:
            raise BadInput(f"The regular expression is invalid: {error}.", "Correct it.") from error

    def passes(self, answers: Sequence[Answered]) -> list[bool]:
        """See ``Checker``."""
        return [self._passes(answer.strip()) for _, answer in answers]

    def _passes(self, answer: str) -> bool:
        try:
            found = self._pattern.fullmatch(answer, timeout=MATCH_SECONDS, concurrent=True)
        except TimeoutError as error:
            raise _too_slow() from error
        return found is not None


def _too_slow() -> BadInput:
    return BadInput(
        f"The regular expression needs more than {MATCH_SECONDS:g} s for one answer.",
        "Write it without a repetition inside a repetition, as in (a+)+.",
    )


class Schema:
    """A JSON schema that the answer must fulfil."""

    def __init__(self, name: str, data: bytes) -> None:
        """Read it.

        Raises:
            BadInput: It is no JSON schema.
        """
        import jsonschema  # type: ignore[import-untyped]

        try:
            found: Any = json.loads(data)
            if not isinstance(found, Mapping):
                raise ValueError("it is not an object")
            jsonschema.Draft202012Validator.check_schema(found)
        except (ValueError, RecursionError, jsonschema.SchemaError) as error:
            told = error.message if isinstance(error, jsonschema.SchemaError) else error
            raise BadInput(f"“{name}” is no JSON schema: {told}.", "Correct it.") from error
        bounded = jsonschema.validators.extend(
            jsonschema.Draft202012Validator, {"pattern": _matches}
        )
        self._judge = bounded(found)  # it fetches nothing

    def passes(self, answers: Sequence[Answered]) -> list[bool]:
        """See ``Checker``."""
        return [self._passes(answer) for _, answer in answers]

    def _passes(self, answer: str) -> bool:
        try:
            return bool(self._judge.is_valid(json.loads(answer)))
        except (ValueError, RecursionError):
            return False


def _matches(judge: Any, pattern: str, value: Any, schema: Any) -> Iterator[Exception]:
    """Judge ``pattern`` of a JSON schema as its library does, within a time."""
    import jsonschema
    import regex

    if not judge.is_type(value, "string"):
        return
    try:
        found = regex.search(pattern, value, timeout=MATCH_SECONDS, concurrent=True)
    except regex.error as error:
        raise BadInput(
            f"A pattern of the JSON schema is invalid: {error}.", "Correct it."
        ) from error
    except TimeoutError as error:
        raise _too_slow() from error
    if found is None:
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


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
        found: Any = {}
        if result is not None and "found.json" in result.files:
            try:
                found = json.loads(result.files["found.json"])
            except ValueError:
                found = {}
        passed = found.get("passed") if isinstance(found, dict) else None
        error = clean_text(str(found.get("error") or "")) if isinstance(found, dict) else ""
        told = error or (f"it ended by {result.ended}" if result else "it did not end")
        if not isinstance(passed, list) or len(passed) != len(answers) or (strict and error):
            raise BadInput(
                f"“{self._name}” cannot judge answers: {told[:300]}",
                "It needs a function check(prompt, answer) that returns True or False.",
            )
        return [each is True for each in passed]
