"""Docstrings put into Python code without touching anything else, and the proof of it. Pure."""

from __future__ import annotations

import ast
import io
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from studio_code.execution.python_runner import TOO_MUCH, parsed

_WIDTH = 88


@dataclass(frozen=True)
class Undocumented:
    """A definition without a docstring.

    Attributes:
        name: With the classes around it: ``Stack.push``.
        code: Its source.
        header: Its first lines, up to the body.
        indent: Spaces before its body.
        line: Before which line of the file, from 1, the docstring goes.
    """

    name: str
    code: str
    header: str
    indent: str
    line: int


def undocumented(text: str) -> list[Undocumented]:
    """Return the functions and classes of ``text`` that have no docstring, in order.

    Those whose body stands on the line of the header are left as they are.
    """
    tree, lines = parsed(text), _lines(text)
    return [] if tree is None else list(_found(tree, lines, ""))


def _found(node: ast.AST, lines: list[str], prefix: str) -> Iterator[Undocumented]:
    for inner in ast.iter_child_nodes(node):
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        name = f"{prefix}{inner.name}"
        first = inner.body[0]
        start = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))])
        is_below = not lines[start - 1][: first.col_offset].strip() and start > inner.lineno
        if ast.get_docstring(inner) is None and is_below:
            below = start - 1
            while not lines[below - 1].strip() or lines[below - 1].lstrip().startswith("#"):
                below -= 1  # comments may stand before the body
            header = "".join(lines[inner.lineno - 1 : below]).rstrip()
            indent = re.match(r"[ \t]*", lines[start - 1])
            assert indent is not None
            code = "".join(lines[inner.lineno - 1 : inner.end_lineno])
            yield Undocumented(name, textwrap.dedent(code), header, indent[0], below + 1)
        if isinstance(inner, ast.ClassDef):
            yield from _found(inner, lines, f"{name}.")


def with_docstrings(text: str, written: Mapping[int, tuple[str, str]]) -> str:
    """Return ``text`` with docstrings: line number → (indent, words)."""
    lines = _lines(text)
    end = "\r\n" if "\r\n" in text else "\n"
    for number in sorted(written, reverse=True):
        indent, words = written[number]
        lines.insert(number - 1, _laid_out(words, indent).replace("\n", end) + end)
    return "".join(lines)


def only_docstrings_differ(old: str, new: str) -> bool:
    """Return whether both have the same syntax tree, docstrings left aside.

    No where that cannot be told.
    """
    first, second = parsed(old), parsed(new)
    if first is None or second is None:
        return False
    try:
        return ast.dump(_bare(first)) == ast.dump(_bare(second))
    except TOO_MUCH:
        return False


def cleaned(words: str) -> str:
    """Return a model's answer as the inside of a docstring; empty if it is none."""
    text = words.split('"""')[0].split("```")[0].replace("\\", "\\\\").rstrip()
    text = textwrap.dedent("\n".join(_same_indent(text.split("\n")))).strip()
    if not re.search(r"[^\W\d_]{2}", text):
        return ""
    return text[:2000]


def _lines(text: str) -> list[str]:
    """Return the lines as Python counts them, with their ends; ``splitlines`` finds more."""
    return io.StringIO(text, newline="").readlines()


def _same_indent(lines: list[str]) -> list[str]:
    """Give the first line, which follows the quotes, the indent of the rest."""
    rest = [line for line in lines[1:] if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    return [" " * margin + lines[0].strip(), *lines[1:]]


def _laid_out(words: str, indent: str) -> str:
    first, *rest = words.split("\n")
    if len(first) > _WIDTH:
        head, *more = textwrap.wrap(first, _WIDTH) or [first]
        first, rest = head, [*more, *rest]
    if not rest:
        return f'{indent}"""{first}"""'
    body = "\n".join(f"{indent}{line}".rstrip() for line in rest)
    return f'{indent}"""{first}\n{body}\n{indent}"""'


def _bare(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        is_place = isinstance(
            node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        )
        if is_place and body and _is_docstring(body[0]):
            node.body = body[1:]  # type: ignore[attr-defined]
    return tree


def _is_docstring(node: ast.stmt) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)  # type: ignore[attr-defined]
