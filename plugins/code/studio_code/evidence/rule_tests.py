"""A test for each rule of a request that is of a usual kind; nothing is guessed. Pure.

A rule such as "an empty list raises ValueError" or "ignore case" says itself what a test of it is,
given one call of the function to vary. What is of no usual kind is left to whoever writes tests.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from studio_code.evidence.probes import Probe
from studio_code.execution.python_runner import parsed
from studio_code.generation.cases import Case
from studio_code.generation.examples import literal

_ERROR: Final = re.compile(r"\b([A-Z]\w*(?:Error|Exception))\b")
_BELOW: Final = re.compile(r"\b(?:below|less than|under|smaller than|lower than)\s+(-?\d+)")
_ABOVE: Final = re.compile(r"\b(?:above|more than|over|larger than|greater than)\s+(-?\d+)")
_RANGE: Final = re.compile(r"(?<![\w.])(-?\d+)\s*(?:to|\.\.|–|-|and)\s*(\d+)(?!\w|\.\d)")
_EMPTY: Final = re.compile(
    r"\bempty\b[\w ]*?\b(?:gives?|returns?|is|should be|should give|becomes?)\s+(?:an?\s+|the\s+)?"
    r"(?P<value>empty (?:string|text|list|dict\w*)|.+)$",
    re.IGNORECASE,
)
_STAYS: Final = re.compile(r"\bempty\b.*\bstays empty\b", re.IGNORECASE)
_CASE: Final = re.compile(r"\bignor\w+ (?:upper and lower )?case\b|\bcase[- ]insensitive", re.I)
_UNCHANGED: Final = re.compile(
    r"\b(?:not|never|without)\b.*\b(?:chang|modif|mutat)\w+|\breturns? a new (?:list|dict)\b", re.I
)
_UNUSED: Final = re.compile(
    r"\b(?:without|do(?:es)? not use|don't use|no)\s+(?:using\s+)?(?:the\s+)?"
    r"(?P<names>\w+(?:(?:,| or| and)\s*(?:using\s+)?\w+)*)",
    re.IGNORECASE,
)
_SORTED: Final = re.compile(r"\bsorted\b|\bascending\b|\balphabetical", re.IGNORECASE)
_SORTED_INPUT: Final = re.compile(
    r"\b(?:an?|two|is|are|already|given|if)\s+(?:\w+\s+)?sorted\b|\bsorted by\b|\bsame\b|\?", re.I
)
"""Says that what is given is sorted, or that what is alike stays in its order."""
_NEVER_NEGATIVE: Final = re.compile(r"\b(?:never|not)\s+(?:be\s+)?negative\b", re.IGNORECASE)
_FROM_ZERO: Final = re.compile(r"\b(?:non-?negative|positive|natural|whole)\b", re.IGNORECASE)
"""Says that no number below zero is given."""
_ROUNDED: Final = re.compile(
    r"\bround\w*\s+to\s+(?P<digits>\w+)\s+(?:decimals?|places|digits)", re.I
)
_NUMBERS: Final = {"one": 1, "two": 2, "three": 3, "no": 0}
_USABLE: Final = frozenset({
    "sorted", "sort", "sum", "max", "min", "eval", "exec", "bin", "hex", "oct", "format",
    "reversed",
    "set", "zip", "map", "filter", "int", "str", "len", "re", "math", "statistics", "csv", "json",
    "itertools", "collections", "functools", "datetime", "calendar", "textwrap", "urllib", "numpy",
    "pandas", "heapq", "bisect", "random", "string", "Counter", "regex", "recursion",
})  # fmt: skip

Call = ast.Call


def rule_cases(
    rule: str, request: str, probes: Sequence[Probe], names: Collection[str], module: str
) -> list[Case]:
    """Return the tests of one rule; empty where it is of no usual kind, or no call is known.

    Args:
        probes: What is called in examples and tests, those of the request first.
        names: What can be called; ``module``: where it is.
    """
    calls = [call for item in probes if not item.setup and (call := _call(item, names))]
    bodies = dict.fromkeys(
        body for find in _KINDS for body in find(rule, request, calls, module) if parsed(body)
    )
    return [Case("test_rule", f"def test_rule():\n{_indented(body)}", True) for body in bodies]


def _call(probe: Probe, names: Collection[str]) -> Call | None:
    tree = parsed(probe.expression)
    node = tree.body[0].value if tree and isinstance(tree.body[0], ast.Expr) else None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
        return None
    is_plain = not node.keywords and all(_value(item) is not None for item in node.args)
    return node if node.func.id in names and is_plain else None


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _with(call: Call, place: int, value: object) -> str:
    """Return a call with another value in one place."""
    words = [ast.unparse(item) for item in call.args]
    words[place] = repr(value)
    return f"{ast.unparse(call.func)}({', '.join(words)})"


def _errors(rule: str, request: str, calls: Sequence[Call], _module: str) -> Iterator[str]:
    """Yield tests of named errors, for triggers given in common wording."""
    match = _ERROR.search(rule)
    if match is None or not calls:
        return
    call = calls[0]
    for place, value in _wrong_values(rule, request, call):
        yield (f"import pytest\nwith pytest.raises({match[1]}):\n    {_with(call, place, value)}")


def _wrong_values(rule: str, request: str, call: Call) -> Iterator[tuple[int, object]]:
    """Yield places of arguments, and values there that a rule calls wrong."""
    values = [_value(item) for item in call.args]
    numbers = [n for n, item in enumerate(values) if type(item) in (int, float)]
    words = rule.lower()
    if numbers:
        # The last number where there are several values: sizes and counts follow what they are of.
        place = numbers[-1]
        if match := _BELOW.search(words):
            yield place, int(match[1]) - 1
        if match := _ABOVE.search(words):
            yield place, int(match[1]) + 1
        if "negative" in words and "non-negative" not in words:
            yield place, -1
        if "positive" in words:
            yield from ((place, 0), (place, -1))
        if re.search(r"\b(?:range|other|otherwise)\b", words) and (match := _RANGE.search(request)):
            yield from ((place, int(match[1]) - 1), (place, int(match[2]) + 1))
    empty: dict[type, object] = {str: "", list: [], tuple: (), dict: {}}
    if re.search(r"\bempty\b", words) and type(values[0]) in empty:
        yield 0, empty[type(values[0])]
    is_other = re.search(r"\b(?:invalid|malformed|anything else|not an?|not valid|other)\b", words)
    if is_other and isinstance(values[0], str):
        yield 0, "?!"


def _empty(rule: str, request: str, calls: Sequence[Call], _module: str) -> Iterator[str]:
    """Yield the test of what empty input gives."""
    match, stays = _EMPTY.search(rule), _STAYS.search(rule)
    if not calls or _ERROR.search(rule) or not (match or stays):
        return
    kinds = {"list": [], "matrix": [], "string": "", "text": "", "dict": {}, "tuple": ()}
    first = _value(calls[0].args[0])
    named = next((kinds[item] for item in kinds if f"empty {item}" in rule.lower()), None)
    value = named if type(named) is type(first) else type(first)()
    if value or not isinstance(value, str | list | tuple | dict):
        return
    if stays or match is None:
        wanted: str | None = repr(value)
    else:
        phrase = match["value"].strip(" .`")
        word = next(
            (repr(kinds[item]) for item in kinds if phrase.lower() == f"empty {item}"), None
        )
        wanted = word or literal(phrase)
    if wanted is not None:
        yield f"assert {_with(calls[0], 0, value)} == {wanted}"


def _case(rule: str, request: str, calls: Sequence[Call], _module: str) -> Iterator[str]:
    """Yield tests that upper and lower case make no difference."""
    texts = [call for call in calls if isinstance(_value(call.args[0]), str)]
    if _CASE.search(rule):
        for call in texts[:3]:
            text = _value(call.args[0])
            upper, lower = _with(call, 0, text.upper()), _with(call, 0, text.lower())
            yield f"assert repr({upper}).lower() == repr({lower}).lower()"


def _unchanged(rule: str, request: str, calls: Sequence[Call], _module: str) -> Iterator[str]:
    """Yield the test that an argument is left as it was."""
    if not _UNCHANGED.search(rule):
        return
    for call in calls[:3]:
        if isinstance(value := _value(call.args[0]), list | dict) and value:
            expression = _with(call, 0, "given").replace("'given'", "given", 1)
            yield f"given = {value!r}\n{expression}\nassert given == {value!r}"


def _sorted(rule: str, request: str, calls: Sequence[Call], _module: str) -> Iterator[str]:
    """Yield tests that input in another order gives the same, where the result is sorted."""
    if not _SORTED.search(rule) or _SORTED_INPUT.search(rule):
        return
    for call in calls[:4]:
        value = _value(call.args[0])
        if isinstance(value, list | dict) and len(value) > 1:
            items = list(value.items()) if isinstance(value, dict) else value
            other = type(value)(items[::-1])
            yield f"assert {_with(call, 0, other)} == {ast.unparse(call)}"


def _unused(rule: str, request: str, calls: Sequence[Call], module: str) -> Iterator[str]:
    """Yield the test that something is not used."""
    match = _UNUSED.search(rule)
    names = set(re.findall(r"\w+", match["names"])) & _USABLE if match else set()
    path = f"{module.replace('.', '/')}.py"
    for name in sorted(names - {"regex", "recursion"}):
        yield (
            f"import ast, pathlib\ntree = ast.parse(pathlib.Path({path!r}).read_text())\n"
            "used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}\n"
            "used |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)"
            " for a in n.names}\n"
            "used |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}\n"
            "used |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}\n"
            f"assert {name!r} not in used"
        )


def _figures(rule: str, request: str, calls: Sequence[Call], _module: str) -> Iterator[str]:
    """Yield tests of the numeric properties of a result."""
    expressions = [ast.unparse(call) for call in calls[:4]]
    if _NEVER_NEGATIVE.search(rule) and not _ERROR.search(rule):
        below = [] if _FROM_ZERO.search(request) or _ERROR.search(request) else _negated(calls[:4])
        yield from (f"assert {item} >= 0" for item in [*expressions, *below])
    if match := _ROUNDED.search(rule):
        word = match["digits"].lower()
        digits = int(word) if word.isdigit() else _NUMBERS.get(word)
        if digits is not None:
            yield from (f"assert {item} == round({item}, {digits})" for item in expressions)


def _negated(calls: Sequence[Call]) -> list[str]:
    """Return the calls with each of their numbers below zero, one at a time."""
    return [
        _with(call, place, -value)
        for call in calls
        for place, item in enumerate(call.args)
        if isinstance(value := _value(item), int | float)
        and not isinstance(value, bool)
        and value > 0
    ]


def _refused(rule: str, request: str, calls: Sequence[Call], _module: str) -> Iterator[str]:
    """Yield tests of what makes a text wrong that is right without it: spaces, leading zeros."""
    for call in calls[:1]:
        text = _value(call.args[0])
        if not isinstance(text, str) or not re.search(
            rf"{re.escape(repr(text))}[^.;]*?\bTrue", request
        ):
            continue
        if re.search(r"\bno leading zero", rule, re.I) and (match := re.search(r"\d+", text)):
            other = f"{text[: match.start()]}0{text[match.start() :]}"
            yield f"assert not {_with(call, 0, other)}"
        if re.search(r"\bno spaces?\b", rule, re.I) and " " not in text:
            yield f"assert not {_with(call, 0, f'{text[:2]} {text[2:]}')}"
        if match := re.search(r"\bat least (\d+) (?:characters|letters)", rule):
            yield f"assert not {_with(call, 0, text[: int(match[1]) - 1])}"


_KINDS: Final[tuple[Callable[[str, str, Sequence[Call], str], Iterator[str]], ...]] = (
    _errors, _empty, _case, _unchanged, _sorted, _unused, _figures, _refused,
)  # fmt: skip


def _indented(body: str) -> str:
    return "\n".join(f"    {line}" for line in body.split("\n"))
