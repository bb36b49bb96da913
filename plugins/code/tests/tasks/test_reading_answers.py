"""What models write, made into code, cases and edits; what cannot be meant is refused."""

from __future__ import annotations

import ast

import pytest

from studio_code.generation.answers import blocks, code_of, whole_part
from studio_code.generation.cases import defined_names, read_suite, signatures
from studio_code.generation.docstrings import (
    cleaned,
    only_docstrings_differ,
    undocumented,
    with_docstrings,
)
from studio_code.generation.edit_blocks import edits_in
from studio_code.generation.examples import examples
from studio_code.generation.loops import before_repeating, repeats, repeats_a_line
from studio_code.generation.suite import exam_of, path_of, with_import
from studio_code.languages import LANGUAGES

PYTHON = LANGUAGES["python"]
FENCE = "```"


# --- blocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (f"Sure!\n{FENCE}python\nx = 1\n{FENCE}\nDone.", "x = 1\n"),
        (f"{FENCE}\nx = 1\n{FENCE}", "x = 1\n"),
        (f"{FENCE}python\nx = 1", "x = 1\n"),  # never closed
        (f"{FENCE}bash\npip install y y y y\n{FENCE}\n{FENCE}py\nx = 1\n{FENCE}", "x = 1\n"),
        ("def f():\n    return 1", "def f():\n    return 1\n"),
        ("You should write a function for that.", ""),
        ("", ""),
        ("x", ""),
    ],
)
def test_code_is_the_fenced_block_and_prose_is_none(answer: str, code: str) -> None:
    assert code_of(answer, PYTHON) == code


def test_a_longer_fence_holds_a_shorter_one() -> None:
    (block,) = blocks(f"a.md\n{FENCE}`md\n{FENCE}\nx\n{FENCE}\n{FENCE}`\n")
    assert block.text == f"{FENCE}\nx\n{FENCE}"
    assert (block.before, block.word) == ("a.md", "md")


def test_of_code_that_was_cut_off_the_whole_statements_stay() -> None:
    first = "def a():\n    return 1\n"
    assert whole_part(f"{first}\n\ndef b():\n    return (") == first
    assert whole_part("def a():\n    x = 1\n    return (1,") == ""


# --- cases ------------------------------------------------------------------------------------


def test_cases_of_a_small_model_are_freed_of_what_it_gets_wrong() -> None:
    text = """
import math
from your_module import double
def double(x):
    return x * 3
BIG = 10
def helper():
    return double(2)
def test_double():
    assert double(1) == 2
    assert double(BIG) == 20, "twice"
def test_nothing():
    assert True
def test_of_something_else():
    assert math.pi > 3
def test_by_helper():
    assert helper() == 4
assert double(0) == 0
assert double(1) == 2
def test_cut():
    assert double("""
    suite = read_suite(text, ["double"])
    assert [case.name for case in suite.cases] == [
        "test_double", "test_double_2", "test_by_helper", "test",
    ]  # fmt: skip
    source = suite.source("solution", ["double", "unused"])
    ast.parse(source)
    assert "from solution import double\n" in source
    assert "your_module" not in source
    assert "x * 3" not in source
    assert "def helper" in source
    assert "BIG = 10" in source


def test_cases_with_decorators_and_expected_errors_stay_whole() -> None:
    text = """
@pytest.mark.parametrize(("a", "b"), [(1, 2)])
def test_many(a, b):
    assert f(a) == b
def test_many():
    with pytest.raises(ValueError):
        f("")
"""
    suite = read_suite(text, ["f"])
    assert [case.name for case in suite.cases] == ["test_many", "test_many_2"]
    assert suite.source("m", ["f"]).startswith("import pytest\nfrom m import f\n")
    assert "def test_many_2():" in suite.source("m", ["f"])


def test_names_and_headers_of_a_module() -> None:
    code = (
        "LIMIT = 3\ndef _own(): ...\ndef f(a: int, *, b=2) -> str:\n    return ''\n"
        "class C:\n    def m(self): ...\n"
    )
    assert defined_names(code) == ["LIMIT", "f", "C"]
    assert "def f(a: int, *, b=2) -> str: ..." in signatures(code)
    assert "    def m(self): ..." in signatures(code)


@pytest.mark.parametrize(
    ("line", "check"),
    [
        (">>> f(1)\n2\n", "assert f(1) == 2"),
        (">>> x = [1]\n>>> f(x)\n[2]\n", "x = [1]\n    assert f(x) == [2]"),
        ("f('a') == 'b'", "assert f('a') == 'b'"),
        ("  for f([1, 2]) ➞ True", "assert f([1, 2]) == True"),
        ("- `f(1)` returns `(1, 2)`.", "assert f(1) == (1, 2)"),
        ("f(2)==>'x' # because", "assert f(2) == 'x'"),
    ],
)
def test_examples_of_a_description_are_trusted_tests(line: str, check: str) -> None:
    (case,) = examples(f"Do it.\n{line}", ["f"]).cases
    assert case.trusted
    assert check in case.text


def test_examples_within_a_sentence_are_trusted_tests() -> None:
    words = (
        'Write f: it reads times, so f("1h30m") == 5400, f("45s") should return 45. '
        "Also f([1, 2], 'a)') gives 1.5; f(3) is unknown, and f(x) == 2 for some x."
    )
    cases = examples(words, ["f"]).cases
    assert [case.text.splitlines()[1].strip() for case in cases] == [
        "assert f('1h30m') == 5400",
        "assert f('45s') == 45",
        "assert f([1, 2], 'a)') == 1.5",
    ]
    assert all(case.trusted for case in cases)


@pytest.mark.parametrize(
    ("words", "checks"),
    [
        (
            "parse_duration reads times: 1h30m → 5400, 45s → 45 and `2h` -> `7200`.",
            ["('1h30m') == 5400", "('45s') == 45", "('2h') == 7200"],
        ),
        ('Read times.\n"1h 30m" => 5400\n[1, 2] → 3', ["('1h 30m') == 5400", "([1, 2]) == 3"]),
        ("Sums: 2, 3 → 5, 4, 5 → 9", []),
        ("a → b, parse_duration(x) → y, step 1 → step 2", []),
    ],
    ids=["in a sentence", "in lines", "two arguments", "no values"],
)
def test_what_goes_in_and_comes_out_is_a_test_of_the_function_that_is_meant(
    words: str, checks: list[str]
) -> None:
    cases = examples(words, ["parse_duration", "_unit"]).cases
    assert [check in case.text for check, case in zip(checks, cases, strict=True)] == [
        True for _ in checks
    ]
    assert examples(words, ["one", "two"]).cases == (), "nobody says which is meant"


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("def test():\n" + "    assert most_common('a b') == 'a'\n" * 4, True),
        (
            "def test():\n" + "".join(f"    assert double({n}) == {2 * n}\n" for n in range(30)),
            False,
        ),
        ("x = [" + "0, " * 200, True),
        ("[\n    1,\n]\n" * 3, False),
        ("if a:\n    pass\n" * 9, False),
        ("".join(f"v{n} = {n}\n" for n in range(60)) + "Parameters\n----------\n", False),
        ("".join(f"v{n} = {n}\n" for n in range(60)) + " " * 12, False),
    ],
)
def test_a_loop_is_told_from_lines_that_are_alike(text: str, again: bool) -> None:
    assert repeats_a_line(text) is again


def test_in_code_other_than_tests_alike_lines_are_honest_and_blocks_again_are_not() -> None:
    checks = "".join(f"    if x == {n}:\n        return False\n" for n in range(20))
    assert not repeats(checks)
    assert repeats_a_line(checks), "the control: as tests this would be a loop"
    block = "def area(self):\n    return self.width * self.height\n\n"
    assert repeats("class A:\n" + block * 4)
    assert before_repeating("class A:\n" + block * 5) == "class A:\n" + block


def test_of_a_loop_what_was_new_is_kept() -> None:
    line = "    assert f(1) == 2\n"
    text = "def test():\n    assert f(0) == 0\n" + line * 5 + "    asse"
    assert before_repeating(text) == "def test():\n    assert f(0) == 0\n" + line


@pytest.mark.parametrize(
    "line",
    ["f(x) == 3", "f(1) is large", "g(1) == 2", "f(1) ==", ">>> f(1)\n<o>", ">>> print(f(1))\n2"],
)
def test_what_is_no_example_is_left_alone(line: str) -> None:
    assert examples(line, ["f"]).cases == ()


def test_given_tests_name_the_file_and_get_the_import_they_lack() -> None:
    assert path_of("", "from words import count\n", []) == "words.py"
    assert path_of("", "import os\n", []) == "solution.py"
    assert path_of("my file.py", "", []) == "solution.py"
    assert with_import("def test(): assert f(1)", "m", ["f", "g"]).startswith("from m import f\n")
    whole = "from m import *\nassert f(1)"
    assert with_import(whole, "n", ["f"]) == whole
    bare = exam_of("m.py", [], "assert f(1) == 2\nassert f(2) == 3")
    assert [(case.name, case.trusted) for case in bare.cases] == [("test", True), ("test_2", True)]


# --- edits ------------------------------------------------------------------------------------

FILES = {
    "a.py": "import os\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n",
    "src/b.js": "function f() {\n  return 1;\n}\nfunction g() {\n  return 2;\n}\n",
}
MARKS = ("<" * 7 + " SEARCH", "=" * 7, ">" * 7 + " REPLACE")


def replacing(old: str, new: str) -> str:
    return f"{MARKS[0]}\n{old}\n{MARKS[1]}\n{new}\n{MARKS[2]}"


@pytest.mark.parametrize(
    "head", ["a.py\n{}python", "**a.py**\n{}py", "{}python a.py", "{}python:a.py"]
)
def test_a_whole_file_is_taken_by_its_name(head: str) -> None:
    new = FILES["a.py"].replace("return 1", "return 11")
    found = edits_in(f"Here:\n{head.format(FENCE)}\n{new}{FENCE}\n", FILES)
    assert found.texts == {"a.py": new}
    assert found.refused == []


def test_a_function_alone_goes_into_the_place_of_the_old_one() -> None:
    part = "# a.py\nimport sys\n\ndef two():\n    return 22\n\ndef three():\n    return 3\n"
    found = edits_in(f"{FENCE}python\n{part}{FENCE}", FILES)
    text = found.texts["a.py"]
    assert "def one():\n    return 1\n" in text
    assert "return 22" in text
    assert "return 2\n" not in text
    assert "import os\nimport sys\n" in text
    assert "def three" in text


def test_without_a_name_the_open_file_is_meant_if_something_of_it_is_defined() -> None:
    part = f"{FENCE}python\ndef one():\n    return 9\n{FENCE}"
    assert "return 9" in edits_in(part, FILES, "a.py").texts["a.py"]
    example = f"{FENCE}python\nprint(one())\n{FENCE}"
    assert edits_in(example, FILES, "a.py").texts == {}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (f"a.py\n{FENCE}python\ndef one(:\n{FENCE}", "syntax error in line 1"),
        (
            f"a.py\n{FENCE}python\ndef one():\n    # ... rest of code\n    pass\n{FENCE}",
            "parts of the file are missing",
        ),
        (
            f"src/b.js\n{FENCE}js\nfunction f() {{}}\n// ... rest of the code\n{FENCE}",
            "parts of the file are missing",
        ),
        (f"a.py\n{FENCE}python\ndef one():\n    return 5\n", "cut off"),
        (f"c.py\n{FENCE}python\nx = 1\n{FENCE}", "not among the open files"),
        (replacing("no such line", "x"), "no file was named"),
    ],
)
def test_what_cannot_be_applied_is_told(answer: str, why: str) -> None:
    found = edits_in(answer, FILES)
    assert found.texts == {}
    assert why in found.refused[0][1]


def test_search_and_replace_with_another_indent() -> None:
    change = replacing("return 2;", "const x = 2;\nreturn x;")
    found = edits_in(f"b.js\n{FENCE}js\n{change}\n{FENCE}", FILES)
    assert "function g() {\n  const x = 2;\n  return x;\n}" in found.texts["src/b.js"]
    twice = edits_in(replacing("  return", "  give"), FILES, "src/b.js")
    assert "was not found" in twice.refused[0][1]


def test_line_ends_stay_as_they_are() -> None:
    files = {"a.py": "x = 1\r\ny = 2\r\n"}
    found = edits_in(f"a.py\n{FENCE}python\nx = 1\ny = 3\n{FENCE}", files)
    assert found.texts == {"a.py": "x = 1\r\ny = 3\r\n"}
    found = edits_in(replacing("y = 2", "y = 3\nz = 4"), files, "a.py")
    assert found.texts == {"a.py": "x = 1\r\ny = 3\r\nz = 4\r\n"}


# --- docstrings -------------------------------------------------------------------------------

STACK = '''class Stack:  # last in, first out
    def __init__(self):
        # starts empty
        self.items = []

    @property
    def top(self):
        """The last."""
        return self.items[-1]

    def one_line(self): return 1
'''


def test_docstrings_are_put_in_and_nothing_else_changes() -> None:
    places = undocumented(STACK)
    assert [place.name for place in places] == ["Stack", "Stack.__init__"]
    words = cleaned(" Be it.\n\n        More.\n    ")
    written = {place.line: (place.indent, words) for place in places}
    text = with_docstrings(STACK, written)
    assert only_docstrings_differ(STACK, text)
    assert 'class Stack:  # last in, first out\n    """Be it.\n\n    More.\n    """' in text
    assert "# starts empty" in text
    assert ast.get_docstring(ast.parse(text).body[0]) == "Be it.\n\nMore."  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", ["\x0c", "\u2028"], ids=["form feed", "line separator"])
def test_lines_are_counted_as_python_does(odd: str) -> None:
    text = f"x = 1  # {odd}\n\n\ndef f():\n    return 1\n"
    (place,) = undocumented(text)
    written = with_docstrings(text, {place.line: (place.indent, "Give one.")})
    assert written == f'x = 1  # {odd}\n\n\ndef f():\n    """Give one."""\n    return 1\n'


def test_a_change_of_code_is_noticed_and_words_cannot_become_code() -> None:
    other = 'def f():\n    """x"""\n    return 2\n'
    assert not only_docstrings_differ("def f():\n    return 1\n", other)
    assert cleaned('Ends."""\nimport os') == "Ends."
    assert cleaned("  ") == ""
    assert cleaned("C:\\new") == "C:\\\\new"
