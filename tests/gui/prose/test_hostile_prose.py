"""Answers made to hold the window: Markdown takes work in proportion to its length."""

from __future__ import annotations

from studio.api.clean_text import clean
from studio.api.worker.constraint import Constraint
from studio.desktop.prose import markdown_blocks
from studio.testing.growth import repeated, traps

SIGNS = [
    "a", " ", "\n", "*", "_", "**a", "*a ", "`", "`a", "~", "[", "![", "[a](", "](", "<", "<a",
    "<!--", "&#", "\\", "> ", "- ", "1. ", "# a\n", "|a", "|-", "```\n", "http://a", "a@", "\t",
    "===\n", "[a]: b\n", "(", '"', "é",
]  # fmt: skip


def test_no_answer_takes_more_than_linear_work() -> None:
    assert traps(markdown_blocks.parse, [repeated(sign) for sign in SIGNS]) == []


def test_no_output_takes_more_than_linear_work_to_clean() -> None:
    signs = ["\x1b", "\x1b[", "\x1b]", "\x1bP", "\x9b", "0", "\x07", "\x1b[0", "\\"]
    assert traps(clean, [repeated(s, tail=t) for s in signs for t in ("", "!", "\n")]) == []


def test_no_grammar_takes_more_than_linear_work() -> None:
    signs = ['"', '\\"', "/", "\\/", "\\", "//", "/*", "a", " ", "\n", '"\\', "/a\\"]
    texts = [repeated(sign, head) for sign in signs for head in ("", '"', "/a", "start: ")]
    assert traps(lambda text: Constraint("grammar", text), texts) == []
