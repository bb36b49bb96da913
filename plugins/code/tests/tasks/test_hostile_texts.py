"""Answers, descriptions and output made to keep their reader busy: work grows with their length."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.testing.growth import repeated, traps
from studio_code import languages
from studio_code.execution.clean_output import cleaned
from studio_code.generation import answers, docstrings, edit_blocks, examples, suite
from studio_code.pages.run import problems

FILES = {"a.py": "def f():\n    pass\n", "b.js": "x\n" * 50}
SIGNS = [
    "a", " ", "\n", " \n", "a.", "a/", "\\", '"', "'", "`", "```\n", "# ...", "... code ", "...",
    "<!--", "<<<<<<< SEARCH\n", "=======\n", ">>>>>>>\n",
    "<<<<<<< SEARCH\n=======\n", ">>> f(1)\n", "f(", "f(1) == ",
    "\x1b[", "\x1b]", "File \"", "a.py:1: ", "E   ", "from ", "import a\n", "Error", "(", "[",
]  # fmt: skip


def edits(before: str, after: str = "") -> Callable[[str], object]:
    return lambda text: edit_blocks.edits_in(before + text + after, FILES, "b.js")


READERS: dict[str, Callable[[str], object]] = {
    "an answer": edits(""),
    "a file": edits("b.js\n```js\n", "\n```\n"),
    "a changed part": edits("```js b.js\n<<<<<<< SEARCH\n", "\n```\n"),
    "a fence": lambda text: edits("```", "\nx\n```\n")(text.replace("\n", " ")),
    "a line before a block": lambda text: edits("", "\n```\nx\n```\n")(text.replace("\n", " ")),
    "code": lambda text: answers.code_of(text, languages.of_path("a.py")),
    "a description": lambda text: examples.examples(text[:40_000], ["f"]),
    "given tests": lambda text: suite.path_of("", text, []),
    "a docstring": docstrings.cleaned,
    "output": cleaned,
    "problems": lambda text: problems.problems(text, ["a.py"]),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_no_text_takes_more_than_linear_work(read: Callable[[str], object]) -> None:
    texts = [repeated(sign, tail=tail) for sign in SIGNS for tail in ("", "!")]
    assert traps(read, texts) == []


@pytest.mark.parametrize("size", [2, 4_000])
def test_a_part_is_replaced_in_a_long_file_line_by_line(size: int) -> None:
    """Each line is looked at once, and not once for each line of what is searched for."""
    lines = [f"x{n}" for n in range(8_000)]
    old, new = "\n".join(lines[-size:]), "y"
    answer = f"```js b.js\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n"
    made = edit_blocks.edits_in(answer, {"b.js": "\n".join(lines)}, "b.js")
    assert made.texts["b.js"].split("\n") == [*lines[:-size], "y"]
