"""Calculating: exact where it can be, and never more than arithmetic."""

from __future__ import annotations

import pytest

from studio.api import BadInput
from studio_chat.tools.arithmetic import calculate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 2 * 3", "8"),
        ("17.5% * 2340", "409.5"),
        ("120 × 15% =", "18"),
        ("7 % 3", "1"),
        ("0.1 + 0.2", "0.3"),
        ("2^100", "1267650600228229401496703205376"),
        ("-1/8", "-0.125"),
        ("1/3", "0.333333333333"),
        ("sqrt(16) - sqrt(2)", "2.58578643763"),
        ("factorial(20) / factorial(18)", "380"),
        ("round(2.567, 1)", "2.6"),
        ("sin(pi/2)", "1"),
    ],
)
def test_a_value(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').getcwd()",
        "(1).__class__",
        "[n for n in (1,)]",
        "'x' * 10",
        "9**9**9**9",
        "10**(10**9)",
        "factorial(10**9)",
        "2e400",
        "(-8)^(1/3)",
        "(1 + 2",
        "1 / 0",
        "True + 1",
        "(" * 400 + ")" * 400,
        "1+" * 300 + "1",
        "",
    ],
)
def test_what_is_no_arithmetic_is_a_sentence(expression: str) -> None:
    with pytest.raises(BadInput) as caught:
        calculate(expression)
    assert caught.value.hint
