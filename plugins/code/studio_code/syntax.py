"""The syntax of texts by tree-sitter (SQL by SQLite): faults, definitions, identifiers.

Parsed here, never run. A text is parsed whole; a megabyte takes a moment: not for the window's
thread.
"""

from __future__ import annotations

import functools
import importlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_GRAMMARS: Final = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "bash": ("tree_sitter_bash", "language"),
    "html": ("tree_sitter_html", "language"),
}
_DEFINITIONS: Final = {
    "function_declaration", "generator_function_declaration", "class_declaration",
    "method_definition", "method_declaration", "constructor_declaration", "interface_declaration",
    "enum_declaration", "record_declaration", "struct_declaration", "function_definition",
    "class_specifier", "struct_specifier", "function_item", "struct_item", "enum_item",
    "trait_item", "type_declaration", "variable_declarator", "class_definition",
}  # fmt: skip
_WRAPPERS: Final = ("export_statement", "template_declaration", "lexical_declaration",
                    "decorated_definition")  # fmt: skip
"""What stands around a definition; words about it come before that."""
_NAMES: Final = ("identifier", "field_identifier", "type_identifier", "qualified_identifier",
                 "word", "property_identifier")  # fmt: skip
_SQL_DEFINITION: Final = re.compile(
    r"^[ \t]*CREATE\s+(?:TEMP(?:ORARY)?\s+|UNIQUE\s+)?(?:TABLE|VIEW|TRIGGER|INDEX)\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+)?[\"\[`]?(\w+)",
    re.MULTILINE | re.IGNORECASE,
)
_SQL_FAULTS: Final = ("syntax error", "unrecognized token", "incomplete input")
_MOST_SHOWN: Final = 40


@dataclass(frozen=True)
class Definition:
    """A function, a class, a table.

    Attributes:
        line: Where it begins, from 1, with what is written before it: ``export``, attributes.
        header: Its first line, or that of what is written before it.
        text: All of it.
        documented: Whether a comment stands right above it.
        last: The line where it ends.
    """

    name: str
    line: int
    indent: str
    header: str
    text: str
    documented: bool
    last: int


def error(code: str, language: str) -> str:
    """Return the first fault, with its line, to go on a sentence; empty if there is none.

    Empty, too, for languages whose grammar is not here.
    """
    if language == "sql":
        return _sql_error(code)
    parser = _parser(language)
    if parser is None:
        return ""
    root = parser.parse(code.encode("utf-8", "replace")).root_node
    if not root.has_error:
        return ""
    fault = next(_faults(root), None)
    if fault is None:
        return ""
    line = fault.start_point[0] + 1
    if fault.is_missing:
        return f"line {line}: “{fault.type}” is missing"
    text = (fault.text or b"").decode("utf-8", "replace").strip().partition("\n")[0]
    return f"line {line}: unexpected “{text[:_MOST_SHOWN]}”"


def definitions(code: str, language: str) -> list[Definition]:
    """Return the definitions in a text, in order; empty for languages without a grammar."""
    lines = code.split("\n")
    if language == "sql":
        return [
            _sql_definition(code, lines, candidates)
            for candidates in _SQL_DEFINITION.finditer(code)
        ]
    parser = _parser(language)
    if parser is None:
        return []
    root = parser.parse(code.encode("utf-8", "replace")).root_node
    candidates = (_definition(node, lines) for node in _walk(root) if node.type in _DEFINITIONS)
    return [definition for definition in candidates if definition is not None]


def identifiers(code: str, language: str, name: str) -> list[tuple[int, int]]:
    """Return (line, column), both from 1, of each place that names ``name``, in its order.

    Not within comments and strings; columns count characters.
    """
    parser = _parser(language)
    if parser is None or not name:
        return []
    wanted, data = name.encode(), code.encode("utf-8", "replace")
    lines = data.split(b"\n")
    names = []
    for node in _walk(parser.parse(data).root_node):
        if not node.children and node.text == wanted and node.type.endswith(_NAMES):
            row, column = node.start_point
            before = lines[row][:column].decode("utf-8", "replace")
            names.append((row + 1, len(before) + 1))
    return names


def calls(code: str, language: str, functions: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (first argument, text) of each statement that calls one of ``functions``."""
    parser = _parser(language)
    root = parser.parse(code.encode("utf-8", "replace")).root_node if parser else None
    result = []
    for node in root.children if root is not None else ():
        call = node.children[0] if node.type == "expression_statement" and node.children else None
        function = call.child_by_field_name("function") if call is not None else None
        arguments = call.child_by_field_name("arguments") if call is not None else None
        if function is None or arguments is None or _text(function) not in functions:
            continue
        name = arguments.named_children[0] if arguments.named_children else None
        if name is not None and name.type == "string":
            result.append((_text(name)[1:-1], _text(node)))
    return result


def words(code: str, language: str) -> list[str]:
    """Return the words of a text without its comments: equal where only comments differ."""
    if language == "sql":
        return re.sub(r"--[^\n]*|/\*.*?\*/", " ", code, flags=re.DOTALL).split()
    parser = _parser(language)
    if parser is None:
        return code.split()
    root = parser.parse(code.encode("utf-8", "replace")).root_node
    leaves = (node for node in _walk(root) if not node.children or _is_comment(node))
    return [_text(node) for node in leaves if not _is_inside_comment(node) and _text(node).strip()]


@functools.cache
def _parser(language: str) -> Parser | None:
    named = _GRAMMARS.get(language)
    if named is None:
        return None
    from tree_sitter import Language, Parser  # here, for a start does without them

    grammar: Any = importlib.import_module(named[0])
    return Parser(Language(getattr(grammar, named[1])()))


def _walk(root: Node) -> Iterator[Node]:
    """Yield all nodes in the order of the text; no recursion, for texts may be nested deep."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def _faults(root: Node) -> Iterator[Node]:
    return (node for node in _walk(root) if node.is_missing or node.type == "ERROR")


def _definition(node: Node, lines: list[str]) -> Definition | None:
    is_value = node.type == "variable_declarator"
    value = node.child_by_field_name("value") if is_value else None
    if is_value and (value is None or value.type not in ("arrow_function", "function_expression")):
        return None
    if node.type.endswith("_specifier") and node.child_by_field_name("body") is None:
        return None
    name = _name(node)
    if not name:
        return None
    outer = node
    while outer.parent is not None and outer.parent.type in _WRAPPERS:
        outer = outer.parent
    before = outer.prev_sibling
    while before is not None and before.type in ("attribute_item", "attribute_list"):
        outer, before = before, before.prev_sibling
    start = outer.start_point[0]
    head = node.start_point[0] if outer.type == "decorated_definition" else start
    line = lines[head] if head < len(lines) else ""
    documented = before is not None and _is_comment(before) and start - before.end_point[0] <= 1
    indent = line[: len(line) - len(line.lstrip())]
    last = node.end_point[0] + 1
    return Definition(name, start + 1, indent, line.strip(), _text(node), documented, last)


def _name(node: Node) -> str:
    field = node.child_by_field_name("name")
    if field is None and node.type == "type_declaration":
        spec = next((child for child in node.children if child.type == "type_spec"), None)
        field = spec.child_by_field_name("name") if spec is not None else None
    inner: Node | None = node
    while field is None and inner is not None:  # int *(name)(…): the name lies within
        inner = inner.child_by_field_name("declarator")
        if inner is not None and inner.type in _NAMES:
            field = inner
    return _text(field) if field is not None else ""


def _is_comment(node: Node) -> bool:
    return node.type in ("comment", "line_comment", "block_comment", "doc_comment")


def _is_inside_comment(node: Node) -> bool:
    inner: Node | None = node
    while inner is not None:
        if _is_comment(inner):
            return True
        inner = inner.parent
    return False


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _sql_error(code: str) -> str:
    """Ask SQLite, which tells wrong syntax before it looks for tables."""
    database = sqlite3.connect(":memory:")
    begun, start = "", 1
    for number, line in enumerate([*code.splitlines(keepends=True), ";"], 1):
        if not re.sub(r"--[^\n]*|\s|/\*.*?\*/|;", "", begun, flags=re.DOTALL):
            begun, start = "", number
        begun += line
        if not sqlite3.complete_statement(begun):
            continue
        try:
            database.execute(f"EXPLAIN {begun.lstrip()}" if begun.strip(" \n;") else "")
        except sqlite3.Error as error:
            if any(fault in str(error) for fault in _SQL_FAULTS):
                return f"line {start}: {error}"
        begun = ""
    return ""


def _sql_definition(code: str, lines: list[str], match: re.Match[str]) -> Definition:
    line = code.count("\n", 0, match.start()) + 1
    end = code.find(";", match.end())
    above = lines[line - 2].strip() if line > 1 else ""
    text = code[match.start() : end + 1 if end >= 0 else len(code)]
    documented = above.startswith("--") or above.endswith("*/")
    last = line + text.count("\n")
    return Definition(match[1], line, "", lines[line - 1].strip(), text, documented, last)
