"""Outline the definitions in the files of a folder, and rank them for a request. Pure."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from studio_code import syntax
from studio_code.execution.python_runner import parsed
from studio_code.source import Source

MODULE: Final = "the rest of the file"
"""A part: what stands outside of all definitions, such as imports."""
_HOLDS: Final = re.compile(r"\b(class|struct|interface|trait|enum|record|namespace)\b")
_WORD: Final = re.compile(r"[A-Za-z][a-z]+|[A-Z]{2,}|[a-z]{2,}")
_NAME: Final = re.compile(r"\b(?=\w*[A-Z_])\w{3,}")
"""An identifier: it has a capital or a line in it."""
_DEFINES: Final = (
    "(?:class|def|struct|interface|trait|enum|record|type|function|func|fn|const|namespace)"
)
"""What stands before a name where it is defined, in the languages of the plugin."""
_COMMON: Final = frozenset(
    {
        "the", "and", "for", "with", "that", "this", "from", "into", "add", "new", "make", "use",
        "not", "all", "any", "are", "has", "have", "its", "each", "when", "file", "function",
        "clas", "method", "code", "should", "must", "can", "will", "change", "return", "def",
        "self", "none", "true", "false", "import",
    }
)  # fmt: skip
"""As :func:`_words` writes them: without a last s."""
_PARTS_OF_A_FILE: Final = 40


@dataclass(frozen=True)
class Part:
    """A definition by its place.

    Attributes:
        name: With what holds it: ``Shop.total``.
        first, last: Lines from 1; decorators are of it.
        header: Its first line.
    """

    name: str
    first: int
    last: int
    header: str
    indent: str = ""


def parts(text: str, language: str) -> list[Part]:
    """Return the definitions of a text, those within functions left out."""
    result: list[Part] = []
    around: list[Part] = []
    for definition in syntax.definitions(text, language):
        while around and around[-1].last < definition.line:
            around.pop()
        holder = around[-1] if around else None
        if holder is not None and not holds(holder):
            continue
        name = f"{holder.name}.{definition.name}" if holder is not None else definition.name
        part = Part(name, definition.line, definition.last, definition.header, definition.indent)
        result.append(part)
        around.append(part)
    return result


def holds(part: Part) -> bool:
    """Return whether a part contains parts of its own, as a class does."""
    return _HOLDS.search(part.header) is not None


def outline(source: Source, request: str = "") -> str:
    """Return the path of a file and the first lines of its definitions.

    Definitions likely to matter for a request are followed by the first line of their docstring.
    """
    notes = explained(source, request) if request else {}
    headers = [
        f"  {part.indent}{part.header.rstrip('{: ')}"
        + (f"  # {notes[part.name]}" if part.name in notes else "")
        for part in parts(source.text, source.language.id)[:_PARTS_OF_A_FILE]
    ]
    return "\n".join([source.path, *headers])


def explained(source: Source, request: str, most: int = 10) -> dict[str, str]:
    """Return part → the first line of its docstring, of what shares words with a request; Python.

    Rare words count more, as in :func:`ranked`; at most ``most``, the likeliest.
    """
    tree = parsed(source.text) if source.language.id == "python" else None
    docs = {
        node.lineno: doc.split("\n", 1)[0]
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (doc := ast.get_docstring(node))
    }
    wanted = set(_words(request))
    summaries = {}
    for part in parts(source.text, source.language.id):
        line = next((n for n in range(part.first, part.last + 1) if n in docs), 0)
        if line and not holds(part):
            summaries[part.name] = docs[line]
    words = {name: set(_words(f"{name} {doc}")) & wanted for name, doc in summaries.items()}
    spread = Counter(word for terms in words.values() for word in terms)
    order = sorted(words, key=lambda name: -sum(1 / spread[word] for word in words[name]))
    return {name: summaries[name] for name in order[:most] if words[name]}


def names_in(request: str) -> set[str]:
    """Return the identifiers of a request: words with a capital or an underscore in them."""
    return set(_NAME.findall(request))


def names_file(source: Source, request: str) -> bool:
    """Return whether a request names a file, with or without its folder."""
    last = source.path.rpartition("/")[2]
    return re.search(rf"(?<![\w/]){re.escape(last)}\b", request) is not None or (
        re.search(rf"(?<![\w/]){re.escape(source.path)}\b", request) is not None
    )


def defined_in(source: Source, names: Iterable[str]) -> set[str]:
    """Return which of the names a file defines, as its text has it: nothing is parsed."""
    any_of = "|".join(map(re.escape, sorted(names)))
    return set(re.findall(rf"\b{_DEFINES}\s+({any_of})\b", source.text)) if any_of else set()


def ranked(files: Sequence[Source], request: str) -> list[Source]:
    """Return the files, those first that share the rarest words with a request (as in BM25).

    A word in the path counts three times; files that define a name of the request go before those,
    and files that it names before all.
    """
    wanted, names = set(_words(request)), names_in(request)
    counts = [Counter(w for w in _words(file.text) if w in wanted) for file in files]
    spread = Counter(word for count in counts for word in count)

    def score(source: Source, count: Counter[str]) -> float:
        in_path = set(_words(source.path))
        rare = {word: math.log(1 + len(files) / (1 + spread[word])) for word in wanted}
        weight = sum(
            rare[word] * (count[word] / (count[word] + 1.5) + 3 * (word in in_path))
            for word in wanted
        )
        return weight + 20 * len(defined_in(source, names)) + 100 * names_file(source, request)

    order = sorted(
        range(len(files)), key=lambda at: (-score(files[at], counts[at]), files[at].path)
    )
    return [files[at] for at in order]


def _words(text: str) -> list[str]:
    """Return the words of a text in lower case, those of identifiers one by one."""
    words = (match.lower().removesuffix("s") for match in _WORD.findall(text))
    return [word for word in words if len(word) > 2 and word not in _COMMON]
