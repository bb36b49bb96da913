"""Turn the examples in a description into tests. Pure.

Understood are a session of the interpreter (``>>> f(1)`` and the value below it); a call with its
value on one line, alone or within a sentence (``f(1) == 2``, ``f(1) -> 2``, ``f(1) returns 2``);
and, where the function is unambiguous, input and output alone (``"1h30m" → 5400``,
bare ``1h30m → 5400``, ``for 3 return 9``, ``turns 'a' into 'b'``). Values must be literals; all
else is skipped, since nothing in a description is executed.
"""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Collection, Iterator
from typing import Final

from studio_code.execution.python_runner import parsed
from studio_code.generation.cases import Case, Suite

_VALUE: Final = re.compile(
    r"^\s*[-*•]?\s*(?:assert\s+|for\s+|>>>\s*)?`?(?P<call>[A-Za-z_]\w*\(.*?\))`?\s*"
    r"(?:#\s*)?(?:={2,3}>|==|=>|->|→|➞|⟹|=|should return|must return|returns?:?|gives?|is)\s*"
    r"`?(?P<value>.+?)`?[.;]?\s*$"
)
_CALL: Final = re.compile(r"\b[A-Za-z_]\w*\(")
_GIVES: Final = re.compile(
    r"`?\s*(?:#\s*)?(?:={2,3}>|==|=>|->|→|➞|⟹|=|(?:should|must) (?:return|be|give)|"
    r"returns?:?|gives?|is)\s*`?"
)
_ENDS: Final = re.compile(r"(?=[\s,;:`)]|\.(?:\s|$)|$)")
"""Where a value in a sentence may end: a point within a number is no end."""
_MOST: Final = 12
_LONGEST: Final = 400
"""Characters of a line with an example: longer ones are no prose, and slow to look through."""


_FOR: Final = re.compile(
    r"\b(?:for|turns?|converts?|with|given|of|input:?)\s+`?(?=[-\d'\"\[({TFN])", re.IGNORECASE
)
_THEN: Final = re.compile(
    r"`?,?\s*(?:it\s+)?(?:(?:should|must|will)\s+)?"
    r"(?:returns?|gives?|be|is|into|to|yields?|output:?)\s+`?",
    re.IGNORECASE,
)
_RAISES: Final = re.compile(
    r"`?\s*(?:#\s*)?(?:->|=>|→|➞|:)?\s*(?:should\s+|must\s+)?(?:raises?\s+)?(?:an?\s+)?`?"
    r"(?P<error>[A-Z]\w*(?:Error|Exception))\b"
)
_APART: Final = re.compile(r"[;.]\s|[;.]?$|,\s+(?=[A-Z_a-z]\w*\()|\band\s")
_ARROW: Final = re.compile(r"\s*`?\s*(?:-+>|=+>|→|➞|⟹|↦)\s*`?\s*")
_BETWEEN: Final = re.compile(r"[`.,;]*\s*(?:and|or)?\s*`?")
_BARE: Final = re.compile(r"[^\s,;:()\[\]{}\"'`=<>→➞⟹↦]{1,60}\Z")
_QUOTED: Final = re.compile(r"(\"[^\"]*\"|'[^']*')\Z")


def examples(description: str, defined: Collection[str]) -> Suite:
    """Return the examples that use a name of ``defined`` as trusted cases.

    Args:
        defined: What the code defines. Values without a call are for the only one that the
            description names, or that there is.
    """
    assertions: dict[str, None] = {}
    meant = [name for name in defined if re.search(rf"\b{re.escape(name)}\b", description)]
    meant = meant or [name for name in defined if not name.startswith("_")]
    pairs = _pairs(description, meant[0]) if len(meant) == 1 else ()
    worded = _named_pairs(description, meant[0]) if len(meant) == 1 else ()
    bodies = (*_sessions(description), *_lines(description), *_within(description), *pairs, *worded)
    for body in bodies:
        if any(re.search(rf"\b{re.escape(name)}\b", body) for name in defined):
            assertions.setdefault(body)
    named = enumerate(list(assertions)[:_MOST], 1)
    cases = [
        Case(f"test_example_{n}", f"def test_example_{n}():\n{body}", True) for n, body in named
    ]
    return Suite((), tuple(cases))


def _sessions(description: str) -> Iterator[str]:
    """Yield the body of a test for each value of a session, with what leads to it."""
    text = re.sub(r"^[ \t]*(?:\"{3}|'{3})[ \t]*$", "", description, flags=re.MULTILINE)
    try:
        steps = doctest.DocTestParser().get_examples(text)
    except ValueError:  # indented in a way that doctest refuses
        return
    before: list[str] = []
    for step in steps:
        code = step.source.strip()
        if not step.want.strip():
            before.append(code)
        elif body := _body(before, code, step.want):
            yield body


def _lines(description: str) -> Iterator[str]:
    for line in description.splitlines():
        if line.lstrip().startswith(">>>") and "==" not in line:
            continue
        match = _VALUE.match(line) if len(line) <= _LONGEST else None
        if (
            match
            and _is_closed(match["call"])
            and (body := _body([], match["call"], match["value"]))
        ):
            yield body


def _within(description: str) -> Iterator[str]:
    """Yield the body of a test for each call with its value inside of a sentence."""
    for line in description.splitlines():
        if len(line) > _LONGEST or line.lstrip().startswith(">>>"):
            continue
        for match in _CALL.finditer(line):
            end = _end_of_call(line, match.end())
            sign = _GIVES.match(line, end) if end else None
            call = line[match.start() : end]
            value = _value_at(line[sign.end() :]) if sign and _is_closed(call) else ""
            if value and (body := _body([], call, value)):
                yield body
            elif end and _is_closed(call) and (error := _RAISES.match(line, end)):
                yield f"    with pytest.raises({error['error']}):\n        {call}"
        yield from _comparisons(line)


def _comparisons(line: str) -> Iterator[str]:
    """Yield the assertion for an equation in Python: ``P(1) + P(2) == P(3)``."""
    for piece in _APART.split(line) if "==" in line else ():
        text = piece.rpartition(": ")[2].strip(" `")
        tree = parsed(text)
        first = tree.body[0] if tree and len(tree.body) == 1 else None
        node = first.value if isinstance(first, ast.Expr) else None
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            names = {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
            is_plain = isinstance(node.left, ast.Call) and isinstance(node.left.func, ast.Name)
            if len(names) == 1 and not is_plain and not isinstance(node.left, ast.Name):
                yield f"    assert {ast.unparse(node)}"


def _pairs(description: str, function: str) -> Iterator[str]:
    """Yield the body of a test for each value with an arrow to what ``function`` makes of it."""
    for line in description.splitlines():
        if len(line) > _LONGEST or line.lstrip().startswith(">>>"):
            continue
        end = 0
        for arrow in _ARROW.finditer(line):
            start, argument = _argument_before(line[end : arrow.start()])
            before = line[end : end + start].strip()
            # In "2, 3 → 5" the 3 is no argument by itself.
            is_alone = _BETWEEN.fullmatch(before) if end else not before.endswith(",")
            value = _value_at(line[arrow.end() :])
            end = arrow.end() + len(value)
            call = f"{function}({argument})"
            if argument and value and is_alone and (body := _body([], call, value)):
                yield body


def _named_pairs(description: str, function: str) -> Iterator[str]:
    """Yield the body of a test for each "for 3 return 9", "turns 'a' into 'b'"."""
    for line in description.splitlines():
        for match in _FOR.finditer(line) if len(line) <= _LONGEST else ():
            argument = _value_at(line[match.end() :])
            then = _THEN.match(line, match.end() + len(argument)) if argument else None
            value = _value_at(line[then.end() :]) if then else ""
            if value and (body := _body([], f"{function}({argument})", value)):
                yield body


def _argument_before(text: str) -> tuple[int, str]:
    """Return where the argument begins that a text ends with, and how Python writes it.

    A literal is itself; a bare word, ``1h30m``, is text. Empty if it ends with neither.
    """
    match = _QUOTED.search(text) or _BARE.search(text)
    if text.endswith(("]", "}")):
        starts = re.finditer(r"[\[{]", text)
        match = next(
            (start for start in starts if literal(text[start.start() :]) is not None), None
        )
    if match is None:
        return 0, ""
    written = text[match.start() :]
    if literal(written) is not None:
        return match.start(), written
    return match.start(), "" if written[0] in "\"'" else repr(written)


def _end_of_call(line: str, start: int) -> int:
    """Return where the bracket that is open at ``start`` has been closed; 0 for never."""
    depth, quote = 1, ""
    for place in range(start, len(line)):
        sign = line[place]
        if quote:
            quote = "" if sign == quote and line[place - 1] != "\\" else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "([{") - (sign in ")]}")
            if not depth:
                return place + 1
    return 0


def _value_at(text: str) -> str:
    """Return the literal that a text begins with; empty if it begins with none."""
    for match in _ENDS.finditer(text):
        if match.start() and literal(text[: match.start()]) is not None:
            return text[: match.start()]
    return ""


def _is_closed(call: str) -> bool:
    """Return whether a call has no free names: ``f(a)`` may mean any ``a``."""
    tree = parsed(call)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree else []
    return len(names) == 1


def _body(before: list[str], call: str, want: str) -> str:
    """Return an assertion, indented; empty if the call is no expression or the value no literal."""
    tree = parsed(call)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return ""
    value = literal(want)
    if value is None or isinstance(tree.body[0].value, ast.Constant):
        return ""
    expression = ast.unparse(tree.body[0].value)
    if expression.startswith("print("):
        return ""
    check = f"assert {expression} == {value}"
    lines = [*(line for step in before for line in step.splitlines()), check]
    text = "\n".join(lines)
    return "\n".join(f"    {line}" for line in lines) if parsed(text) else ""


def literal(want: str) -> str | None:
    """Return the value as it is written in Python; what stands behind a comment sign goes."""
    text = want.strip()
    for candidate in (text, text.split("  ")[0], text.split(" #")[0].rstrip(".;, ")):
        normal = {"true": "True", "false": "False", "none": "None"}.get(candidate, candidate)
        try:
            return repr(ast.literal_eval(normal))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None
