"""The parts of running that need no run: reports, printed text, faults, files, choices."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

from studio.api import BadInput
from studio_code import source
from studio_code.execution import report
from studio_code.execution.clean_output import Plain, plain
from studio_code.execution.control import control_of
from studio_code.execution.mutants import mutants_of
from studio_code.execution.python_runner import parsed, syntax_error
from studio_code.generation import candidate_choice
from studio_code.generation.cases import NOTHING, Case, read_suite, signatures
from studio_code.generation.docstrings import only_docstrings_differ
from studio_code.tasks.candidate import Candidate

# --- reports ----------------------------------------------------------------------------------


def lines(*rows: object) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def told(name: str, outcome: str, **more: object) -> dict[str, object]:
    return {"event": "test", "name": name, "outcome": outcome, **more}


def test_what_is_not_told_of_is_an_error_and_the_worst_counts() -> None:
    data = lines(
        {"event": "collected", "names": ["t.py::a", "t.py::b"]},
        told("t.py::a", "passed"),
        told("t.py::a", "error", message="in teardown", line=3),
    )
    found = report.read(data, ["t.py::a", "t.py::c"])
    outcomes = {each.name: each.outcome for each in found.outcomes}
    assert outcomes == {"t.py::a": "error", "t.py::b": "error", "t.py::c": "error"}
    assert not found.whole


def test_a_hostile_report_is_bounded_and_never_an_exception() -> None:
    deep = b"[" * 100_000
    huge = told("x" * 10_000, "passed", message="\x1b[31m" + "y" * 100_000, line=-5)
    data = b"\n".join([b"\xff\xfe", deep, b"{}", lines(huge, told("n", "wonderful"), 3)])
    (only,) = report.read(data).outcomes
    assert len(only.name) == 400
    assert len(only.message) == report.MAX_TEXT - len("\x1b[31m")
    assert only.line == 0
    coverage = {"event": "coverage", "path": "a", "lines": -4, "missing": [1, 1, -2, 10**9]}
    assert report.read(lines(coverage)).coverage[0].covered == 0
    endless = lines(*[told(f"t{n}", "passed") for n in range(report.MAX_LINES + 50)])
    assert len(report.read(endless).outcomes) == report.MAX_LINES


def test_nothing_counts_that_is_told_after_the_end() -> None:
    data = lines(told("a", "failed"), {"event": "end", "code": 0}, told("b", "passed"))
    assert [each.name for each in report.read(data).outcomes] == ["a"]


# --- printed text -----------------------------------------------------------------------------


def test_escape_sequences_go_however_they_are_cut() -> None:
    data = "a\x1b[31mrot\x1b[0m\r\nß\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c\rd\x00\u202e".encode()
    whole = "arot\nßbc\nd"
    assert plain(data) == whole
    for size in (1, 2, 3, 7):
        stream = Plain()
        pieces = [stream.take(data[at : at + size]) for at in range(0, len(data), size)]
        assert "".join(pieces) + stream.take(b"", final=True) == whole


def test_a_sequence_that_never_ends_holds_nothing_back_for_ever() -> None:
    stream = Plain()
    stream.take(b"\x1b]0;")
    assert len(stream.take(b"x" * 10_000) + stream.take(b"", final=True)) >= 10_000


# --- faults -----------------------------------------------------------------------------------

CODE = '''def f(a: int = 1, b="x") -> int:
    """Doc 1 < 2."""
    if not a < 3 and b:
        return -a
    return a * 2


if __name__ == "__main__":
    print(f(1) + 1)
'''


def test_each_fault_is_one_small_change_of_the_code() -> None:
    found = mutants_of(CODE, 100)
    whats = {(each.line, each.what) for each in found}
    assert {
        (3, "< becomes <="), (3, "< becomes >="), (3, "and becomes or"), (3, "not is removed"),
        (4, "- is removed"), (5, "* becomes +"), (5, "None is returned"), (1, "1 becomes 2"),
    } <= whats  # fmt: skip
    assert all(line < 8 for line, _ in whats)
    texts = {each.text for each in found}
    assert len(texts) == len(found)
    assert all(ast.dump(ast.parse(text)) != ast.dump(ast.parse(CODE)) for text in texts)
    assert all('"""Doc 1 < 2."""' in text and "print(f(1) + 1)" in text for text in texts)
    for text in texts:
        ast.parse(text)


def test_faults_are_the_same_each_time_and_not_too_many() -> None:
    long = "\n".join(f"def f{n}(a):\n    return a < {n} or a == {n + 1}\n" for n in range(200))
    assert mutants_of(long, 40) == mutants_of(long, 40)
    assert len(mutants_of(long, 40)) == 40
    assert mutants_of("def f(:") == []


@pytest.mark.parametrize("value", ["1" + " + 1" * 1500, "0x" + "f" * 5000], ids=["deep", "long"])
def test_sound_code_that_cannot_be_written_anew_has_no_faults_and_no_cases(value: str) -> None:
    code = f"def f():\n    return {value}\n"
    assert parsed(code) is not None
    assert mutants_of(code) == []
    assert Candidate(1, 0, code).shape() == code
    assert read_suite(f"def test_f():\n    assert f() == {value}\n", ["f"]) == NOTHING
    assert signatures(f"def f(a={value}):\n    pass\n") == ""
    assert not only_docstrings_differ(code, code)


# --- files ------------------------------------------------------------------------------------


def test_files_that_are_no_text_are_a_sentence_each(tmp_path: Path) -> None:
    big, binary, latin = (tmp_path / name for name in ("big.py", "binary.py", "latin.py"))
    with big.open("wb") as file:
        file.truncate(50_000_000)
    binary.write_bytes(b"MZ\0\1\2")
    latin.write_bytes("# é".encode("latin-1"))
    os.mkfifo(tmp_path / "pipe.py")
    for path, words in {
        big: "50.0 MB",
        binary: "binary file",
        latin: "byte 2 is not valid utf-8",
        tmp_path / "missing.py": "cannot be read: No such file",
        tmp_path / "pipe.py": "not a regular file",
        tmp_path: "cannot be read|not a regular file",
    }.items():
        with pytest.raises(BadInput, match=words) as refusal:
            source.read(path)
        assert refusal.value.hint


def test_marked_utf_16_and_read_only_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.py"
    path.write_bytes("x = 'ß'\r\n".encode("utf-16"))
    path.chmod(0o444)
    assert source.read(path) == "x = 'ß'\r\n"
    path.chmod(0o644)
    path.write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert source.read(path) == "x = 1\n"


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.py", "a/../../b", "C:/a.py", "", "a\n.py"])
def test_paths_out_of_the_folder_are_refused(path: str) -> None:
    with pytest.raises(BadInput):
        source.sources([{"path": path, "text": ""}])


def test_paths_inside_are_made_plain() -> None:
    assert source.relative("./a//b.py") == source.relative("a\\b.py") == "a/b.py"
    assert source.relative("at 12:30.py") == "at 12:30.py"


# --- choices ----------------------------------------------------------------------------------

CASES = [Case("example", "", trusted=True), *(Case(name, "") for name in "abc")]


def test_a_person_decides_first_then_agreement() -> None:
    answers = [frozenset("abc"), frozenset({"example", "a"}), frozenset({"example", "b"})]
    assert candidate_choice.best(answers, CASES) == 1
    answers.append(frozenset({"example", "b"}))
    assert candidate_choice.best(answers, CASES) == 2  # two agree on b
    assert candidate_choice.best([frozenset("ab"), frozenset("c"), frozenset("c")], CASES[1:]) == 0


def test_a_test_that_most_answers_fail_is_set_aside_but_none_of_a_person() -> None:
    answers = [frozenset("ab"), frozenset("ab"), frozenset("c")]
    assert candidate_choice.suspects(answers, CASES, answers[0]) == {"c": 2}
    assert candidate_choice.suspects(answers, CASES, answers[2]) == {}
    assert candidate_choice.suspects(answers[:1], CASES, answers[0]) == {}
    assert "2 tests ignored because most of 3" in candidate_choice.aside_in_words("ab", 3)


def test_as_many_tests_aside_as_kept_is_a_doubt_unless_a_person_wrote_one() -> None:
    guessed = [case for case in CASES if not case.trusted]
    assert candidate_choice.doubt(guessed[:2], "c") == ""
    assert candidate_choice.doubt(guessed[:1], "c").startswith("tests ignored: 1, kept: 1")
    assert "tests ignored: 2, kept: 2" in candidate_choice.doubt(guessed[:2], "xy")
    assert candidate_choice.doubt(CASES, "wxyz") == ""


def test_a_control_asks_for_something_else_where_that_is_certain_to_be_reached() -> None:
    text = """import pytest
def test_equal():
    assert f(1) == 2
    assert 3 == f(2)
def test_kinds():
    assert f() == "a" and g()
    assert f() in (1, 2)
    assert f() is None
    with open("x") as file:
        assert file.read() == [1]
def test_loop():
    for each in ():
        assert f(each) == 1
def test_raises():
    with pytest.raises(ValueError):
        assert f() == 1
def test_left():
    return
    assert f() == 1
class TestMore:
    def test_more(self):
        self.assertEqual(f(), 1.5)
        self.assertTrue(f())
"""
    made = control_of({"t.py": text, "bad.py": "def"}, ["t.py", "bad.py", "gone.py"])
    names = ("test_equal", "test_kinds", "TestMore::test_more")
    assert made.names == {f"t.py::{name}" for name in names}
    (altered,) = made.texts.values()
    for line in (
        "f(1) == 3", "4 == f(2)", "f() == 'ae' and g()", "f() in ['something else']",
        "not f() is None", "file.read() == ([1], 'something else')", "f(each) == 1",
        "assertEqual(f(), 2.5)", "assertFalse(f())",
    ):  # fmt: skip
        assert line in altered


def test_what_passes_its_control_as_well_shows_nothing() -> None:
    tests = [{"event": "test", "name": f"t.py::{n}", "outcome": "passed"} for n in "abc"]
    data = lines({"event": "collected", "names": [each["name"] for each in tests]}, *tests)
    data += b"\n" + lines(
        {"event": "control", "names": ["t.py::a", "t.py::b[1]"]}, {"event": "end"}
    )
    found = report.read(data, control=["t.py::a"])
    assert [each.outcome for each in found.outcomes] == ["error", "passed", "passed"]
    assert found.outcomes[0].message == report.UNFAILING


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = (1 2)", "line 1: invalid syntax. Perhaps you forgot a comma"),
        ("x = 1\0", "the text: source code string cannot contain null bytes"),
        ("x = " + "(" * 5000, "line 1: too many nested parentheses"),
        ("x = " + "-" * 100_000 + "1", "the text: it is nested too deeply"),
        ("x = 1", ""),
    ],
)
def test_what_is_wrong_with_the_syntax_goes_on_a_sentence(code: str, told: str) -> None:
    assert syntax_error(code) == told
