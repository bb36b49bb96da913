"""What code has to pass: the tests of a person, or single cases by examples and by the model."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from studio.api import BadInput, Event, TaskContext
from studio_code import syntax
from studio_code.execution.control import control_of
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.python_runner import parsed, syntax_error
from studio_code.execution.runners import Runner
from studio_code.generation.case_forms import TestForm, of_language
from studio_code.generation.cases import NOTHING, Case, Suite, defined_names, read_suite
from studio_code.languages import of_path
from studio_code.source import Source

SOLUTION: Final = "solution"
_DEFINITION: Final = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class AcceptanceSuite:
    """Tests for the file ``path``.

    Attributes:
        files: The other files that lie beside it.
        given: A person's tests, used as they are; empty if there are none.
        suite: Cases, where no tests are given.
    """

    path: str
    files: tuple[Source, ...] = ()
    given: str = ""
    suite: Suite = NOTHING

    @property
    def module(self) -> str:
        """How tests import the file."""
        return ".".join(PurePosixPath(self.path).with_suffix("").parts)

    @property
    def form(self) -> TestForm | None:
        """How tests of its language look; None for Python."""
        return of_language(of_path(self.path).id)

    @property
    def test_path(self) -> str:
        """Path of the test file."""
        if self.form is not None:
            return self.form.path(self.path)
        return f"test_{PurePosixPath(self.path).stem}.py"

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases; those of given tests by name only."""
        if not self.given:
            return self.suite.cases
        if self.form is not None:
            return tuple(self.form.cases(self.given, trusted=True))
        return tuple(Case(name, "", trusted=True) for name in test_names(self.given))

    def source(self, code: str) -> str:
        """Return the file of tests for ``code``; empty if there is nothing to test with."""
        if self.form is not None:
            return self.given or self.form.source(self.path, code, self.suite.cases)
        names = defined_names(code)
        if self.given:
            return with_import(self.given, self.module, names)
        return self.suite.source(self.module, names)

    def keep(self, names: Collection[str]) -> AcceptanceSuite:
        """Return the exam with these cases only; given tests stay as they are."""
        return replace(self, suite=self.suite.keep(names))

    def all_files(self, code: str) -> Mapping[str, str]:
        """Return every file of a run."""
        beside = {file.path: file.text for file in self.files}
        return {**beside, self.path: code, self.test_path: self.source(code)}


def exam_of(path: str, files: Sequence[Source], given: str) -> AcceptanceSuite:
    """Return the exam by a person's tests; bare assertions become cases.

    Raises:
        BadInput: The tests have a fault.
    """
    exam = AcceptanceSuite(path, tuple(file for file in files if file.path != path))
    language = of_path(path).id
    wrong = syntax.error(given, language) if exam.form is not None else syntax_error(given)
    if wrong:
        raise BadInput(f"The tests have a syntax error in {wrong}.", "Correct them first.")
    if exam.form is not None:
        return replace(exam, given=given.strip() and given)
    if given.strip() and not test_names(given):
        tree = parsed(given)
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} if tree else set()
        return replace(exam, suite=read_suite(given, used, trusted=True))
    return replace(exam, given=given.strip() and given)


def path_of(path: str, given: str, files: Sequence[Source], suffix: str = ".py") -> str:
    """Return what new code is called: ``path``, or what given tests import, or ``solution``."""
    if suffix == ".java":  # a class lies in a file of its name
        return path or f"{SOLUTION.capitalize()}.java"
    if path:
        return path if suffix != ".py" or is_importable(path) else f"{SOLUTION}.py"
    beside = {PurePosixPath(file.path).stem for file in files}
    for name in re.findall(r"^[ \t]*(?:from|import)\s+([A-Za-z_]\w*)", given, re.MULTILINE):
        if name not in sys.stdlib_module_names and name not in beside and name != "pytest":
            return f"{name}{suffix}"
    return f"{SOLUTION}{suffix}"


def names_in(code: str, language: str) -> list[str]:
    """Return the names defined by a text, in any language."""
    if language == "python":
        return defined_names(code)
    return list(dict.fromkeys(definition.name for definition in syntax.definitions(code, language)))


def is_importable(path: str) -> bool:
    """Whether tests can import a Python file by its path."""
    parts = PurePosixPath(path).with_suffix("").parts
    return path.endswith(".py") and all(part.isidentifier() for part in parts)


def sit(
    ctx: TaskContext,
    runner: Runner,
    exam: AcceptanceSuite,
    code: str,
    message: str = "",
) -> Generator[Event, None, SuiteOutcome]:
    """Let ``code`` take the exam, and its control."""
    files = exam.all_files(code)
    return (
        yield from runner.tests(
            ctx,
            files,
            [exam.test_path],
            measured=[exam.path],
            expected=[f"{exam.test_path}::{case.name}" for case in exam.cases],
            message=message,
            control=control_of(files, [exam.test_path]),
        )
    )


def passed_cases(exam: AcceptanceSuite, tested: SuiteOutcome) -> frozenset[str]:
    """Return the names of the cases of which every part passed."""
    good: set[str] = set()
    bad: set[str] = set()
    for outcome in tested.outcomes:
        name = outcome.name.partition("::")[2].partition("::")[0].partition("[")[0]
        (good if outcome.outcome == "passed" else bad).add(name)
    return frozenset({case.name for case in exam.cases} & good - bad)


def test_names(text: str) -> list[str]:
    """Return the functions and classes of tests in a file."""
    tree = parsed(text)
    return [
        node.name
        for node in (tree.body if tree else ())
        if (isinstance(node, ast.FunctionDef) and node.name.startswith("test"))
        or (isinstance(node, ast.ClassDef) and node.name.startswith("Test"))
    ]


def names_of(path: str, text: str) -> list[str]:
    """Return ``path::test`` for each test that a file of Python must tell of.

    None of one that may skip them all, and none of other languages: those nest them as they like.
    """
    tree = parsed(text) if of_path(path).id == "python" else None
    body = tree.body if tree else []
    if any(word in ast.unparse(node) for node in body if isinstance(node, ast.Expr | ast.Assign)
           for word in ("skip", "pytestmark", "collect_ignore")):  # fmt: skip
        return []
    return [
        f"{path}::{node.name}" for node in body if isinstance(node, _DEFINITION) and _is_run(node)
    ]


def _is_run(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether pytest is certain to run something of it."""
    if isinstance(node, ast.ClassDef):
        plain = node.name.startswith("Test") and not node.bases and not node.decorator_list
        inside = [member.name for member in node.body if isinstance(member, ast.FunctionDef)]
        return plain and "__init__" not in inside and any(n.startswith("test") for n in inside)
    return node.name.startswith("test")


def with_import(tests: str, module: str, defined: Collection[str]) -> str:
    """Return tests with imports of the names they use and do not import themselves."""
    tree = parsed(tests)
    if tree is None:
        return tests
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            bound |= set(defined) if "*" in names else names
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
    missing = sorted((used - bound) & set(defined))
    return f"from {module} import {', '.join(missing)}\n\n{tests}" if missing else tests
