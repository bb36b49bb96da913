"""Tests that ask for something else than they should: what passes them as well shows nothing.

As in an experiment with a control. Honest code fails such a test. An object that equals everything
passes it, and so does code that makes whoever watches the tests tell of successes alone.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_SWAPPED: Final = {
    "assertTrue": "assertFalse", "assertFalse": "assertTrue", "assertIn": "assertNotIn",
    "assertIsNone": "assertIsNotNone", "assertIsInstance": "assertNotIsInstance",
    "assertIs": "assertIsNot",
}  # fmt: skip
_EQUALITIES: Final = (
    "assertEqual", "assertListEqual", "assertDictEqual", "assertTupleEqual", "assertSetEqual",
    "assertAlmostEqual",
)  # fmt: skip
_CATCHES: Final = ("raises", "suppress", "assertRaises", "assertRaisesRegex", "warns")
_ELSE: Final = "something else"

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Control:
    """Files of tests that ask for something else.

    Attributes:
        texts: Path → text.
        names: ``path::test``, ``path::Class::test``: the tests that must fail. Others are as they
            were, since nothing in them is certain to be reached.
    """

    texts: Mapping[str, str]
    names: frozenset[str]


def control_of(files: Mapping[str, str], tests: Iterable[str]) -> Control:
    """Return the control for the files ``tests`` among ``files``."""
    texts: dict[str, str] = {}
    names: set[str] = set()
    for path in tests:
        try:
            text, altered = _altered_file(files.get(path, ""))
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # no Python, or too deep
            continue
        if altered:
            texts[path] = text
            names |= {f"{path}::{name}" for name in altered}
    return Control(texts, frozenset(names))


def _altered_file(text: str) -> tuple[str, set[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    altered = {name for name, body in _tests(tree.body) if _alter(body)}
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n", altered


def _tests(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, list[ast.stmt]]]:
    for node in body:
        if isinstance(node, _Function) and node.name.startswith("test"):
            yield prefix + node.name, node.body
        elif isinstance(node, ast.ClassDef) and not prefix:
            yield from _tests(node.body, f"{node.name}::")


def _alter(body: list[ast.stmt]) -> bool:
    """Change assertions that are certain to be reached; return whether any was changed."""
    changed = False
    for node in body:
        if isinstance(node, ast.Return):
            break
        if isinstance(node, ast.Assert):
            node.test, changed = _altered(node.test), True
        elif isinstance(node, ast.With) and not any(map(_catches, node.items)):
            changed |= _alter(node.body)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            changed |= _alter_method(node.value)
    return changed


def _catches(item: ast.withitem) -> bool:
    call = item.context_expr
    return isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in _CATCHES


def _altered(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return ast.BoolOp(test.op, [_altered(test.values[0]), *test.values[1:]])
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = test.left, test.comparators[0]
        if isinstance(test.ops[0], ast.Eq):
            at = 0 if isinstance(sides[0], ast.Constant) else 1
            left, right = (_other(side) if at == n else side for n, side in enumerate(sides))
            return ast.Compare(left, test.ops, [right])
        if isinstance(test.ops[0], ast.In) and not isinstance(sides[0], ast.Constant):
            return ast.Compare(sides[0], test.ops, [ast.List([ast.Constant(_ELSE)], ast.Load())])
    return ast.UnaryOp(ast.Not(), test)


def _alter_method(call: ast.Call) -> bool:
    """Change an assertion of ``unittest``."""
    method = call.func
    if not (isinstance(method, ast.Attribute) and ast.unparse(method.value) == "self"):
        return False
    if method.attr in _EQUALITIES and len(call.args) > 1:
        call.args[1] = _other(call.args[1])
        return True
    if method.attr in _SWAPPED:
        method.attr = _SWAPPED[method.attr]
        return True
    return False


def _other(value: ast.expr) -> ast.expr:
    """Return a value that is not equal, of the same kind where that is easy."""
    if isinstance(value, ast.Constant):
        constant = value.value
        if isinstance(constant, bool):
            return ast.Constant(not constant)
        if isinstance(constant, int | float):
            return ast.Constant(constant + 1)
        if isinstance(constant, str):
            return ast.Constant(f"{constant}e")
    return ast.Tuple([value, ast.Constant(_ELSE)], ast.Load())
