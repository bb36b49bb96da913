"""Scores made to keep their reader busy: work grows with their length, never with its square."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import pytest

from studio.api import BadInput
from studio.testing.growth import repeated, traps
from studio_music.score import formats
from studio_music.score.formats import chord_symbols
from studio_music.score.formats.abc import fields, reader

HEAD = "X:1\nT:A tune\nM:4/4\nL:1/8\nK:C\n"
SIGNS = [
    "{", "[K:", "[", "[V:", '"', "!", "+", "(3:", "[1", "[|", "|:", ":", "|", "||:", "C> ", "[CE]>",
    "[CE", "[C-E-]", "& C", "Z9", "^", ">", " ", "|   ", "| [", "\\%", "[V:a]C", "C[K:C]",
    "[Q:120]C", "{c", "C |1 D :|2 E", "C9999", "[1,2,3",
]  # fmt: skip
FIELDS = [
    "1/1 ", "1/1111/", "1/1111", "1 ", "1 + ", "(1", " ", '"', "1.1", "9", "=", "^C ", "C#", "1/",
]  # fmt: skip


def test_no_tune_takes_more_than_linear_work() -> None:
    texts = [repeated(sign, f"{HEAD}C") for sign in SIGNS]
    texts += [repeated(sign, HEAD, "]}|]") for sign in ("{", "[", "[K:", '"', "(", "!", "[1", "::")]
    assert traps(lambda text: formats.read(text.encode(), ".abc"), texts) == []


def test_no_header_takes_more_than_linear_work() -> None:
    lines = [
        "L:1/8\n",
        "Q:1/4=100\n",
        "V:a\n",
        "X:1\n",
        "T:\n",
        "%%MIDI program 1\n",
        "K:\n",
        "w:\n",
    ]
    texts = [repeated(line, "X:1\n", "K:C\nCDEF|\n") for line in lines]
    texts += [repeated(line, HEAD, "CDEF|\n") for line in lines]
    texts += [_voices, _named_voices]
    texts += [
        repeated(part, f"X:1\n{field}:1", "x\nK:C\nC|\n") for field in "LMQKVT" for part in FIELDS
    ]
    assert traps(lambda text: formats.read(text.encode(), ".abc"), texts) == []


def _voices(length: int) -> str:
    return HEAD + "".join(f"[V:{n}]C|" for n in range(length // 9))


def _named_voices(length: int) -> str:
    return HEAD + "".join(f"V:{n}\nC|\n" for n in range(length // 9))


@pytest.mark.parametrize(
    "read",
    [
        fields.metre,
        fields.key,
        fields.unit_length,
        lambda text: fields.tempo(text, Fraction(1, 8)),
        chord_symbols.parts,
    ],
)
def test_no_field_takes_more_than_linear_work(read: Callable[[str], object]) -> None:
    ends = [("", "x"), ("1", "/"), ("C", "")]
    texts = [repeated(part, start, end) for part in FIELDS for start, end in ends]
    assert traps(read, texts) == []


def test_bars_that_come_of_nothing_are_bounded() -> None:
    """A rest of a thousand bars is five letters; a long note in short bars has many."""
    for music in ("Z9999 " * 5_000, "A9999" * 2_000):
        with pytest.raises(BadInput, match="too long"):
            reader.read(f"{HEAD}[M:1/32]C|{music}|\n".encode())


def test_a_pattern_in_the_square_of_its_length_is_found() -> None:
    """The control: the tests above can fail."""
    signs = re.compile(r"\{[^}]*\}|\[[A-Za-z]:[^\]]*\]")
    texts = [repeated("{"), repeated("[K:"), repeated("C")]
    assert traps(lambda text: list(signs.finditer(text)), texts) == ["{" * 40, "[K:" * 13]
