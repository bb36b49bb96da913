"""Colours of code: runs lie within their lines, unknown languages and endless code have none."""

from __future__ import annotations

import time

from studio.desktop.prose.highlight import MAX_CHARACTERS, highlight


def words(lines: list[str], language: str) -> dict[str, str]:
    runs = highlight(lines, language)
    return {
        line[start : start + length].strip(): color
        for line, row in zip(lines, runs, strict=True)
        for start, length, color in row
    }


def test_python_is_coloured() -> None:
    found = words(["class A(B):  # note", "    x = 'text' + 1"], "python")
    assert found["class"] == "syntax-keyword"
    assert found["# note"] == "syntax-comment"
    assert found["text"] == "syntax-string"
    assert found["1"] == "syntax-number"


def test_text_over_several_lines_is_coloured_on_each() -> None:
    runs = highlight(['x = """one', "two", 'three"""'], "python")
    assert runs[1] == [(0, 3, "syntax-string")]


def test_other_languages_have_no_colours() -> None:
    assert highlight(["whatever", "else"], "no-such-language") == [[], []]
    assert highlight(["plain"], "") == [[]]


def test_endless_code_is_left_alone() -> None:
    assert highlight(["x = 1" * MAX_CHARACTERS], "python") == [[]]


def test_code_made_to_hold_the_window_stays_plain_after_a_while() -> None:
    hostile = ["x = 1", *[" "] * 8_000, "y = 2"]
    began = time.thread_time()
    runs = highlight(hostile, "python", 0.2)
    assert time.thread_time() - began < 2.0
    assert runs[0]
    assert not runs[-1], "the control: it would take many seconds"
    assert highlight(["x = 1", "y = 2"], "python", 0.2)[-1]
