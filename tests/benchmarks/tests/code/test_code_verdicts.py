"""The bench of verdicts judges recorded answers without a model, and counts wrong greens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.code import code_verdicts
from benchmarks.code.code_verdicts import Judged, Request

ASKED = [Request(f"r{n}", "double(x)", "assert f(2) == 4\n") for n in range(2)]
RIGHT, WRONG = "def double(x):\n    return x * 2\n", "def double(x):\n    return x\n"


class Bench:
    """Writes right code for the first request, wrong code for the second, and calls both green."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.asked: list[str] = []

    def say(self, text: str) -> None:
        pass

    def weights_for(self, capability: str, prefer: str = "") -> str:
        return f"{prefer}r"

    def run(
        self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        if task == "code.run":
            assert inputs is not None
            printed: list[str] = []
            try:
                exec(inputs["files"][0]["text"], {"print": printed.append})
            except AssertionError:
                return {"exit_code": 1, "stdout": ""}
            return {"exit_code": 0, "stdout": "".join(printed)}
        answers = (inputs or {}).get("answers")
        self.asked.append("again" if answers else "alone" if params.get("candidates") else "anew")
        code = answers["versions"][0] if answers else (RIGHT, WRONG)[self.asked.count("anew") - 1]
        verdict = {"state": "verified", "reason": "", "agreement": {"versions": 4, "agreeing": 3}}
        tries = [{"code": code, "round": 0, "wording": 1}]
        return {"code": code, "tries": tries, "written_tests": "", "verdict": verdict}


def test_wrong_greens_are_counted_and_what_was_written_is_judged_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_verdicts, "requests", lambda name: ASKED)
    monkeypatch.setenv("STUDIO_BENCH_VERDICTS_RECORD", str(tmp_path / "answers.jsonl"))
    bench = Bench(tmp_path)
    found = code_verdicts.measure(bench)
    assert bench.asked == ["alone", "anew", "again", "anew", "again"]
    assert (found["requests"], found["green"], found["green and wrong"]) == ("2 of 2", 2, 1)
    assert found["right and green"] == "1 of 1"
    assert found["verified"] == "2, 1 right"
    curve = found["greens by share that agrees"]
    assert curve[0] == "100%: 0 green, 0 wrong"
    assert curve[-1] == "0%: 2 green, 1 wrong"
    again = Bench(tmp_path)
    assert code_verdicts.measure(again)["green"] == 2
    assert again.asked == ["again", "again"]
    rows = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [row["versions"] for row in rows] == [[RIGHT], [WRONG]]


def test_only_what_lacks_agreement_alone_is_on_the_curve() -> None:
    rows = [
        Judged("a", "verified", True, 1.0, ""),
        Judged("b", "own tests", False, 0.4, "too few versions agree"),
        Judged("c", "own tests", False, 1.0, "the request states no example"),
    ]
    curve = code_verdicts.figures(rows, 3)["greens by share that agrees"]
    assert (curve[0], curve[-1]) == ("100%: 1 green, 0 wrong", "0%: 2 green, 1 wrong")


@pytest.mark.parametrize(("name", "count"), [("", 60), ("dev", 26)])
def test_each_request_has_a_hidden_test_of_at_least_eight_assertions(name: str, count: int) -> None:
    found = code_verdicts.requests(name)
    assert len({each.id for each in found}) == len(found) == count
    for each in found:
        compile(each.tests, each.id, "exec")
        enough = each.tests.count("assert ") + each.tests.count("for ") + each.tests.count("bad in")
        assert each.kind == "untestable" or enough >= 6, each.id
