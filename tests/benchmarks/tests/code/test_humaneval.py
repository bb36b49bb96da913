"""The bench judges by hidden tests, goes on where it was ended, and counts what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.code import humaneval
from benchmarks.code.humaneval import Problem
from studio.api.worker.bench import Wish

RIGHT, WRONG = "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n"
HEADER, CHECK = 'def f(x):\n    """One more."""\n', "def check(g):\n    assert g(1) == 2\n"
PROBLEMS = [Problem(f"T/{n}", HEADER, "f", CHECK) for n in range(4)]


class Bench:
    """Writes a wrong answer first and a right one after it; judges in this process."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.asked: list[str] = []
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def weights_for(self, capability: str, prefer: str = "") -> str:
        return f"{prefer}r"

    def run_all(
        self, task: str, wishes: Iterable[Wish], at_once: int = 4
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for place, wish in enumerate(wishes):
            yield place, self.run(task, *wish)

    def run(
        self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        self.asked.append(task)
        if task == "code.write":
            tries = [{"code": WRONG, "round": 0}, {"code": RIGHT, "round": 0}]
            return {"code": RIGHT, "tries": tries, "tests": "", "verdict": {"passed": True}}
        assert inputs is not None
        (file,) = inputs["files"]
        printed: list[str] = []
        try:
            exec(file["text"], {"print": printed.append})
        except AssertionError:
            return {"exit_code": 1, "stdout": ""}
        return {"exit_code": 0, "stdout": "".join(printed)}


def test_first_and_chosen_answers_are_counted_and_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(humaneval, "problems", lambda: PROBLEMS)
    monkeypatch.setenv("STUDIO_BENCH_CODE_EVERY", "2")
    monkeypatch.setenv("STUDIO_BENCH_CODE_LOG", str(tmp_path / "log.jsonl"))
    bench = Bench(tmp_path)
    found = humaneval.measure(bench)
    assert (found["pass@1 greedy"], found["verified@4"], found["any of 4"]) == (0, 1, 1)
    assert found["problems"] == "2 of 2"
    assert found["right where verified"] == "2 of 2"
    assert found["weights"] == "coder"
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"task_id": "cut o')
    again = Bench(tmp_path)
    assert humaneval.measure(again)["verified@4"] == 1
    assert again.asked == []
    monkeypatch.setenv("STUDIO_BENCH_CODE_EVERY", "1")
    monkeypatch.setenv("STUDIO_BENCH_CODE_SECONDS", "0")
    assert humaneval.measure(Bench(tmp_path))["problems"] == "2 of 4"


def test_a_program_that_ends_early_has_not_passed(tmp_path: Path) -> None:
    class Leaving(Bench):
        def run(
            self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
        ) -> Mapping[str, Any]:
            return {"exit_code": 0, "stdout": "all is well"}

    assert not humaneval._passes(Leaving(tmp_path), PROBLEMS[0], RIGHT)
