"""Split a model's tests into single cases, and repair typical errors of small models. Pure.

A case is one test function. Cases are independent, so that one wrong expectation costs one
case and not all of them, and so that several candidates can be compared case by case.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from studio_code.execution.python_runner import TOO_MUCH, parsed
from studio_code.generation.answers import whole_part

MOST: Final = 24
_BUILTINS: Final = frozenset(dir(builtins))


@dataclass(frozen=True)
class Case:
    """One test.

    Attributes:
        name: Of its function.
        text: The whole function.
        trusted: It comes from a person: an example of the description, or what a rule says itself.
        rule: Which rule of the description it tests, in the words there; empty for none.
    """

    name: str
    text: str
    trusted: bool = False
    rule: str = ""


@dataclass(frozen=True)
class Suite:
    """Cases and their shared support: imports, helpers, data."""

    prelude: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()

    def source(self, module: str, defined: Collection[str]) -> str:
        """Return the test file for a ``module`` that defines these names; empty without cases."""
        if not self.cases:
            return ""
        used = _used("\n".join([*self.prelude, *(case.text for case in self.cases)]))
        names = sorted(used & set(defined))
        heads = [line for line in self.prelude if line.startswith(("import ", "from "))]
        if "pytest" in used and "import pytest" not in heads:
            heads.append("import pytest")
        if names:
            heads.append(f"from {module} import {', '.join(names)}")
        rest = [text for text in self.prelude if not text.startswith(("import ", "from "))]
        head = "\n".join(heads)
        return "\n\n\n".join(filter(None, [head, *rest, *(c.text for c in self.cases)])) + "\n"

    def keep(self, names: Collection[str]) -> Suite:
        """Return the suite with the cases of these names only."""
        return replace(self, cases=tuple(case for case in self.cases if case.name in names))

    def __add__(self, other: Suite) -> Suite:
        """Return both; a case that says what an earlier one says is left out."""
        prelude = dict.fromkeys((*self.prelude, *other.prelude))
        return Suite(tuple(prelude), tuple(_distinct((*self.cases, *other.cases))))


NOTHING: Final = Suite()


def read_suite(code: str, defined: Collection[str], *, trusted: bool = False) -> Suite:
    """Return the cases in test code; what tests none of the names ``defined`` is left out.

    A function of nothing but ``assert`` becomes one case for each of them. Imports of modules that
    cannot be meant, and copies of what is tested, go. What cannot be written anew holds none.
    """
    tree = parsed(whole_part(code))
    try:
        return NOTHING if tree is None else _suite(tree, defined, trusted)
    except TOO_MUCH:
        return NOTHING


def _suite(tree: ast.Module, defined: Collection[str], trusted: bool) -> Suite:
    prelude: list[str] = []
    cases: list[Case] = []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            prelude += _import(node)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            cases += _split(node)
        elif isinstance(node, ast.ClassDef) and _is_test_class(node):
            cases.append(Case(node.name, ast.unparse(node)))
        elif isinstance(node, ast.Assert):
            cases.append(_alone("test", node))
        elif _is_support(node, defined):
            prelude.append(ast.unparse(node))
    wanted = set(defined)
    for text in prelude:  # what uses a tested name stands for it
        if not text.startswith(("import ", "from ")) and _used(text) & wanted:
            wanted |= _bound(text)
    relevant = [case for case in cases if _used(case.text) & wanted and _claims(case.text)]
    numbered = _distinct([replace(case, trusted=trusted) for case in relevant])
    return Suite(tuple(dict.fromkeys(prelude)), tuple(numbered)[:MOST])


def defined_names(code: str) -> list[str]:
    """Return the public functions, classes and data of a module, in order."""
    tree = parsed(code)
    names: list[str] = []
    for node in tree.body if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [target.id for target in targets if isinstance(target, ast.Name)]
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]


def signatures(code: str) -> str:
    """Return the headers of a module's functions and classes, without bodies."""
    tree = parsed(code)
    try:
        return "\n".join(line for node in (tree.body if tree else ()) for line in _signature(node))
    except TOO_MUCH:
        return ""


def _signature(node: ast.stmt, indent: str = "") -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        yield f"{indent}def {node.name}({ast.unparse(node.args)}){returns}: ..."
    elif isinstance(node, ast.ClassDef):
        yield f"{indent}class {node.name}:"
        for inner in node.body:
            yield from _signature(inner, indent + "    ")


# --- what small models get wrong --------------------------------------------------------------


def _import(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        aliases = [alias for alias in node.names if _is_known(alias.name)]
        return [ast.unparse(ast.Import(aliases))] if aliases else []
    return [ast.unparse(node)] if _is_known(node.module or "") and not node.level else []


def _is_known(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top == "pytest"


def _split(node: ast.FunctionDef) -> list[Case]:
    body = [statement for statement in node.body if not _is_text(statement)]
    is_plain = not node.decorator_list and not node.args.args
    if is_plain and len(body) > 1 and all(isinstance(statement, ast.Assert) for statement in body):
        return [
            _alone(node.name, statement) for statement in body if isinstance(statement, ast.Assert)
        ]
    return [Case(node.name, ast.unparse(node))]


def _alone(name: str, node: ast.Assert) -> Case:
    return Case(name, f"def {name}():\n    {claim(node)}")


def claim(node: ast.Assert) -> str:
    """Return an assertion as a statement; a call that shall equal an exception must raise it."""
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.left, ast.Call):
        error = test.comparators[0]
        error = error.func if isinstance(error, ast.Call) else error
        kind = getattr(builtins, error.id, None) if isinstance(error, ast.Name) else None
        if isinstance(kind, type) and issubclass(kind, Exception):
            return f"with pytest.raises({kind.__name__}):\n        {ast.unparse(test.left)}"
    return ast.unparse(ast.Assert(test, None))


def _distinct(cases: Sequence[Case]) -> Iterator[Case]:
    """Yield the cases that say something new, each under a name of its own."""
    seen: set[str] = set()
    names: set[str] = set()
    for case in cases:
        content = case.text.partition("(")[2] if case.text.startswith("def ") else case.text
        if content in seen:
            continue
        seen.add(content)
        name, number = case.name, 1
        while name in names:
            number += 1
            name = f"{case.name}_{number}"
        names.add(name)
        yield renamed(case, name)


def renamed(case: Case, name: str) -> Case:
    """Return a case under another name."""
    text = case.text
    for word in ("def", "class"):
        text = _replaced(text, f"{word} {case.name}", f"{word} {name}")
    return replace(case, name=name, text=text)


def _replaced(text: str, old: str, new: str) -> str:
    """Replace the header of a definition, which may follow decorators."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith(old) and line[len(old) : len(old) + 1] in "(:":
            lines[number] = new + line[len(old) :]
            break
    return "\n".join(lines)


def _is_test_class(node: ast.ClassDef) -> bool:
    names = [member.name for member in node.body if isinstance(member, ast.FunctionDef)]
    return any(name.startswith("test") for name in names)


def _is_support(node: ast.stmt, defined: Collection[str]) -> bool:
    """Return whether a statement is a helper or data of the tests, not a copy of tested code."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name not in defined
    if isinstance(node, ast.Assign):
        names = {target.id for target in node.targets if isinstance(target, ast.Name)}
        return bool(names) and not names & set(defined)
    return False


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _claims(text: str) -> bool:
    """Whether a case can fail: it asserts something about more than constants."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Attribute) and node.attr.startswith(("assert", "raises")):
            return True
    return False


def _used(text: str) -> set[str]:
    tree = ast.parse(text)
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - _BUILTINS


def _bound(text: str) -> set[str]:
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names
