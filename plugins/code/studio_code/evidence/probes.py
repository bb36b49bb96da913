"""Input on which versions of code are compared: that of examples and tests, and near it. Pure.

A probe is an expression with the statements that lead to it, so that it serves functions and
classes alike. Its literals are varied as in property-based testing: empty, shorter, longer,
swapped, negative, one more, one less.
"""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from studio_code.execution.python_runner import TOO_MUCH, parsed
from studio_code.generation.cases import Case

MOST: Final = 160
_SIGNED: Final = re.compile(r"negative|minus|below|integer|number|(?<![\w.)\]])-\d", re.IGNORECASE)
"""Words of a request after which numbers below zero can be meant, though no call has any."""
_LONGEST: Final = 300
_LARGEST: Final = 10_000
"""A larger number than this is not made larger: it may be a size."""


@dataclass(frozen=True)
class Probe:
    """Expression to evaluate.

    Attributes:
        setup: Statements run before it.
        stated: It stands in the request itself.
        near: It is a variation of another probe.
    """

    setup: str
    expression: str
    stated: bool = False
    near: bool = False


def probes_of(cases: Sequence[Case], names: Collection[str], request: str = "") -> list[Probe]:
    """Return the calls of ``names`` in the cases, then variations of them; deterministic.

    Args:
        request: Its literals are tried as arguments, too.
    """
    probes: dict[tuple[str, str], Probe] = {}
    bases: list[tuple[list[ast.stmt], ast.expr]] = []
    for case in cases:
        for setup, expression in _calls(case, names):
            probe = _probe(setup, expression, stated=case.trusted)
            if probe is not None and probes.setdefault(_key(probe), probe) is probe:
                bases.append((setup, expression))
    drawn = random.Random(0)
    is_signed = bool(_SIGNED.search(request)) or any(
        isinstance(node, ast.USub) for _, expression in bases for node in ast.walk(expression)
    )
    varied = [
        item
        for setup, expression in bases
        for item in _varied(setup, expression, request, is_signed)
    ]
    drawn.shuffle(varied)
    for setup, expression in varied:
        if len(probes) >= MOST:
            break
        probe = _probe(setup, expression, near=True)
        if probe is not None:
            probes.setdefault(_key(probe), probe)
    return list(probes.values())


def _key(probe: Probe) -> tuple[str, str]:
    return probe.setup, probe.expression


def _probe(
    setup: Sequence[ast.stmt], expression: ast.expr, *, stated: bool = False, near: bool = False
) -> Probe | None:
    try:
        before = "\n".join(ast.unparse(item) for item in setup)
        text = ast.unparse(expression)
    except TOO_MUCH:
        return None
    if len(before) + len(text) > 3 * _LONGEST:
        return None
    return Probe(before, text, stated, near)


def _calls(case: Case, names: Collection[str]) -> Iterator[tuple[list[ast.stmt], ast.expr]]:
    """Yield each expression that a case asserts something of, with what stands before it."""
    tree = parsed(case.text)
    function = tree.body[0] if tree and len(tree.body) == 1 else None
    if not isinstance(function, ast.FunctionDef) or function.args.args:
        return
    before: list[ast.stmt] = []
    for node in function.body:
        if isinstance(node, ast.Assert):
            expression = _asked(node.test)
            if _uses(expression, names) or before:
                yield list(before), expression
        elif isinstance(node, ast.With) and node.body and isinstance(node.body[-1], ast.Expr):
            yield [*before, *node.body[:-1]], node.body[-1].value
        elif isinstance(node, ast.Assign | ast.Expr | ast.AugAssign):
            before.append(node)


def _asked(test: ast.expr) -> ast.expr:
    """Return what an assertion is about: the side of a comparison that calls something."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _asked(test.operand)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = (test.left, test.comparators[0])
        calling = [item for item in sides if any(isinstance(n, ast.Call) for n in ast.walk(item))]
        if len(calling) == 1:
            return calling[0]
    return test


def _uses(node: ast.AST, names: Collection[str]) -> bool:
    return any(isinstance(item, ast.Name) and item.id in names for item in ast.walk(node))


# --- variations -----------------------------------------------------------------------------------


def _varied(
    setup: list[ast.stmt], expression: ast.expr, request: str, is_signed: bool
) -> Iterator[tuple[list[ast.stmt], ast.expr]]:
    """Yield copies in which one argument of a call is another one."""
    whole = ast.Module([*setup, ast.Expr(expression)], [])
    places = [
        (number, where)
        for number, node in enumerate(ast.walk(whole))
        if isinstance(node, ast.Call)
        for where, argument in enumerate(node.args)
        if _value(argument) is not _NONE
    ]
    for number, where in places:
        call = _nth(whole, number)
        for other in _others(_value(call.args[where]), request):
            if not is_signed and _is_negative(other):
                continue
            changed = copy.deepcopy(whole)
            _nth(changed, number).args[where] = ast.parse(repr(other), mode="eval").body
            last = changed.body[-1]
            assert isinstance(last, ast.Expr)
            yield changed.body[:-1], last.value


def _nth(tree: ast.Module, number: int) -> ast.Call:
    node = next(node for index, node in enumerate(ast.walk(tree)) if index == number)
    assert isinstance(node, ast.Call)
    return node


def _is_negative(value: object) -> bool:
    """Return whether a number below zero is in a value."""
    if isinstance(value, list | tuple):
        return any(map(_is_negative, value))
    if isinstance(value, dict):
        return any(map(_is_negative, value.values()))
    return isinstance(value, int | float) and value < 0


_NONE: Final = object()


def _value(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return _NONE
    return _NONE if len(repr(value)) > _LONGEST else value


def _others(value: Any, request: str, depth: int = 0) -> Iterator[Any]:
    """Yield values of the same kind that are worth a try in the place of ``value``."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from dict.fromkeys((0, 1, -1, value - 1, value + 1, -value, 2, 3, 10))
        if abs(value) < _LARGEST:
            yield from (2 * value, 7 * value + 3)
        if not depth:
            numbers = (int(item) for item in re.findall(r"(?<![\w.])-?\d{1,5}(?![\w.])", request))
            yield from (item + by for item in dict.fromkeys(numbers) for by in (-1, 0, 1))
    elif isinstance(value, float):
        yield from (0.0, -value, value + 0.5, value / 3, 1.0)
    elif isinstance(value, str):
        yield from dict.fromkeys(_texts(value, request))
    elif isinstance(value, list | tuple):
        is_fixed = depth > 0 and isinstance(value, tuple)  # a pair stays a pair
        yield from (type(value)(item) for item in _sequences(list(value), depth, is_fixed))
    elif isinstance(value, dict):
        yield {}
        for key in list(value)[:3]:
            yield {k: v for k, v in value.items() if k != key}
            yield from ({**value, key: v} for v in _first(_others(value[key], "", depth + 1), 3))


def _other_signs(text: str, request: str) -> Iterator[str]:
    """Yield a text with each sign of a row, as in "with + - * /", in the place of another."""
    for row in re.findall(r"(?<!\S)[^\w\s'\"](?:,? (?:and |or )?[^\w\s'\"](?!\S))+", request):
        signs = re.findall(r"[^\w\s,]", row)
        for sign in signs:
            if sign in text:
                yield from (text.replace(sign, other) for other in signs if other != sign)


def _texts(text: str, request: str) -> Iterator[str]:
    yield from ("", " ", "a", text.upper(), text.lower(), text.swapcase(), text[::-1])
    yield from (text[:-1], text[1:], text + text, f" {text}", f"{text} ", f"{text}!", f"-{text}")
    yield from (text[:1], text[-1:], text.replace(" ", "  "), text.replace(" ", ""))
    middle = len(text) // 2
    yield from (text[:middle] + text[middle + 1 :], text[:middle] + text[middle : middle + 1] * 2)
    yield text[:middle] + text[middle:][::-1]
    for digits in list(re.finditer(r"\d+", text))[:4]:
        start, end = digits.span()
        changed = (f"0{digits[0]}", "0", str(int(digits[0]) + 1), str(int(digits[0]) * 10), "")
        yield from (text[:start] + item + text[end:] for item in changed)
    yield from _other_signs(text, request)
    for sign in list(dict.fromkeys(re.findall(r"[^\w\s]", text)))[:3]:
        yield from (text.replace(sign, ""), text.replace(sign, sign * 2), sign, text + sign)


def _sequences(items: list[Any], depth: int, is_fixed: bool) -> Iterator[list[Any]]:
    if not is_fixed:
        yield from ([], items[:1], items[:-1], items[1:], items + items[:1], items * 2)
        yield items[:1] * 3
    yield from (items[::-1], items[1:] + items[:1])
    # Rows of one length are a table: a row of another length is outside of what was asked for.
    lengths = {len(item) if isinstance(item, list | tuple) else -1 for item in items}
    is_table = len(items) > 1 and len(lengths) == 1 and -1 not in lengths
    if depth < 2:
        for place in range(min(len(items), 4)):
            others = _others(items[place], "", depth + 1)
            for other in _first((o for o in others if not is_table or len(o) in lengths), 8):
                yield [*items[:place], other, *items[place + 1 :]]


def _first(values: Iterator[Any], count: int) -> list[Any]:
    return [item for item, _ in zip(values, range(count), strict=False)]
