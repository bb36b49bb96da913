"""Faulty versions of Python code, one small fault each, always the same ones. Runs nothing.

The operators are the classic ones of mutation testing (DeMillo, Lipton & Sayward, 1978; Offutt's
sufficient set, 1996): comparisons, bounds, arithmetic, logic, returned values, constants. A
version that means the same as the code cannot be told from one that the tests miss; so the score
is a lower bound.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from studio_code.execution.python_runner import TOO_MUCH, parsed

_COMPARISONS: Final = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
_ARITHMETIC: Final = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One faulty version.

    Attributes:
        line: Of the fault in the code, from 1.
        what: The fault in words: ``< becomes <=``.
        text: The whole version.
    """

    line: int
    what: str
    text: str


def mutants_of(code: str, most: int = 40) -> list[Mutant]:
    """Return at most ``most`` versions of ``code``, spread over it; the same for the same code.

    None of code that cannot be written anew.
    """
    tree = parsed(code)
    try:
        return [] if tree is None else _mutants(tree, most)
    except TOO_MUCH:
        return []


def _mutants(tree: ast.Module, most: int) -> list[Mutant]:
    places = list(_places(tree))
    if len(places) > most:
        places = sorted(random.Random(0).sample(places, most), key=lambda chosen: chosen.line)
    parts = [ast.unparse(node) for node in tree.body]
    mutants = [_made(tree, parts, place) for place in places]
    plain = _joined(parts)
    return [mutant for mutant in mutants if mutant.text != plain]


@dataclass(frozen=True)
class _Place:
    """Location of a mutation, and the change applied to a copy of the node.

    Attributes:
        part: Index of the statement in the module.
        index: Index of the node in a walk of that statement.
    """

    part: int
    index: int
    line: int
    what: str
    change: Callable[[ast.AST], ast.AST]


def _places(tree: ast.Module) -> Iterator[_Place]:
    untouched = _untouched(tree)
    for part, statement in enumerate(tree.body):
        for index, node in enumerate(ast.walk(statement)):
            if id(node) not in untouched:
                for what, change in _changes(node):
                    yield _Place(part, index, getattr(node, "lineno", 0), what, change)


def _untouched(tree: ast.Module) -> set[int]:
    """Return the nodes where a fault could not matter: docstrings, annotations, the main guard."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            skipped.update(id(inner) for inner in ast.walk(node))
        for part in ("annotation", "returns"):
            if (hint := getattr(node, part, None)) is not None:
                skipped.update(id(inner) for inner in ast.walk(hint))
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(inner) for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return skipped


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    if isinstance(node, ast.Compare):
        for other in _COMPARISONS.get(type(node.ops[0]), ()):
            yield f"{_sign(node.ops[0])} becomes {_sign(other())}", _with_comparison(other)
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        if kind := _ARITHMETIC.get(type(node.op)):
            yield f"{_sign(node.op)} becomes {_sign(kind())}", _with(op=kind())
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{_sign(node.op)} becomes {_sign(swapped)}", _with(op=swapped)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"{_sign(node.op)} is removed", lambda target: target.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.Return) and _says_something(node.value):
        yield "None is returned", _with(value=ast.Constant(None))
    elif isinstance(node, ast.Constant):
        yield from _constants(node)


def _constants(node: ast.Constant) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} becomes {not value}", _with(value=not value)
    elif isinstance(value, int | float):
        yield f"{value} becomes {value + 1}", _with(value=value + 1)
    elif isinstance(value, str):
        other = "" if value else "?"
        yield f"a string becomes {other!r}", _with(value=other)


def _says_something(value: ast.expr | None) -> bool:
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def _with(**parts: object) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        for name, part in parts.items():
            setattr(node, name, part)
        return node

    return change


def _with_comparison(kind: type[ast.cmpop]) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        node.ops = [kind(), *node.ops[1:]]  # type: ignore[attr-defined]
        return node

    return change


def _made(tree: ast.Module, parts: list[str], place: _Place) -> Mutant:
    """Return a version; only the statement with the fault is copied and written anew."""
    copied = copy.deepcopy(tree.body[place.part])
    node = next(node for index, node in enumerate(ast.walk(copied)) if index == place.index)
    changed: ast.AST = _Swap(node, place.change(node)).visit(copied)
    text = ast.unparse(ast.fix_missing_locations(changed))
    return Mutant(
        place.line, place.what, _joined([*parts[: place.part], text, *parts[place.part + 1 :]])
    )


def _joined(parts: list[str]) -> str:
    return "\n\n\n".join(parts) + "\n"


class _Swap(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the new node for the old one."""
        if node is self._old and self._new is not self._old:
            return self._new
        return self.generic_visit(node)


_SIGNS: Final = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Add: "+",
    ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.And: "and", ast.Or: "or", ast.Not: "not", ast.USub: "-",
}  # fmt: skip


def _sign(kind: ast.AST) -> str:
    return _SIGNS.get(type(kind), type(kind).__name__)
