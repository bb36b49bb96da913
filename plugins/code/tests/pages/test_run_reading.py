"""What is read of a program before and after its run: wants, files, problems, faults, evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio_code.pages.evidence.evidence import evidence_of_run, read_evidence
from studio_code.pages.evidence.phrases import chip_words, level_words, reason_words
from studio_code.pages.run.capability_scan import Capability, read_wants
from studio_code.pages.run.failure import fault_of, problems_of
from studio_code.pages.run.files import files_for_run
from studio_code.pages.run.output_view import KEPT, Waiting
from studio_code.pages.run.phrases import ended_words
from studio_code.pages.run.problems import place_in, problems

TRACEBACK = """Traceback (most recent call last):
  File "/box/main.py", line 4, in <module>
    run()
  File "/box/pkg/sums.py", line 12, in run
    return 1 / 0
  File "/usr/lib/python3/fractions.py", line 3, in div
ZeroDivisionError: division by zero
"""
VERDICT = {
    "passed": True,
    "ran": True,
    "tests": {"passed": 7, "failed": 0, "errors": 0},
    "coverage": {"lines": 25, "covered": 23, "missing": [4, 9]},
    "mutants": {"made": 6, "killed": 5, "survived": [{"line": 9, "what": "+ became −"}]},
    "tier": "A",
    "seconds": 0.4,
    "checks": [{"name": "Tests", "passed": True, "evidence": "7/7 tests"}],
}


def test_wants_follow_imports_into_the_folder() -> None:
    wants = read_wants(
        {
            "main.py": "import urllib.request\nimport numpy as np\nfrom pkg import tool\n",
            "pkg/__init__.py": "",
            "pkg/tool.py": "import subprocess, os\n\ndef f(p):\n    os.system('ls')\n    open(p)\n",
            "other.py": "import ctypes\n",
        },
        "main.py",
    )
    assert wants.places == {
        Capability.NETWORK: ["urllib.request (main.py:1)"],
        Capability.PROCESSES: ["subprocess (tool.py:1)", "os.system() (tool.py:4)"],
        Capability.FILES: ["open() (tool.py:5)"],
    }
    assert wants.packages == ["numpy"]
    assert wants.imports == ["os", "subprocess", "urllib"]


def test_wants_of_what_is_no_python() -> None:
    assert read_wants({"main.py": "def f(:\n"}, "main.py").unread == ["main.py"]
    assert read_wants({"main.py": "\0"}, "main.py").unread == ["main.py"]


def test_files_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "pkg/tool.py").write_text("on disk")
    (tmp_path / "main.py").write_text("on disk")
    (tmp_path / ".hidden/secret.py").write_text("x")
    (tmp_path / "notes.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "big.txt").write_bytes(b"x" * 600_000)
    (tmp_path / "two\nlines.txt").write_text("no path of a run")
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    opened = [{"path": "main.py", "text": "in the editor"}, {"path": "/far/else.py", "text": "e"}]
    found = {each["path"]: each["text"] for each in files_for_run(tmp_path, opened)}
    assert found == {"main.py": "in the editor", "else.py": "e", "pkg/tool.py": "on disk"}


def test_problems_are_at_the_innermost_own_line() -> None:
    known = {"main.py": "", "pkg/sums.py": ""}
    (found,) = problems(TRACEBACK, known)
    assert (found.path, found.line) == ("pkg/sums.py", 12)
    assert found.words == "ZeroDivisionError: division by zero"
    assert place_in('  File "/etc/passwd", line 1', known) is None
    assert place_in("pkg/sums.py:12: ZeroDivisionError", known) == ("pkg/sums.py", 12)


def run_result(**more: Any) -> dict[str, Any]:
    return {
        "ended": "exit",
        "exit_code": 1,
        "tier": "A",
        "seconds": 0.42,
        "tests": [],
        "stdout": "",
        "stderr": "",
    } | more


def test_the_file_under_test_is_at_fault() -> None:
    texts = {"sums.py": "code", "test_sums.py": "tests"}
    message = "def test_add():\n>   assert add(1, 2) == 3\nE   assert -1 == 3\nE    +  where -1 ="
    row = {"name": "test_sums.py::test_add", "outcome": "failed", "message": message, "line": 3}
    good = {"name": "test_sums.py::test_b", "outcome": "passed", "message": "", "line": 9}
    result = run_result(tests=[good, row])
    fault = fault_of(result, "test_sums.py", texts)
    assert (fault.path, fault.tests) == ("sums.py", "tests")
    assert message in fault.error
    (problem,) = problems_of(result, texts)
    assert (problem.path, problem.line) == ("test_sums.py", 3)
    assert problem.words == "test_add: assert -1 == 3"
    assert chip_words(evidence_of_run(result, "sums.py")) == "Failed · 1 of 2 tests failed"
    assert ended_words(result, "test") == "", "the chip says it"
    none = "No tests were found. 0.4 s. Full sandbox."
    assert ended_words(run_result(exit_code=5), "test") == none


def test_a_program_that_failed_hands_on_what_it_printed() -> None:
    fault = fault_of(run_result(stderr=TRACEBACK), "main.py", {"main.py": "", "pkg/sums.py": ""})
    assert (fault.path, fault.tests) == ("pkg/sums.py", "")
    assert "ZeroDivisionError" in fault.error


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"exit_code": 0}, "Finished (exit code 0). 0.4 s. Full sandbox."),
        ({"exit_code": 3}, "Exited with code 3. 0.4 s. Full sandbox."),
        (
            {"ended": "wall time"},
            "It did not finish in time and was stopped. 0.4 s. Full sandbox.",
        ),
        *(
            (
                {"ended": ended, "exit_code": None},
                f"It {what} and was stopped. 0.4 s. Full sandbox.",
            )
            for ended, what in {
                "cpu time": "exceeded its computing time",
                "memory": "exceeded its memory limit",
                "disk": "exceeded its disk limit",
            }.items()
        ),
        ({"ended": "signal", "exit_code": -11}, "It was ended by SIGSEGV. 0.4 s. Full sandbox."),
    ],
)
def test_how_a_run_ended(more: dict[str, Any], words: str) -> None:
    assert ended_words(run_result(**more), "run") == words


def test_the_chip() -> None:
    evidence = read_evidence(VERDICT)
    assert chip_words(evidence) == "ran · 7/7 tests · 92% coverage · 5/6 mutants"
    assert evidence.level == "accent", "an old result: nothing was compared with it"
    assert read_evidence({"passed": False, "ran": True}).level == "bad"
    assert read_evidence({"passed": False, "ran": False}).level == "warn"
    assert read_evidence({"passed": False, "ran": True, "doubtful": True}).level == "warn"
    words = [level_words(read_evidence({"passed": True, "ran": ran})) for ran in (True, False)]
    assert words == ["Passes its own tests", "Checked, not run"], "no more is known of old ones"
    assert read_evidence({"coverage": {"lines": 1000, "covered": 999}}).percent == 99


@pytest.mark.parametrize(
    ("state", "level", "words"),
    [
        ("verified", "good", "Passes your examples, and independent versions agree"),
        ("own tests", "accent", "Passes its own tests"),
        ("doubtful", "warn", "Doubtful"),
        ("failed", "bad", "Failed"),
        ("cannot be tested", "warn", "Cannot be tested"),
        ("ran", "good", "Ran without errors"),
    ],
)
def test_each_state_has_its_words_and_its_colour(state: str, level: str, words: str) -> None:
    agreed = {"versions": 6, "agreeing": 5, "inputs": 40}
    evidence = read_evidence({"state": state, "ran": True, "agreement": agreed})
    assert (evidence.level, level_words(evidence)) == (level, words)
    short = "Examples pass, versions agree" if state == "verified" else words
    assert chip_words(evidence).startswith(short)
    assert reason_words(evidence) == "5 of 6 independent versions agree on 40 inputs."


def test_a_reason_is_told_in_the_language_of_the_window() -> None:
    parts = {"pattern": "no test of “{rule}”", "places": {"rule": "no {zeros}"}}
    verdict = {"state": "own tests", "reason": "as it was", "reason_parts": parts}
    assert reason_words(read_evidence(verdict)) == "Reason: no test of “no {zeros}”."
    for odd in ({"pattern": "x", "places": {"rule": {}}}, {"places": 3}, "no"):
        rest = read_evidence(verdict | {"reason_parts": odd})
        assert reason_words(rest) == "Reason: as it was."


def test_tests_of_a_person_that_pass_are_called_so() -> None:
    assert level_words(read_evidence({"state": "verified", "ran": True})) == "Passes your tests"


def test_a_verdict_that_is_none() -> None:
    odd: Any = {"tests": [], "coverage": 3, "mutants": {"survived": "x"}, "checks": {"a": 1}}
    assert chip_words(read_evidence(odd | {"ran": "yes"})) == "not run"


def test_what_waits_is_bounded_and_the_newest() -> None:
    waiting = Waiting()
    for n in range(100):
        waiting.put(f"{n:05}" * 20_000, "stdout")
    taken = []
    while waiting:
        text, channel = waiting.take()
        assert channel == "stdout"
        taken.append(text)
    kept = "".join(taken)
    assert kept.endswith("00099")
    assert KEPT - 50_000 < len(kept) <= KEPT
    assert waiting.dropped == 100 * 100_000 - len(kept)


def test_channels_do_not_mix() -> None:
    waiting = Waiting()
    for text, channel in (("a", "stdout"), ("b", "stdout"), ("c", "stderr"), ("d", "stdout")):
        waiting.put(text, channel)
    assert [waiting.take() for _ in range(3)] == [
        ("ab", "stdout"),
        ("c", "stderr"),
        ("d", "stdout"),
    ]
