"""Code made to hold the window: a rule of a lexer looks only so far."""

from __future__ import annotations

import time

import pytest

from studio_code.pages.editor import token_scanner
from studio_code.pages.editor.token_scanner import Scanner, lexer_named

LONGEST_STEP = 1.0
"""Seconds of a processor, generously: it is a few milliseconds."""
BLANK = " \n" * 200_000


def longest_step(language: str, text: str, steps: int = 5) -> float:
    scanner = iter(Scanner(lexer_named(language), text))
    longest = 0.0
    for _ in range(steps):
        began = time.process_time()
        next(scanner)
        longest = max(longest, time.process_time() - began)
    return longest


@pytest.mark.parametrize(
    ("language", "text"),
    [("python", BLANK), ("typescript", "a." * 200_000), ("javascript", '\\"' * 200_000)],
)
def test_no_step_of_colouring_holds_the_window(language: str, text: str) -> None:
    assert longest_step(language, text) < LONGEST_STEP


def test_without_a_limit_a_step_takes_longer_the_longer_the_text_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: the test above can fail."""
    short = longest_step("python", BLANK[:4_000], 1)
    monkeypatch.setattr(token_scanner, "REACH", len(BLANK))
    assert longest_step("python", BLANK[:40_000], 1) > 3 * short


def test_colours_of_usual_code_are_the_same_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def f(x):\n    '''words'''\n    return x  # so\n" * 2_000
    near = list(Scanner(lexer_named("python"), text))
    monkeypatch.setattr(token_scanner, "REACH", len(text))
    assert near == list(Scanner(lexer_named("python"), text))
    assert len(text) > 3 * 20_000
