"""Which language a file is in, and how that language comments. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Language:
    """Editor settings of a language.

    Attributes:
        id: Identifier in task parameters.
        lexer: Name of its lexer in Pygments; empty for none.
        comment: Prefix of a line comment; empty for none.
        suffixes: File suffixes; the first is that of new files.
        indent: Spaces per level where a file shows no convention of its own.
    """

    id: str
    title: str
    lexer: str
    comment: str
    suffixes: tuple[str, ...]
    indent: int = 4


PLAIN = Language("text", "Text", "", "", (".txt", ".log"))

LANGUAGES = (
    Language("python", "Python", "python", "#", (".py", ".pyi", ".pyw")),
    Language("javascript", "JavaScript", "javascript", "//", (".js", ".mjs", ".cjs", ".jsx"), 2),
    Language("typescript", "TypeScript", "typescript", "//", (".ts", ".tsx", ".mts"), 2),
    Language("html", "HTML", "html", "", (".html", ".htm", ".xhtml"), 2),
    Language("css", "CSS", "css", "", (".css",), 2),
    Language("json", "JSON", "json", "", (".json", ".ipynb", ".jsonl"), 2),
    Language("c", "C", "c", "//", (".c", ".h")),
    Language("cpp", "C++", "cpp", "//", (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".hxx")),
    Language("java", "Java", "java", "//", (".java",)),
    Language("rust", "Rust", "rust", "//", (".rs",)),
    Language("go", "Go", "go", "//", (".go",)),
    Language("bash", "Shell", "bash", "#", (".sh", ".bash", ".zsh"), 2),
    Language("sql", "SQL", "sql", "--", (".sql",), 2),
    Language("yaml", "YAML", "yaml", "#", (".yaml", ".yml"), 2),
    Language("toml", "TOML", "toml", "#", (".toml",)),
    Language("markdown", "Markdown", "markdown", "", (".md", ".markdown"), 2),
    Language("xml", "XML", "xml", "", (".xml", ".svg", ".xsd"), 2),
    Language("ini", "INI", "ini", "#", (".ini", ".cfg", ".conf")),
    Language("ruby", "Ruby", "ruby", "#", (".rb",), 2),
    Language("php", "PHP", "php", "//", (".php",)),
    Language("csharp", "C#", "csharp", "//", (".cs",)),
    Language("kotlin", "Kotlin", "kotlin", "//", (".kt", ".kts")),
    Language("swift", "Swift", "swift", "//", (".swift",)),
    Language("lua", "Lua", "lua", "--", (".lua",), 2),
    Language("r", "R", "r", "#", (".r",), 2),
    Language("make", "Makefile", "make", "#", (".mk",)),
    Language("docker", "Dockerfile", "docker", "#", (".dockerfile",)),
    PLAIN,
)

_BY_ID = {language.id: language for language in LANGUAGES}
_BY_SUFFIX = {suffix: language for language in LANGUAGES for suffix in language.suffixes}
_BY_NAME = {"makefile": "make", "dockerfile": "docker", "gnumakefile": "make", "pipfile": "toml"}

SOURCE_SUFFIXES = frozenset(_BY_SUFFIX) - {".txt", ".log", ".csv", ".json", ".xml", ".svg", ".md"}
"""Files that are code and nobody else's when they are dropped on the window."""


def language_of(path: str) -> Language:
    """Return the language of a file by its name."""
    name = PurePosixPath(path).name.lower()
    if name in _BY_NAME:
        return _BY_ID[_BY_NAME[name]]
    return _BY_SUFFIX.get(PurePosixPath(name).suffix, PLAIN)


def language_named(id: str) -> Language:
    """Return a language by its id; plain text where it is not known."""
    return _BY_ID.get(id.lower(), PLAIN)
