"""The languages that are written: names, endings, words on fences. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Language:
    """One language.

    Attributes:
        suffixes: Endings of its files, the usual one first.
        fences: What models write behind three backticks, the usual word first.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    fences: tuple[str, ...]

    @property
    def suffix(self) -> str:
        """The usual ending."""
        return self.suffixes[0]


LANGUAGES: Final = {
    entry.id: entry
    for entry in (
        Language("python", "Python", (".py", ".pyi", ".pyw"), ("python", "py", "python3")),
        Language("javascript", "JavaScript", (".js", ".mjs", ".cjs", ".jsx"), ("javascript", "js")),
        Language("typescript", "TypeScript", (".ts", ".tsx"), ("typescript", "ts")),
        Language("java", "Java", (".java",), ("java",)),
        Language("c", "C", (".c", ".h"), ("c",)),
        Language("cpp", "C++", (".cpp", ".cc", ".cxx", ".hpp"), ("cpp", "c++")),
        Language("csharp", "C#", (".cs",), ("csharp", "c#", "cs")),
        Language("go", "Go", (".go",), ("go", "golang")),
        Language("rust", "Rust", (".rs",), ("rust", "rs")),
        Language("bash", "Shell", (".sh", ".bash"), ("bash", "sh", "shell")),
        Language("sql", "SQL", (".sql",), ("sql",)),
        Language("html", "HTML", (".html", ".htm"), ("html",)),
    )
}
RUN: Final = (
    "python", "javascript", "typescript", "sql", "bash", "c", "cpp", "rust", "go", "java",
)  # fmt: skip
"""What can be run and tested, where its tools are installed."""
DOCUMENTED: Final = (*(entry for entry in LANGUAGES if entry != "html"),)
"""What gets docstrings or comments."""
PLAIN: Final = Language("text", "Text", (".txt",), ("text", "txt", ""))


def of_path(path: str) -> Language:
    """Return the language that the ending of ``path`` tells; ``PLAIN`` where it tells none."""
    lower = path.lower()
    for language in LANGUAGES.values():
        if lower.endswith(language.suffixes):
            return language
    return PLAIN
