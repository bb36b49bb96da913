"""The tasks with an engine that follows a script: what is asked, run, chosen, told and refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from plugins.code.tests.tasks.scripted import Context, Engine, Made, NoWall, Quick, drive, stop_at
from studio.api import BadInput, StudioError
from studio_code.schema import Ask, Document, Explain, Fix, Run, Write, WriteTests
from studio_code.tasks.ask import ask
from studio_code.tasks.document import document
from studio_code.tasks.explain import explain
from studio_code.tasks.fix import fix
from studio_code.tasks.run import run
from studio_code.tasks.tests import write_tests
from studio_code.tasks.write import write
from studio_code.worker import studio_tasks

GOOD = "def double(x):\n    return x * 2\n"
BAD = "def double(x):\n    return x + 2\n"
TESTS = (
    "double():\n    assert double(2) == 4\n    assert double(3) == 6\n    assert double(0) == 0\n"
)
WRONG_TESTS = TESTS + "    assert double(5) == 11\n"
ASSERTED = " double(2) == 4\nassert double(3) == 6\nassert double(0) == 0\n"
WRONG_ASSERTED = ASSERTED + "assert double(5) == 11\n"


def written(
    engine: Engine, sandbox: Any = None, context: Sequence[Any] = (), **params: Any
) -> Made:
    values = {"prompt": "double(x): twice x", "seed": 1, "candidates": 1, **params}
    return drive(write, Context(engine, sandbox), Write.parse(values), context=list(context))


def test_every_task_of_the_manifest_is_there() -> None:
    tasks = ["write", "tests", "fix", "explain", "document", "ask", "complete", "run"]
    tasks += ["plan", "edit"]
    assert list(studio_tasks()) == [f"code.{name}" for name in tasks]


# --- writing ----------------------------------------------------------------------------------


def test_code_with_tests_that_were_run_and_faults_they_notice() -> None:
    engine = Engine(GOOD, ASSERTED)
    made = written(engine)
    assert made.result["code"] == GOOD
    assert made.result["tests"].startswith("from solution import double\n")
    verdict = made.result["verdict"]
    assert (verdict["state"], verdict["passed"]) == ("own tests", False)
    assert verdict["tests"] == {"passed": 3, "failed": 0, "errors": 0}
    assert verdict["coverage"] == {"lines": 10, "covered": 9, "missing": [3]}
    assert verdict["mutants"]["made"] == verdict["mutants"]["killed"] == 3
    assert made.result["note"].startswith("passes its own tests: 3/3 tests, 90% lines, 3/3 mutants")
    (artifact,) = made.artifacts
    assert (artifact.kind, artifact.suffix, artifact.payload) == ("code", ".py", GOOD.encode())
    assert artifact.verdict is not None
    assert not artifact.verdict.passed, "a model's own tests are no proof"
    assert set(artifact.meta) == {"language", "path", "file", "tests", "verdict", "tries"}
    assert made.text("answer") == GOOD
    assert "Attempt 1: running 3 tests" in made.messages
    assert GOOD not in engine.asked[1][0]["content"], "tests come from the description"
    assert engine.wishes[0].temperature == 0
    assert engine.wishes[0].repetition_penalty == 1


def test_a_failure_of_given_tests_goes_back_with_its_error() -> None:
    engine = Engine(BAD, GOOD)
    given = "from doubling import double\ndef test_it():\n    assert double(5) == 10\n"
    made = written(engine, tests=given)
    assert made.result["code"] == GOOD
    assert made.artifacts[0].meta["path"] == "doubling.py"
    assert "test_it: AssertionError" in engine.asked[1][-2]["content"]
    tries = made.result["tries"]
    assert [(each["round"], each["passed"]) for each in tries] == [(0, False), (1, True)]
    assert tries[0]["summary"] == "0/1 tests"


def test_rounds_come_to_an_end_and_the_verdict_says_what_fails() -> None:
    made = written(Engine(BAD, BAD), tests="def test_it():\n    assert double(5) == 10\n", rounds=1)
    assert not made.result["verdict"]["passed"]
    assert made.result["verdict"]["mutants"]["made"] == 0
    assert made.artifacts[0].verdict is not None
    assert not made.artifacts[0].verdict.passed


EXAMPLE = "double(x): twice x\n>>> double(8)\n16\n"
OTHER = "def double(number):\n    return number + number\n"


def test_examples_that_pass_and_versions_that_agree_are_green() -> None:
    engine = Engine(GOOD, OTHER, GOOD, OTHER, ASSERTED)
    made = written(engine, prompt=EXAMPLE, candidates=4)
    verdict = made.result["verdict"]
    assert (verdict["state"], verdict["passed"]) == ("verified", True), verdict
    assert verdict["agreement"]["versions"] == verdict["agreement"]["agreeing"] == 4
    assert made.result["note"].startswith("passes your examples, and independent versions agree")
    assert [(r["text"], r["kind"], r["passed"]) for r in verdict["requirements"]] == [
        ("double(8) == 16", "example", True)
    ]
    assert made.artifacts[0].verdict is not None
    assert made.artifacts[0].verdict.passed
    assert engine.asked[0] != engine.asked[1], "half of them are asked for in other words"


def test_versions_that_fail_an_example_are_replaced_and_have_no_vote() -> None:
    engine = Engine(BAD, GOOD, BAD, BAD, ASSERTED, GOOD, OTHER, GOOD, OTHER)
    made = written(engine, prompt=EXAMPLE, candidates=4)
    verdict = made.result["verdict"]
    assert verdict["state"] == "verified", verdict
    assert verdict["agreement"]["versions"] == verdict["agreement"]["agreeing"] == 5
    assert [attempt["wording"] for attempt in made.result["tries"]] == [1, 1, 2, 2, 3, 3, 4, 4]
    hint = "take care that it holds: double(8) == 16 (not 10)"
    assert all(hint in asked[0]["content"] for asked in engine.asked[-2:])
    alone = Engine(BAD, BAD, BAD, BAD, ASSERTED, BAD, BAD, BAD, BAD, BAD, BAD)
    assert written(alone, prompt=EXAMPLE, candidates=4).result["verdict"]["state"] == "failed"


@pytest.mark.parametrize(
    ("claim", "state", "reason"),
    [
        ("double(5) == 11", "verified", ""),
        ("double(1) == 3", "own tests", "tests that contradict the code: 1"),
    ],
)
def test_a_test_of_the_smallest_input_that_contradicts_the_code_counts(
    claim: str, state: str, reason: str
) -> None:
    engine = Engine(GOOD, OTHER, GOOD, OTHER, f"{ASSERTED}assert {claim}\n")
    verdict = written(engine, prompt=EXAMPLE, candidates=4).result["verdict"]
    assert (verdict["state"], verdict["reason"]) == (state, reason)
    assert verdict["set_aside"] == 1


def test_tests_of_a_person_are_enough_whatever_their_form() -> None:
    for tests in ("def test_it():\n    assert double(5) == 10\n", "assert double(5) == 10\n"):
        made = written(Engine(GOOD), tests=tests)
        assert made.result["verdict"]["state"] == "verified"
        assert made.result["note"].startswith("passes your tests")


def test_what_one_version_alone_does_is_never_green() -> None:
    strange = "def double(x):\n    return x * 2 if x < 9 else x\n"
    engine = Engine(strange, GOOD, "def double(x):\n    return x << 1 if x > 0 else 0\n", BAD)
    engine.answers.append(" double(2) == 4\nassert double(-3) == -6\n")
    verdict = written(engine, prompt=EXAMPLE, candidates=4, rounds=0).result["verdict"]
    assert not verdict["passed"]
    assert verdict["agreement"]["agreeing"] < 3
    assert " or " in verdict["agreement"]["differs"]


def test_of_candidates_the_largest_group_is_kept_and_a_suspect_test_is_ignored() -> None:
    made = written(Engine(BAD, GOOD, GOOD, WRONG_ASSERTED), candidates=3)
    assert made.result["code"] == GOOD
    verdict = made.result["verdict"]
    assert verdict["state"] == "own tests"
    assert "11" not in made.result["tests"]
    told = [check["evidence"] for check in verdict["checks"]]
    assert "3/3 tests (1 test ignored because most of 3 attempts fail it)" in told
    assert len(made.result["tries"]) == 3


def test_where_most_tests_are_ignored_the_rest_is_not_enough() -> None:
    wrong = " double(2) == 4\nassert double(5) == 11\nassert double(7) == 1\n"
    verdict = written(Engine(BAD, GOOD, GOOD, wrong), candidates=3).result["verdict"]
    assert (verdict["state"], verdict["doubtful"]) == ("doubtful", True)
    assert "tests ignored: 2, kept: 1" in verdict["reason"]
    assert verdict["set_aside"] == 2
    assert verdict["tests"] == {"passed": 1, "failed": 0, "errors": 0}


def test_the_test_of_a_stated_rule_is_never_ignored() -> None:
    """Code and tests of one model overlook a rule alike; what tests the rule must count."""
    deaf = "def is_number(text):\n    return text.isdigit()\n"
    asked = "is_number(text), no leading zeros. is_number('7') is True, is_number('a') is False"
    easy = "\n".join(f"assert is_number('{n}') == True" for n in range(1, 9))
    for rule in ("is_number('07') == False\n", "is_number('1') == True\n"):  # the second says less
        engine = Engine(deaf, deaf, deaf, deaf, f" {rule}{easy}\n")
        verdict = written(engine, prompt=asked, candidates=4, rounds=0).result["verdict"]
        assert verdict["state"] == "failed"
        assert verdict["agreement"]["agreeing"] == 4, "they agree, and are wrong all the same"
        row = verdict["requirements"][-1]
        assert (row["text"], row["passed"]) == ("no leading zeros", False)


def test_where_a_test_of_a_rule_fails_that_a_model_wrote_the_code_is_doubtful() -> None:
    asked = f"{EXAMPLE}Infinite values stay the same."
    tests = " double(1) == 1\nassert double(2) == 4\nassert double(0) == 0\n"
    engine = Engine(GOOD, GOOD, GOOD, GOOD, tests)
    verdict = written(engine, prompt=asked, candidates=4).result["verdict"]
    assert (verdict["state"], verdict["passed"]) == ("doubtful", False)
    assert "Infinite values stay the same" in verdict["reason"]


def test_code_that_breaks_on_empty_input_is_doubtful_however_many_agree() -> None:
    code = "def first(text):\n    return text[0]\n"
    tests = " first('ab') == 'a'\nassert first('xyz') == 'x'\n"
    asked = "first(text) gives the first letter. first('dog') → 'd'"
    engine = Engine(code, code, code, code, tests)
    verdict = written(engine, prompt=asked, candidates=4).result["verdict"]
    assert verdict["state"] == "doubtful"
    assert verdict["reason"] == "first('') ends in IndexError"


@pytest.mark.parametrize(
    ("code", "asked", "reason"),
    [
        ("def halts(p):\n    return True\n", "halts(p): does it halt? halts('1') → True", "decide"),
        ("import socket\ndef f(x):\n    return x\n", "f(1) → 1 from a web page", "network"),
        ("import random\ndef f(x):\n    return x\n", "f(1) → 1, or another one", "chance"),
        ("import time\ndef f(x):\n    return x or time.time()\n", "f(1) → 1", "clock"),
    ],
)
def test_what_no_test_can_show_is_said_to_be_so(code: str, asked: str, reason: str) -> None:
    name = code.partition("def ")[2].partition("(")[0]
    engine = Engine(code, code, code, code, f" {name}(1) == 1\n")
    engine.answers[-1] = " halts('1') == True\n" if name == "halts" else " f(1) == 1\n"
    verdict = written(engine, prompt=asked, candidates=4).result["verdict"]
    assert (verdict["state"], verdict["passed"]) == ("cannot be tested", False)
    assert reason in verdict["reason"]


def test_code_that_needs_the_network_is_called_so_though_it_cannot_even_start() -> None:
    code = "import a_module_that_is_nowhere\nimport requests\ndef f(x):\n    return x\n"
    engine = Engine(code, code, code, code, " True\n")
    verdict = written(engine, prompt="f(x) gets x", candidates=4, rounds=0).result["verdict"]
    assert (verdict["state"], verdict["reason"]) == ("cannot be tested", "it needs the network")


def test_examples_of_the_description_outweigh_tests_of_the_model() -> None:
    liking_bad = " double(3) == 5\nassert double(4) == 6\n"
    made = written(Engine(BAD, GOOD, liking_bad), prompt=EXAMPLE, candidates=2, rounds=0)
    assert made.result["code"] == GOOD
    assert "def test_example_1():\n    assert double(8) == 16" in made.result["tests"]


def test_examples_in_a_request_are_never_ignored_and_the_headline_says_what_failed() -> None:
    deaf = "def parse_duration(text):\n    return int(text[:-1]) * {'s': 1, 'h': 3600}[text[-1]]\n"
    values = {"45s": 45, "2h": 7200, "1h30m": 5400, "2h5m": 7500}
    request = "parse_duration reads times: " + ", ".join(f"{k} → {v}" for k, v in values.items())
    easy = "\n".join(f"assert parse_duration('{n}s') == {n}" for n in range(1, 9))
    params = {"describe": request, "candidates": 2, "rounds": 0}
    made = written(Engine(deaf, deaf, easy.removeprefix("assert")), **params)
    verdict = made.result["verdict"]
    assert (verdict["state"], verdict["set_aside"]) == ("failed", 0)
    assert made.result["note"].startswith("failed: 2 of 12 tests failed")
    assert "parse_duration('1h30m') == 5400" in made.result["tests"]


def test_where_only_a_test_of_the_model_fails_a_second_opinion_is_asked() -> None:
    engine = Engine(GOOD, WRONG_ASSERTED, OTHER)
    made = written(engine)
    assert made.result["code"] == GOOD
    assert made.result["verdict"]["state"] == "own tests"
    assert "1 test ignored because both attempts fail it" in made.result["note"]
    assert engine.asked[2] == engine.asked[0]
    assert engine.wishes[2].temperature > 0


def test_prose_and_wrong_syntax_are_not_run_but_asked_again() -> None:
    sandbox = Quick()
    engine = Engine("def double(x:\n", GOOD, ASSERTED)
    made = written(engine, sandbox)
    assert made.result["verdict"]["state"] == "own tests"
    assert "There is a syntax error in line 1" in engine.asked[1][-2]["content"]
    assert made.result["tries"][0]["summary"].startswith("There is a syntax error")
    assert len(sandbox.runs) == 3, "versions compared, tests, mutants"


def test_without_a_wall_nothing_is_run_and_that_is_said() -> None:
    made = written(Engine(GOOD), NoWall())
    assert made.result["code"] == GOOD
    assert not made.result["verdict"]["ran"]
    assert made.result["note"] == "not run: this machine has no sandbox"


def test_other_languages_are_written_and_not_run() -> None:
    made = written(Engine("class A {}\n"), language="csharp")
    assert made.artifacts[0].suffix == ".cs"
    assert made.artifacts[0].meta["path"] == "solution.cs"
    assert made.result["note"] == "not run: C# is not run by the studio"


def test_tests_that_test_nothing_are_no_verdict() -> None:
    made = written(Engine(GOOD, " True\n"))
    verdict = made.result["verdict"]
    assert verdict["ran"]
    assert not verdict["passed"]
    assert made.result["note"] == "cannot be tested: no generated test calls this function"
    assert made.artifacts[0].verdict is not None
    assert not made.artifacts[0].verdict.passed


def test_nothing_but_prose_is_an_error_in_words() -> None:
    with pytest.raises(BadInput, match="wrote no code"):
        written(Engine("", "", ""), rounds=2)
    with pytest.raises(BadInput, match="no description"):
        written(Engine(), prompt="  ")
    with pytest.raises(BadInput, match="tests have a syntax error in line 1"):
        written(Engine(), tests="def test(:")


def test_files_of_the_folder_are_shown_and_lie_beside_the_code() -> None:
    engine = Engine(
        "from shop import TAX\n\n\ndef price(x):\n    return x * TAX\n",
        " price(2) == 4\n",
    )
    sandbox = Quick()
    context = [{"path": "shop.py", "text": "TAX = 2\n"}]
    made = written(engine, sandbox, context=context, path="price.py")
    assert made.result["verdict"]["state"] == "own tests"
    assert "shop.py" in engine.asked[0][0]["content"]
    assert sandbox.runs[1]["measured"] == ["price.py"]


@pytest.mark.parametrize(
    ("message", "kept"),
    [("Writing tests", GOOD), ("running 3 tests", GOOD), ("mutants", GOOD), ("Writing", "")],
)
def test_stopped_it_keeps_the_best_so_far(message: str, kept: str) -> None:
    params = Write.parse({"prompt": "double(x)", "seed": 1, "candidates": 1})
    made = stop_at(write, Context(Engine(GOOD, ASSERTED)), params, message)
    assert made.result.get("code", "") == kept
    assert len(made.artifacts) == bool(kept)


# --- tests, fix, document, explain ------------------------------------------------------------


def test_tests_of_a_file_leave_out_what_it_does_not_pass() -> None:
    engine = Engine(WRONG_TESTS)
    params = WriteTests.parse({"path": "tools/doubling.py", "rounds": 0, "seed": 1})
    made = drive(write_tests, Context(engine), params, text=GOOD)
    assert made.result["tests"].startswith("from tools.doubling import double\n")
    assert made.result["verdict"]["tests"] == {"passed": 3, "failed": 0, "errors": 0}
    assert "double(5) == 11" in made.result["failing"][0]
    assert "1 more fails" in made.result["note"]
    assert made.artifacts[0].meta["path"] == "test_doubling.py"
    assert made.result["imported_as"] == ""
    params = WriteTests.parse({"path": "my tools.py", "rounds": 0, "seed": 1})
    made = drive(write_tests, Context(Engine(WRONG_TESTS)), params, text=GOOD)
    assert made.result["imported_as"] == "module"


def test_of_several_attempts_one_in_circles_is_stopped_and_the_other_is_kept() -> None:
    loop = "def double(x):\n" + "    x = x * 2 + 1 - 1\n" * 500
    engine = Engine(loop, GOOD, GOOD, GOOD, ASSERTED)
    made = written(engine, candidates=4, rounds=0)
    assert made.result["code"] == GOOD
    assert len(made.result["tries"]) == 4
    assert made.text("answer").count("x * 2 + 1 - 1") < 20, "it was not followed to its end"


def test_a_model_that_goes_round_in_circles_is_stopped_and_asked_anew() -> None:
    loop = "double():\n" + "    assert double(2) == 5\n" * 500
    engine = Engine(loop, TESTS)
    params = WriteTests.parse({"path": "doubling.py", "rounds": 1, "seed": 1})
    made = drive(write_tests, Context(engine), params, text=GOOD)
    assert made.text("answer").count("double(2) == 5") < 10
    assert engine.asked[1] == engine.asked[0], "the circle is no example to go on from"
    assert engine.wishes[1].temperature > 0
    assert made.result["verdict"]["passed"]


def test_advice_fits_what_went_wrong() -> None:
    asked = {"path": "doubling.py", "rounds": 0, "seed": 1}
    cases = {
        "double():\n    assert double(2) == 5\n": "None of the 1 generated tests passed",
        "other():\n    assert 1 == 1\n": "no test that uses this file",
        "other():\n" + "    assert other(2) == 5\n" * 50: "repeated itself",
    }
    for answer, told in cases.items():
        engine = Engine(*[answer] * 3)
        with pytest.raises(BadInput, match=told):
            drive(write_tests, Context(engine), WriteTests.parse(asked), text=GOOD)
        assert len(engine.answers) == (0 if "repeated" in told else 2), "loops are drawn anew"


@pytest.mark.parametrize("draws", [2, 3])
def test_code_that_goes_round_in_circles_is_drawn_anew_and_not_for_ever(draws: int) -> None:
    loop = "def double(x):\n" + "    x = x + x - x\n    x = x - x + x\n" * 99
    engine = Engine(*[loop] * (draws - 1), GOOD if draws == 2 else loop, ASSERTED)
    made = written(engine, rounds=0)
    first, second = engine.wishes[:2]
    assert second.seed != first.seed
    assert second.repetition_penalty > first.repetition_penalty == 1
    assert made.text("answer").count("x + x - x") < 6 * draws
    problem = made.result["tries"][0]["summary"]
    assert (made.result["code"] == GOOD) is (draws == 2)
    assert ("repeated itself" in problem) is (draws == 3)


def test_an_answer_in_circles_ends_early_and_says_so() -> None:
    engine = Engine("So:\n" + "It adds numbers.\n" * 99)
    made = drive(ask, Context(engine), Ask.parse({"question": "What does it do?", "seed": 1}))
    assert made.result["repeated"]
    assert made.result["text"] == "So:\nIt adds numbers.\n"


@pytest.mark.parametrize(
    ("path", "name"), [("", "double"), ("tools/mine.py", "mine")], ids=["its own", "as wished"]
)
def test_a_result_is_called_by_what_it_defines_or_as_was_wished(path: str, name: str) -> None:
    made = written(Engine(GOOD, ASSERTED), path=path)
    assert made.artifacts[0].meta["file"] == name


def test_a_file_is_corrected_and_the_error_is_gone() -> None:
    broken = "def half(x):\n    return x / y\n\n\nprint(half(2))\n"
    mended = broken.replace("/ y", "/ 2")
    engine = Engine(broken, mended)
    params = {"path": "a.py", "error": "NameError: name 'y' is not defined", "seed": 1}
    made = drive(fix, Context(engine), Fix.parse(params), text=broken)
    assert made.result["code"] == mended
    assert made.result["tries"][0]["summary"] == "Nothing was changed."
    assert made.result["verdict"]["passed"]
    assert "no NameError when run" in made.result["note"]


def test_a_correction_that_loses_parts_is_refused() -> None:
    text = f"{GOOD}\n\ndef other():\n    return 1\n\n\nprint(x)\n"
    params = Fix.parse({"path": "a.py", "error": "NameError", "rounds": 0, "seed": 1})
    with pytest.raises(BadInput, match="are missing: other"):
        drive(fix, Context(Engine(GOOD)), params, text=text)


def test_without_an_error_the_file_is_run_to_find_one() -> None:
    params = Fix.parse({"path": "a.py", "seed": 1})
    with pytest.raises(BadInput, match="runs without errors"):
        drive(fix, Context(Engine()), params, text=GOOD)
    engine = Engine("print(1)\n")
    made = drive(fix, Context(engine), params, text="print(a)\n")
    assert "NameError" in engine.asked[0][0]["content"]
    assert made.result["verdict"]["passed"]


def test_a_file_is_documented_and_its_code_stays() -> None:
    text = "def double(x):\n    # twice\n    return x * 2\n\n\ndef half(x):\n    return x / 2\n"
    engine = Engine("Return twice x.", "...", "Return half of x.")
    params = Document.parse({"path": "a.py", "seed": 1})
    made = drive(document, Context(engine), params, text=text)
    assert made.result["documented"] == ["double", "half"]
    assert '    """Return twice x."""\n    # twice\n' in made.result["code"]
    assert made.artifacts[0].verdict is not None
    assert made.artifacts[0].verdict.passed


def test_a_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "wide.py"
    path.write_bytes(GOOD.encode("utf-16"))
    engine = Engine("It doubles.")
    made = drive(explain, Context(engine), Explain.parse({"file": str(path), "seed": 1}))
    assert made.result == {"text": "It doubles.\n"}
    assert made.text("") == "It doubles."
    assert "x * 2" in engine.asked[0][0]["content"]


# --- asking -----------------------------------------------------------------------------------


def test_an_answer_proposes_whole_new_texts_for_open_files() -> None:
    answer = f"Now it is right:\n\na.py\n```python\n{GOOD}```\n"
    engine = Engine(answer)
    context = [{"path": "b.py", "text": "x = 1\n"}, {"path": "a.py", "text": BAD}]
    messages = [{"role": "user", "content": "Double, not add."}]
    inputs = {"messages": messages, "context": context, "selection": "x + 2"}
    made = drive(ask, Context(engine), Ask.parse({"open_path": "a.py", "seed": 1}), **inputs)
    assert made.result["text"] == answer
    assert made.result["edits"] == [{"path": "a.py", "text": GOOD}]
    assert made.result["unapplied"] == []
    system = engine.asked[0][0]["content"]
    assert system.index("a.py") < system.index("b.py")
    assert "x + 2" in system


def test_a_long_question_leases_the_memory_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "more_bytes", lambda self, tokens, texts=1: 10 * tokens * texts)
    messages = [{"role": "user", "content": "Why?"}]
    context = Context(Engine("So."))
    params = Ask.parse({"weights": "coder", "max_tokens": 100})
    drive(ask, context, params, messages=messages)
    assert context.leases == [("coder", 0), ("coder", 10 * 101)]


def test_files_that_do_not_fit_are_told_and_old_turns_go_first() -> None:
    engine = Engine("Yes.")
    engine.context_length = 1000
    context = [{"path": "big.py", "text": "x = 1\n" * 2000}, {"path": "a.py", "text": GOOD}]
    old = {"role": "user", "content": "old " * 600}
    messages = [old, {"role": "assistant", "content": "ok"}, {"role": "user", "content": "New?"}]
    made = drive(ask, Context(engine), Ask.parse({}), messages=messages, context=context)
    assert made.result["left_out"] == ["big.py"]
    assert [turn["content"] for turn in engine.asked[0][1:]] == ["New?"]


@pytest.mark.parametrize("messages", [[], [{"role": "system", "content": "x"}], [{"role": "user"}]])
def test_what_is_no_conversation_is_refused(messages: list[dict[str, str]]) -> None:
    with pytest.raises(BadInput):
        drive(ask, Context(Engine()), Ask.parse({}), messages=messages)


# --- running ----------------------------------------------------------------------------------


def test_what_cannot_be_run_is_refused_in_words(tmp_path: Path) -> None:
    sharp = [{"path": "a.cs", "text": "class A {}"}]
    python = [{"path": "a.py", "text": "1"}]
    for files, values, words in (
        ([], {}, "nothing to run"),
        (sharp, {}, "C#, which cannot be run"),
        (python, {"path": "b.py"}, "not among the given files"),
        (python, {"arguments": "'open"}, "No closing quotation"),
        ([], {"file": str(tmp_path / "gone.py")}, "cannot be read"),
    ):
        with pytest.raises(StudioError, match=words):
            drive(run, Context(), Run.parse(values), files=files)
    with pytest.raises(StudioError, match="this machine has no sandbox"):
        drive(run, Context(None, NoWall()), Run.parse({}), files=python)
