"""What reaches a terminal: no control sequence of a model, one JSON object, aligned columns."""

from __future__ import annotations

import io
import json

import pytest

from studio.cli.terminal import output


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1b]52;c;cm0gLXJm\x07b", "ab"),
        ("\x1bP+q544e\x1b\\x", "x"),
        ("a\x9b31mb\x9d0;t\x9c", "ab0;t"),
        ("bell\x07 back\x08 del\x7f nul\x00", "bell back del nul"),
        ("over\rwritten", "overwritten"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("naïve 日本 🙂 שלום", "naïve 日本 🙂 שלום"),
    ],
)
def test_clean_leaves_the_words_and_nothing_to_obey(hostile: str, shown: str) -> None:
    assert output.clean(hostile) == shown


def test_sequence_cut_in_two_is_harmless() -> None:
    text = "x\x1b]0;evil\x07y\x1b[2Jz"
    for cut in range(len(text)):
        shown = output.clean(text[:cut]) + output.clean(text[cut:])
        assert not set(shown) & {chr(code) for code in [*range(32), *range(127, 160)]}


def test_one_line_is_one_line_of_the_given_width() -> None:
    assert output.one_line("a\nb\t c\x1b[1m") == "a b c"
    assert output.one_line("x" * 50, 10) == "x" * 9 + "…"


def test_json_is_one_value_with_no_control_byte(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": "\x1b[31m\x9b2J\x7f é 🙂", "n": [1]}
    output.print_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert not set(out) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))}
    assert "é 🙂" in out


def test_table_aligns_and_flattens_cells(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table([("a", "line\nbreak"), ("long", "x")], head=("ID", "TITLE"))
    assert capsys.readouterr().out == "ID    TITLE\na     line break\nlong  x\n"


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_draws_over_itself_and_clears() -> None:
    stream = Tty()
    line = output.ProgressLine(stream)
    line.show("a long line", now=True)
    line.show("short", now=True)
    line.clear()
    assert stream.getvalue() == "\ra long line\rshort      \r     \r"


def test_progress_is_silent_where_nobody_watches() -> None:
    stream = io.StringIO()
    line = output.ProgressLine(stream)
    line.show("x", now=True)
    line.clear()
    assert stream.getvalue() == ""
