"""The real sandbox: honest tests are reported as they are, hostile code gains nothing by a task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.code.tests.tasks.scripted import Context, Engine, drive
from studio.api.sandbox import SandboxLimits
from studio.sandbox.sandbox import Sandbox
from studio_code.execution import python_runner
from studio_code.pages.evidence.evidence import evidence_of_run
from studio_code.schema import Run, Write
from studio_code.tasks.run import run
from studio_code.tasks.write import write

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = Sandbox()
    if not found.tier:
        pytest.skip(found.reason)
    return found


def ran(sandbox: Sandbox, text: str, **params: Any) -> dict[str, Any]:
    files = [{"path": "a.py", "text": text}, *params.pop("more", [])]
    return drive(run, Context(None, sandbox), Run.parse(params), files=files).result


def test_tests_are_told_one_by_one_with_lines_and_coverage(sandbox: Sandbox) -> None:
    tests = """import pytest
from a import half


def test_right():
    assert half(4) == 2


@pytest.mark.parametrize("value", [1, 2])
def test_many(value):
    assert half(value) == 1


def test_endless():
    while True:
        pass


@pytest.fixture
def broken():
    raise ValueError("no")


def test_with_it(broken):
    pass


@pytest.mark.skip
def test_left_out():
    pass
"""
    text = "def half(x):\n    return x // 2\n\n\ndef never():\n    return 1\n"
    more = [{"path": "test_a.py", "text": tests}]
    found = ran(sandbox, text, more=more, mode="test", seconds=60)
    outcomes = {each["name"].rpartition("::")[2]: each["outcome"] for each in found["tests"]}
    assert outcomes == {
        "test_right": "passed", "test_many[1]": "failed", "test_many[2]": "passed",
        "test_endless": "failed", "test_with_it": "error", "test_left_out": "skipped",
    }  # fmt: skip
    failed = {each["name"].rpartition("::")[2]: each for each in found["tests"]}
    assert failed["test_many[1]"]["line"] == 11
    assert "assert 0 == 1" in failed["test_many[1]"]["message"]
    assert "more than 5 s" in failed["test_endless"]["message"]
    assert (found["coverage"]["lines"], found["coverage"]["missing"]) == (4, [6])
    assert (found["exit_code"], found["ended"]) == (1, "exit")
    assert "1 == 1" not in found["stderr"]


def test_files_that_no_test_imports_are_not_measured(sandbox: Sandbox) -> None:
    tests = "from a import one\n\n\ndef test_one():\n    assert one() == 1\n"
    more = [{"path": "test_a.py", "text": tests}, {"path": "tool.py", "text": "x = 1\n" * 99}]
    text = "def one():\n    return 1\n"
    found = ran(sandbox, text, more=more, mode="test", seconds=60)["coverage"]
    assert (found["lines"], found["covered"]) == (2, 2)
    assert [each["path"] for each in found["files"]] == ["a.py"]


def test_a_file_with_the_name_of_a_standard_module_disturbs_no_test(sandbox: Sandbox) -> None:
    tests = "from a import one\n\n\ndef test_one():\n    assert one() == 1\n"
    more = [{"path": f"{name}.py", "text": "x = 1\n"} for name in ("json", "random", "string")]
    more.append({"path": "test_a.py", "text": tests})
    found = ran(sandbox, "def one():\n    return 1\n", more=more, mode="test", seconds=60)
    assert [each["outcome"] for each in found["tests"]] == ["passed"], found["stderr"]


def test_code_is_written_run_and_its_tests_are_tried_on_faults(sandbox: Sandbox) -> None:
    code = "def sign(x):\n    if x < 0:\n        return -1\n    return 1 if x > 0 else 0\n"
    other = "def sign(x):\n    return (x > 0) - (x < 0)\n"
    tests = " sign(-5) == -1\nassert sign(0) == 0\nassert sign(1) == 1\n"
    engine = Engine(code, other, code, other, tests)
    asked = Write.parse({"prompt": "sign(x): -1, 0 or 1. sign(-3) == -1", "candidates": 4})
    verdict = drive(write, Context(engine, sandbox), asked).result["verdict"]
    assert verdict["state"] == "verified", verdict
    assert verdict["agreement"]["agreeing"] == 4
    assert verdict["agreement"]["inputs"] >= 12
    assert verdict["coverage"] == {"lines": 4, "covered": 4, "missing": []}
    survived = {each["what"] for each in verdict["mutants"]["survived"]}
    assert verdict["mutants"]["made"] >= 8
    assert "0 becomes 1" in survived or "< becomes <=" not in survived
    assert verdict["mutants"]["killed"] >= verdict["mutants"]["made"] - 3
    assert verdict["tier"] == sandbox.tier


TESTS_OF_X = "from solution import x\n\n\ndef test_x():\n    assert x() == 1\n"
HOSTILE = {
    "leaves early and calls it success": "import os\nos._exit(0)\n",
    "leaves as pytest would": "import sys\nsys.exit(0)\n",
    "runs for ever": "while True:\n    pass\n",
    "forks without end": "import os\nwhile True:\n    os.fork()\n",
    "ends its judge": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(0, 9)\n",
    "takes pytest's place": "import sys\nsys.modules['pytest'] = None\nraise SystemExit(0)\n",
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_hostile_code_passes_no_test(
    sandbox: Sandbox, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = SandboxLimits(wall_seconds=30, cpu_seconds=3)  # one of them takes all that it is given
    monkeypatch.setattr(python_runner, "_limits", lambda seconds: short)
    tests = "from solution import x\n\n\ndef test_x():\n    assert x == 1\n"
    params = {"prompt": "x", "tests": tests, "rounds": 0, "seed": 1}
    made = drive(write, Context(Engine(f"x = 1\n{code}"), sandbox), Write.parse(params))
    verdict = made.result["verdict"]
    assert not verdict["passed"]
    assert verdict["tests"]["passed"] == 0
    assert verdict["tests"]["failed"] + verdict["tests"]["errors"] >= 1


FORGERS = {
    "patches the witness": """import gc
for each in gc.get_objects():
    if type(each).__name__ == "Witness":
        tell = each.tell
        def lie(event, **values):
            values.update({"outcome": "passed"} if event == "test" else {})
            values.update({"code": 0, "failures": 0} if event == "finish" else {})
            tell(event, **values)
        each.tell = lie
def x():
    return 3
""",
    "writes the lines itself and leaves": """import gc, json, os
def x():
    for each in gc.get_objects():
        if type(each).__name__ == "Witness":
            each.tell("test", name="test_solution.py::test_x", outcome="passed")
            each.tell("finish", code=0, tests=1, failures=0)
    os._exit(0)
""",
    "equals everything": """class All:
    def __eq__(self, other):
        return True
def x():
    return All()
""",
    "makes pytest tell of successes": """import _pytest.runner as runner
old = runner.TestReport.from_item_and_call
def good(item, call):
    call.excinfo = None
    return old(item, call)
runner.TestReport.from_item_and_call = good
def x():
    return 3
""",
    "replaces the tests on disk": """import pathlib
def x():
    for each in pathlib.Path(".").glob("test_*.py"):
        each.write_text("def test_x():\\n    pass\\n")
    return 3
""",
    "leaves in a test": "import os\ndef x():\n    os._exit(0)\n",
    "writes the report to every descriptor": """import json, os
def x():
    lines = [
        {"event": "collected", "names": ["test_solution.py::test_x"]},
        {"event": "test", "name": "test_solution.py::test_x", "outcome": "passed"},
        {"event": "finish", "code": 0, "tests": 1, "failures": 0},
    ]
    text = "".join(json.dumps(each) + "\\n" for each in lines).encode()
    for number in range(3, 64):
        try:
            os.write(number, text)
        except OSError:
            pass
    os._exit(0)
""",
    "leaves out the test that fails": """import _pytest.main as main
old = main.Session.perform_collect
def fewer(self, *args, **more):
    items = old(self, *args, **more)
    self.items[:] = [each for each in self.items if each.name != "test_x"]
    self.testscollected = len(self.items)
    return self.items
main.Session.perform_collect = fewer
def x():
    return 3
""",
    "waits for the report and writes another": """import glob, os, time
LINES = '''{"event": "collected", "names": ["test_solution.py::test_x"]}
{"event": "test", "name": "test_solution.py::test_x", "outcome": "passed"}
{"event": "end"}
'''
def x():
    if not os.fork():
        os.setsid()
        if not os.fork():
            while True:
                for each in glob.glob("*.jsonl"):
                    with open(each, "w") as file:
                        file.write(LINES)
        os._exit(0)
    time.sleep(0.5)
    return 3
""",
}


@pytest.mark.parametrize("code", FORGERS.values(), ids=FORGERS)
def test_code_that_pretends_passes_no_test(sandbox: Sandbox, code: str) -> None:
    params = {"prompt": "x", "tests": TESTS_OF_X, "rounds": 0, "seed": 1}
    made = drive(write, Context(Engine(code), sandbox), Write.parse(params))
    assert not made.result["verdict"]["passed"], made.result["verdict"]
    assert made.result["verdict"]["tests"]["passed"] == 0


@pytest.mark.parametrize("code", [*FORGERS.values(), *HOSTILE.values()], ids=[*FORGERS, *HOSTILE])
def test_nor_does_it_where_the_tests_of_a_folder_are_run(sandbox: Sandbox, code: str) -> None:
    more = [{"path": "solution.py", "text": code}, {"path": "test_solution.py", "text": TESTS_OF_X}]
    asked = {"mode": "test", "path": "test_solution.py", "seconds": 12}
    found = ran(sandbox, "", more=more, **asked)
    evidence = evidence_of_run(found, "test_solution.py")
    assert not evidence.passed, found
    assert evidence.level == "bad"
    assert "passed" not in {each["outcome"] for each in found["tests"]}, found


def test_tests_that_options_or_marks_leave_out_are_not_missed(sandbox: Sandbox) -> None:
    tests = "import pytest\nfrom a import x\n\ndef test_one():\n    assert x == 1\n\n"
    tests += "@pytest.mark.skip\ndef test_two():\n    assert x == 2\n"
    more = [{"path": "test_a.py", "text": tests}]
    for arguments, count in (("", 2), ("-k one", 1)):
        found = ran(sandbox, "x = 1\n", more=more, mode="test", seconds=60, arguments=arguments)
        assert evidence_of_run(found, "test_a.py").passed, found
        assert len(found["tests"]) == count
    skipped = (
        "import pytest\npytest.skip('later', allow_module_level=True)\ndef test_a():\n    pass\n"
    )
    found = ran(
        sandbox, "x = 1\n", more=[{"path": "test_b.py", "text": skipped}, *more], mode="test"
    )
    assert evidence_of_run(found, "test_a.py").passed, found


def test_a_conftest_that_makes_tests_pass_shows_nothing(sandbox: Sandbox) -> None:
    conftest = """import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    call.excinfo = None
    yield
"""
    tests = "from solution import x\n\n\ndef test_x():\n    assert x() == 1\n"
    files = [{"path": "conftest.py", "text": conftest}]
    params = {"prompt": "x", "tests": tests, "rounds": 0, "seed": 1}
    context = Context(Engine("def x():\n    return 3\n"), sandbox)
    made = drive(write, context, Write.parse(params), context=files)
    assert not made.result["verdict"]["passed"]
    assert made.result["verdict"]["tests"] == {"passed": 0, "failed": 0, "errors": 1}


def test_honest_code_passes_whatever_form_its_tests_have(sandbox: Sandbox) -> None:
    """The control: the judge does not refuse everything."""
    tests = """import unittest
import pytest
from solution import x

@pytest.mark.parametrize("value", [1, 2])
def test_values(value):
    if value == 3:
        assert False
    assert x(value) == value + 1

class TestMore(unittest.TestCase):
    def test_more(self):
        self.assertEqual(x(1), 2)
        self.assertTrue(x(1))

def test_raises():
    with pytest.raises(TypeError):
        x("a")
        assert False

def test_others():
    for value in ():
        assert x(value) == 5
    assert x(1) in (1, 2) and x(1) is not None
    assert isinstance(x(1.5), float)
    assert x(0.1) == pytest.approx(1.1)
"""
    params = {"prompt": "x", "tests": tests, "rounds": 0, "seed": 1}
    engine = Engine("def x(value):\n    return value + 1\n")
    verdict = drive(write, Context(engine, sandbox), Write.parse(params)).result["verdict"]
    assert verdict["passed"], verdict
    assert verdict["tests"] == {"passed": 5, "failed": 0, "errors": 0}


def test_a_program_sees_no_network_and_nothing_outside(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    text = f"""import os, socket
for name, act in {{
    "read": lambda: open({str(secret)!r}).read(),
    "write": lambda: open({str(tmp_path / "made.txt")!r}, "w"),
    "connect": lambda: socket.create_connection(("127.0.0.1", 22), 1),
    "link": lambda: os.symlink({str(secret)!r}, "out.txt") or open("out.txt").read(),
}}.items():
    try:
        act()
        print(name, "DONE")
    except OSError as error:
        print(name, "refused")
"""
    found = ran(sandbox, text)
    assert found["stdout"].split() == [
        "read",
        "refused",
        "write",
        "refused",
        "connect",
        "refused",
        "link",
        "refused",
    ]
    assert secret.read_text() == "mine"
    assert not (tmp_path / "made.txt").exists()
