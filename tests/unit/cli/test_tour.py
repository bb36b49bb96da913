"""``studio tour`` judges what it made."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from studio.cli import tour
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.studio import Studio
from studio.testing.plugins import importable
from studio.testing.scripted import Result, ScriptedRuntime, Tokens
from tests.unit.cli.conftest import PLUGINS, one_object


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"text": "It is PARIS.", "verdict": {"passed": True}, "count": 3}, ""),
        (
            {"text": "L'Étoile", "verdict": {"passed": True}, "count": 3},
            "“Paris” is not in its text",
        ),
        ({"text": "Paris", "verdict": {}, "count": 3}, "its verdict.passed is None, not True"),
        ({"text": "Paris", "verdict": {"passed": True}, "count": 2}, "its count is 2, not 3"),
        ({}, "“Paris” is not in its text"),
    ],
)
def test_a_result_is_held_against_what_the_example_expects(
    result: dict[str, Any], words: str
) -> None:
    expects = {"text": "Paris", "verdict": {"passed": True}, "count": 3}
    assert tour.missing(expects, result) == words


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("hello hello hello", ExitCode.OK, "1 of 1 examples worked"),
        ("L'Étoile", ExitCode.FAILED, "failed   It ended, but “hello hello” is not in its text."),
    ],
)
def test_an_answer_without_what_was_asked_is_not_one_that_worked(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    code: ExitCode,
    said: str,
) -> None:
    runtime = ScriptedRuntime()
    runtime.enqueue(Tokens(text), Result(text=text))
    with (
        importable(PLUGINS / "good"),
        closing(Studio.open(home=home, only=("echo",), launch=runtime.launch)) as studio,
    ):
        monkeypatch.setattr(StudioSession, "at_work", lambda _session, **_how: nullcontext(studio))
        assert tour.main([], StudioSession()) == code
        assert said in capsys.readouterr().err
        runtime.enqueue(Tokens(text), Result(text=text))
        tour.main(["--json"], StudioSession())
    (stop,) = one_object(capsys.readouterr().out)["tour"]
    assert stop["worked"] is (code == ExitCode.OK)
    assert stop["text"] == text


def test_the_tour_ends_with_the_better_weights_that_can_be_had(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime = ScriptedRuntime()
    with (
        importable(PLUGINS / "good"),
        closing(Studio.open(home=home, only=("echo",), launch=runtime.launch)) as studio,
    ):
        monkeypatch.setattr(StudioSession, "at_work", lambda _session, **_how: nullcontext(studio))
        tour.main([], StudioSession())
    assert "studio models get coder" in capsys.readouterr().err.splitlines()[-1]
