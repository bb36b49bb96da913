"""The few tests of a stage that failed are tried once more, alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from studio_setup import checks
from studio_setup.checks import Stage
from studio_setup.project import Project

SHAKY = """
from pathlib import Path

def test_shaky():
    first = not Path("tried").exists()
    Path("tried").touch()
    assert not first
"""


class ThisPython(Project):
    """A project that runs the interpreter of this test."""

    def command(self, module: str, *words: str) -> list[str]:
        return [sys.executable, "-m", module, "-p", "no:pytestqt", *words]


def verdict(folder: Path, tests: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    (folder / "test_some.py").write_text(tests)
    project = ThisPython(folder)
    stages = checks.test_stages(project, ["test_some.py"])
    code = checks.run_all(project, stages)
    return code, capsys.readouterr().out


def test_what_passes_alone_is_named_and_refuses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = verdict(tmp_path, SHAKY, capsys)
    assert code == 0
    assert "FLAKY   tests" in said
    assert "failed, then passed alone: test_some.py::test_shaky" in said


def test_what_fails_again_has_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verdict(tmp_path, SHAKY + "\ndef test_broken():\n    assert False\n", capsys)
    assert code == 1
    assert "FAILED  tests" in said
    assert "1 failed, 1 passed" in said


def test_many_failures_are_not_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = "".join(f"\ndef test_{n}():\n    assert False\n" for n in range(3))
    code, said = verdict(tmp_path, SHAKY + many, capsys)
    assert code == 1
    assert said.count("test session starts") == 1


def test_a_stage_that_could_not_run_is_not_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = verdict(tmp_path, "import nothing_of_this_name\n", capsys)
    assert code == 1
    assert said.count("test session starts") == 1
    assert Stage("one", []).flaky == []


def test_what_is_short_is_begun_last_and_shown_where_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stage(name: str, is_short: bool = False) -> Stage:
        begin = f"open('order', 'a').write('{name} ')"
        return Stage(name, [sys.executable, "-c", begin], is_short=is_short)

    stages = [stage("first"), stage("short", True), stage("last")]
    assert checks.run_all(ThisPython(tmp_path), stages) == 0
    assert (tmp_path / "order").read_text() == "first last short "
    shown = capsys.readouterr().out
    assert shown.index("── first") < shown.index("── short") < shown.index("── last")
