"""Colours: those of Pygments itself, however a text was edited, and a slice at a time."""

from __future__ import annotations

import random

import pytest
from pygments.lexers import find_lexer_class_by_name, get_lexer_by_name

from studio.desktop.prose.highlight import color_of
from studio_code.pages.editor.brackets import partner
from studio_code.pages.editor.languages import LANGUAGES, language_of
from studio_code.pages.editor.syntax_colours import SyntaxColours
from studio_code.pages.editor.token_scanner import Scanner, lexer_named

SAMPLES = {
    "python": 'def f(a: int = 3) -> str:\n    """Doc\n    string"""\n    return f"{a!r:>4}"  # c\n',
    "javascript": "/* a\n b */ const f = (x) => `t${x}\n`; // end\nlet r = /a+/g;\n",
    "typescript": "interface A<T> { b?: T }\nexport const c: A<number> = { b: 1 };\n",
    "html": "<!-- a\nb --><p class='x'>Text<script>let a = 1;</script></p>\n",
    "css": "/* a\n*/ .b > a:hover { color: #fff; margin: 0 1px }\n",
    "json": '{"a": [1, 2.5, null], "b": "c"}\n',
    "c": '#include <stdio.h>\n/* a\n */ int main(void) { char *s = "x"; return 0; }\n',
    "cpp": "template <class T>\nclass A : public B { /* c\n */ T t = 0x1f; };\n",
    "java": 'public class A {\n  /** d\n   */ String s = "x"; @Override void f() {}\n}\n',
    "rust": "/* a\n */ fn main() { let x: u8 = b'c'; println!(\"{}\", x); }\n",
    "go": "package main\n/* a\n */ func main() { s := `raw\nstring`; _ = s }\n",
    "bash": 'if [ -n "$A" ]; then\n  echo "${A[@]}" # c\nfi\n',
    "sql": "-- a\nSELECT b, 'c' FROM d /* e\n */ WHERE f > 1;\n",
    "yaml": "a: &b\n  - c: 1 # d\n  - |\n    text\n",
    "toml": '[a]\nb = "c" # d\ne = [1, 2]\n',
    "markdown": "# A\n\n```python\nx = 1\n```\n\n*b* `c`\n",
}


def colored(text: str, language: str) -> SyntaxColours:
    coloring = SyntaxColours(language, color_of)
    coloring.reset(text.count("\n") + 1, language)
    finish(coloring, text)
    return coloring


def finish(coloring: SyntaxColours, text: str) -> int:
    """Go on to the end and return how many lines were looked at."""
    looked = 0
    while coloring.working:
        if coloring.stale:
            coloring.begin(text)
        first, last = coloring.advance(1.0)
        looked += last - first + 1
    return looked


@pytest.mark.parametrize("language", SAMPLES)
def test_tokens_are_those_of_pygments(language: str) -> None:
    """Of lexers that name what they know afterwards (``printf``), the places are the same."""
    name = next(each.lexer for each in LANGUAGES if each.id == language)
    own = list(Scanner(lexer_named(name), SAMPLES[language]))
    theirs = list(get_lexer_by_name(name, ensurenl=False).get_tokens_unprocessed(SAMPLES[language]))
    assert [(start, length) for start, _, length in own] == [(s, len(v)) for s, _, v in theirs]
    renamed = {"c", "cpp"}
    if language not in renamed:
        assert [kind for _, kind, _ in own] == [str(kind)[6:] for _, kind, _ in theirs]
    assert any(colored(SAMPLES[language], name).runs)


def test_after_any_edits_colours_are_those_of_the_whole_text() -> None:
    draw = random.Random(4)
    lines = SAMPLES["python"].split("\n") * 6
    coloring = colored("\n".join(lines), "python")
    for _ in range(60):
        at = draw.randrange(len(lines))
        removed = draw.randrange(min(4, len(lines) - at))
        added = draw.randrange(4)
        piece = ["x = 1", '"""', "def g():", "", "    # c", "'a' + \"b\""]
        lines[at : at + removed + 1] = [draw.choice(piece) for _ in range(added + 1)]
        coloring.edited(at, removed, added)
        if draw.random() < 0.6:  # sometimes the hand is faster
            finish(coloring, "\n".join(lines))
    finish(coloring, "\n".join(lines))
    assert coloring.runs == colored("\n".join(lines), "python").runs


def test_a_letter_costs_a_line_not_the_file() -> None:
    lines = SAMPLES["python"].split("\n") * 400
    coloring = colored("\n".join(lines), "python")
    lines[900] += "  # c"
    coloring.edited(900, 0, 0)
    assert finish(coloring, "\n".join(lines)) < 10


def test_columns_are_counted_as_qt_does() -> None:
    coloring = colored("a = '🙂' + 'b'", "python")
    last = coloring.runs[0][-1]
    assert last[0] + last[1] == 14


def test_brackets_find_each_other_but_not_in_strings() -> None:
    lines = ["f(a, [1, ')'],", "  {2: (3)})", "]"]

    def line_at(number: int) -> str | None:
        return lines[number] if 0 <= number < len(lines) else None

    def quoted(line: int, column: int) -> bool:
        return (line, column) == (0, 10)

    assert partner(line_at, quoted, 0, 1) == ((0, 1), (1, 10))
    assert partner(line_at, quoted, 1, 11) == ((1, 10), (0, 1))
    assert partner(line_at, quoted, 2, 0) == ((2, 0), None)
    assert partner(line_at, quoted, 0, 10) is None
    assert partner(line_at, quoted, 0, 3) is None


def test_languages_by_name() -> None:
    assert language_of("src/a.PY").id == "python"
    assert language_of("Makefile").id == "make"
    assert language_of("x.unknown").id == "text"
    assert len(LANGUAGES) > 12
    assert all(find_lexer_class_by_name(each.lexer) for each in LANGUAGES if each.lexer)
