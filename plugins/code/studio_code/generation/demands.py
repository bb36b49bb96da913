"""Form of a definition demanded by a request: its kind and how it is called. Pure.

``is_ready()`` is called, so it is no property; ``scale(size, by=2)`` takes these; "an exception
Missing, a KeyError" derives from it. Small models overlook such words and repeat their answer
after a correction: faults that a one-line edit mends are mended here.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from studio_code.execution.python_runner import parsed

_CALLED: Final = re.compile(
    r"(?P<kind>\b(?:function|method|coroutine)\s+`?)?(?<![\w.])(?:[A-Z]\w*\.)?"
    r"(?P<name>[a-z_]\w*)\((?P<takes>[^()]*)\)"
)
_PROPERTY: Final = re.compile(
    r"\bproperty\s+(?:called\s+|named\s+)?`?(?:[A-Z]\w*\.)?(?P<name>[a-z_]\w*)\b(?!\()"
)
_DERIVED: Final = re.compile(
    r"\b(?:class|exception|error)\s+`?(?P<name>[A-Z]\w*)`?"
    r"(?:\(|,?\s+(?:(?:which|that)\s+(?:is\s+)?)?"
    r"(?:an?\s+(?:(?:kind|sort|subclass|child)\s+of\s+(?:an?\s+)?)?"
    r"|(?:derive[sd]?|deriving|inherit(?:s|ing)?|extend(?:s|ing)?)\s+(?:from\s+)?(?:an?\s+)?))"
    r"`?(?P<base>[A-Z]\w*)"
)
_PARAMETER: Final = re.compile(r"\s*(?P<name>[a-z_]\w*)\s*(?:[:=].*)?\Z")
_PROPERTIES: Final = frozenset({"property", "cached_property"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_NAMED: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Fault:
    """A demand that is not met.

    Attributes:
        told: In a sentence.
        line: From 1; ``instead``: lines that stand in its place once it is met, None if unknown.
    """

    told: str
    line: int = 0
    instead: tuple[str, ...] | None = None


def named(code: str, request: str) -> str:
    """Return code whose one definition has the name by which a request calls it."""
    tree = parsed(code)
    defined = [n.name for n in (tree.body if tree else ()) if isinstance(n, _NAMED)]
    calls = re.findall(r"(?<![\w.'\"])([A-Za-z_]\w*)\((?=[-\d'\"\[{(])", request)
    asked = {name for name in calls if not hasattr(builtins, name)}
    if len(defined) != 1 or len(asked) != 1 or re.search(rf"\b{re.escape(defined[0])}\(", request):
        return code
    name = asked.pop()
    if re.search(rf"\b{name}\b", code):
        return code
    return re.sub(rf"(?<![\w.'\"]){re.escape(defined[0])}\b(?!['\"])", name, code)


def met(request: str, before: str, after: str, others: Mapping[str, str]) -> tuple[str, str]:
    """Return a Python text changed to the form demanded by a request, and the first open demand.

    Only new or changed definitions are checked; the open demand is a sentence, or empty.

    Args:
        others: Path → text of the other files, for base classes.
    """
    was, now = parsed(before), parsed(after)
    if now is None:
        return after, ""
    try:
        old = {ast.dump(node) for node in _definitions(was)} if was else set()
        fresh = [node for node in _definitions(now) if ast.dump(node) not in old]
    except RecursionError:  # sound, but nested too deep to be compared
        return after, ""
    functions = {node.name: node for node in fresh if isinstance(node, _Function)}
    classes = {node.name: node for node in fresh if isinstance(node, ast.ClassDef)}
    lines = after.split("\n")
    faults = list(
        chain(
            _of_calls(request, functions),
            _of_properties(request, functions, lines),
            _of_bases(request, classes, lines, [after, *others.values()]),
        )
    )
    for item in sorted(set(faults), key=lambda fault: -fault.line):
        if item.instead is not None:
            lines[item.line - 1 : item.line] = item.instead
    left = next((item.told for item in faults if item.instead is None), "")
    return "\n".join(lines), left


def _definitions(tree: ast.Module) -> Iterator[_Function | ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, _Function | ast.ClassDef))


def _of_calls(request: str, functions: Mapping[str, _Function]) -> Iterator[_Fault]:
    for match in _CALLED.finditer(request):
        node = functions.get(match["name"])
        if node is None:
            continue
        for decorator in node.decorator_list:
            if getattr(decorator, "id", getattr(decorator, "attr", "")) in _PROPERTIES:
                message = f"`{node.name}()` is called with parentheses: it must not be a property."
                yield _Fault(message, decorator.lineno, ())
        if match["kind"] and (wanted := _parameters(match["takes"])) is not None:
            required, most = _takes(node)
            if most is not None and (most[: len(wanted)] != wanted or required > len(wanted)):
                takes = match["takes"].strip()
                yield _Fault(f"`{node.name}` must take ({takes}) and need nothing else.")


def _of_properties(
    request: str, functions: Mapping[str, _Function], lines: Sequence[str]
) -> Iterator[_Fault]:
    for match in _PROPERTY.finditer(request):
        node = functions.get(match["name"])
        if node is not None and not node.decorator_list:
            header = lines[node.lineno - 1]
            indent = header[: len(header) - len(header.lstrip())]
            is_member = bool(indent) and _takes(node) == (0, [])
            message = f"`{node.name}` must be a property: it is read without parentheses."
            yield _Fault(
                message, node.lineno, (f"{indent}@property", header) if is_member else None
            )


def _of_bases(
    request: str, classes: Mapping[str, ast.ClassDef], lines: Sequence[str], texts: Sequence[str]
) -> Iterator[_Fault]:
    for match in _DERIVED.finditer(request):
        node, base = classes.get(match["name"]), match["base"]
        if node is None or base == node.name or base in (bases := _bases(node)):
            continue
        is_known = _is_builtin(base) or any(
            re.search(rf"^\s*class {base}\b", text, re.MULTILINE) for text in texts
        )
        # A base of our own may derive from it in its turn: that is left to whoever reads it.
        if is_known and all(map(_is_builtin, bases)):
            header = lines[node.lineno - 1]
            whole = re.fullmatch(rf"(\s*class {node.name})\s*(?:\([\w\s,.]*\))?:(.*)", header)
            instead = (f"{whole[1]}({base}):{whole[2]}",) if whole else None
            yield _Fault(f"`{node.name}` must derive from {base}.", node.lineno, instead)


def _is_builtin(name: str) -> bool:
    return isinstance(getattr(builtins, name, None), type)


def _parameters(written: str) -> list[str] | None:
    """Return the names within the brackets of a request; None where they hold values."""
    pieces = [piece for piece in written.split(",") if piece.strip()]
    matches = [_PARAMETER.match(piece) for piece in pieces]
    return [match["name"] for match in matches if match] if all(matches) else None


def _takes(node: _Function) -> tuple[int, list[str] | None]:
    """Return how many arguments must be given, and all names; None where it takes any."""
    names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
    required = len(names) - len(node.args.defaults)
    if names[:1] in (["self"], ["cls"]):
        names, required = names[1:], required - 1
    return max(0, required), None if node.args.vararg or node.args.kwarg else names


def _bases(node: ast.ClassDef) -> list[str]:
    return [getattr(base, "id", getattr(base, "attr", "")) for base in node.bases]
