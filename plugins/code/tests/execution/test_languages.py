"""What can be done in which language, behind the same walls: run, test, and write tests of it.

A language whose tools are not on this machine is skipped, with what it lacks.
"""

# ruff: noqa: ISC004  (programs read best line by line)

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.code.tests.tasks.scripted import Context, Engine, NoWall, drive
from studio.api import BadInput, StudioError
from studio.sandbox.sandbox import Sandbox
from studio_code import syntax
from studio_code.execution import test_output, toolchains
from studio_code.execution.runners import RUNNERS
from studio_code.generation import case_forms, comments
from studio_code.languages import DOCUMENTED, LANGUAGES, RUN
from studio_code.schema import Document, Explain, Fix, Run, Write, WriteTests
from studio_code.tasks.document import document
from studio_code.tasks.explain import explain
from studio_code.tasks.fix import fix
from studio_code.tasks.run import run
from studio_code.tasks.tests import write_tests
from studio_code.tasks.write import write

PROGRAMS = {
    "python": (
        "a.py",
        "def add(a, b):\n    return a + b\n\n\nprint(add(2, 3))\n"
        "try:\n    print(open('SECRET').read())\nexcept OSError:\n    print('refused')\n",
        "adds():\n    assert add(2, 3) == 5\n\n\ndef test_wrong():\n    assert add(2, 3) == 6\n",
    ),
    "javascript": (
        "a.js",
        'import fs from "node:fs";\nexport function add(a, b) { return a + b; }\n'
        'console.log(add(2, 3));\ntry { console.log(fs.readFileSync("SECRET", "utf8")); }\n'
        'catch { console.log("refused"); }\n',
        'adds", () => { assert.equal(add(2, 3), 5); });\n'
        'test("wrong", () => { assert.equal(add(2, 3), 6); });\n',
    ),
    "typescript": (
        "a.ts",
        'import fs from "node:fs";\n'
        "export function add(a: number, b: number): number { return a + b; }\n"
        'console.log(add(2, 3));\ntry { console.log(fs.readFileSync("SECRET", "utf8")); }\n'
        'catch { console.log("refused"); }\n',
        'adds", () => { assert.equal(add(2, 3), 5); });\n'
        'test("wrong", () => { assert.equal(add(2, 3), 6); });\n',
    ),
    "bash": (
        "a.sh",
        'add() { echo $(( $1 + $2 )); }\nadd 2 3\ncat "SECRET" 2>/dev/null || echo refused\n',
        'adds() { [ "$(add 2 3)" = 5 ]; }\ntest_wrong() { [ "$(add 2 3)" = 6 ]; }\n',
    ),
    "sql": (
        "a.sql",
        "CREATE TABLE sums (a INT, b INT);\nINSERT INTO sums VALUES (2, 3);\n"
        "SELECT a + b FROM sums;\n",
        "adds\nSELECT a + b = 5 FROM sums;\n-- test: wrong\nSELECT a + b = 6 FROM sums;\n",
    ),
    "c": (
        "a.c",
        "#include <stdio.h>\nint add(int a, int b) { return a + b; }\nint main(void) {\n"
        '  printf("%d\\n", add(2, 3));\n  puts(fopen("SECRET", "r") ? "read" : "refused");\n}\n',
        "adds(void) { assert(add(2, 3) == 5); }\n"
        "static void test_wrong(void) { assert(add(2, 3) == 6); }\n",
    ),
    "cpp": (
        "a.cpp",
        "#include <cstdio>\nint add(int a, int b) { return a + b; }\nint main() {\n"
        '  std::printf("%d\\n%s\\n", add(2, 3), fopen("SECRET", "r") ? "read" : "refused");\n}\n',
        "adds() { assert(add(2, 3) == 5); }\n"
        "static void test_wrong() { assert(add(2, 3) == 6); }\n",
    ),
    "rust": (
        "a.rs",
        'fn add(a: i32, b: i32) -> i32 { a + b }\nfn main() {\n    println!("{}", add(2, 3));\n'
        '    let read = std::fs::read("SECRET").is_ok();\n'
        '    println!("{}", if read { "read" } else { "refused" });\n}\n',
        "adds() { assert_eq!(add(2, 3), 5); }\n"
        "#[test]\nfn test_wrong() { assert_eq!(add(2, 3), 6); }\n",
    ),
    "go": (
        "a.go",
        'package main\n\nimport ("fmt"; "os")\n\nfunc Add(a int, b int) int { return a + b }\n\n'
        "func main() {\n\tfmt.Println(Add(2, 3))\n"
        '\tif _, err := os.ReadFile("SECRET"); err != nil {\n'
        '\t\tfmt.Println("refused")\n\t}\n}\n',
        "Adds(t *testing.T) {\n\tif Add(2, 3) != 5 {\n\t\tt.Fatal(1)\n\t}\n}\n\n"
        "func TestWrong(t *testing.T) {\n\tif Add(2, 3) != 6 {\n\t\tt.Fatal(1)\n\t}\n}\n",
    ),
    "java": (
        "A.java",
        "import java.nio.file.*;\npublic class A {\n"
        "  static int add(int a, int b) { return a + b; }\n"
        "  public static void main(String[] words) {\n    System.out.println(add(2, 3));\n"
        '    boolean read = Files.isReadable(Path.of("SECRET"));\n'
        '    System.out.println(read ? "read" : "refused");\n  }\n}\n',
        "Adds() { assert A.add(2, 3) == 5; }\n\n"
        "static void testWrong() { assert A.add(2, 3) == 6; }\n",
    ),
}


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = Sandbox()
    if not found.tier:
        pytest.skip(found.reason)
    return found


def there(language: str) -> tuple[str, str, str]:
    """Return path, program and tests of a language whose tools are here."""
    if needed := RUNNERS[language].missing():
        pytest.skip(f"{LANGUAGES[language].title} needs {needed}")
    return PROGRAMS[language]


@pytest.mark.slow
@pytest.mark.parametrize("language", RUN)
def test_a_program_runs_and_reads_nothing_of_the_home(
    sandbox: Sandbox, language: str, tmp_path: Path
) -> None:
    path, code, _ = there(language)
    secret = tmp_path / "secret.txt"
    secret.write_text("mine")
    assert secret.read_text() == "mine", "the control: it can be read here"
    text = code.replace("SECRET", str(secret))
    params = Run.parse({"path": path, "seconds": 60})
    made = drive(run, Context(None, sandbox), params, files=[{"path": path, "text": text}]).result
    assert made["exit_code"] == 0, made["stderr"]
    assert "5" in made["stdout"]
    assert "mine" not in made["stdout"]
    if language == "sql":  # has no function that reads a file; a database elsewhere is refused
        far = f"ATTACH '{tmp_path / 'far.db'}' AS far;\nCREATE TABLE far.a (x INT);\n"
        files = [{"path": path, "text": far}]
        made = drive(run, Context(None, sandbox), Run.parse({"path": path}), files=files).result
        assert made["exit_code"] != 0
        assert not (tmp_path / "far.db").exists()
    else:
        assert made["stdout"].split()[-1] == "refused"


@pytest.mark.slow
@pytest.mark.parametrize("language", [each for each in RUN if each != "python"])
def test_tests_are_written_run_and_those_that_fail_are_left_out(
    sandbox: Sandbox, language: str
) -> None:
    path, code, tests = there(language)
    params = WriteTests.parse({"path": path, "seed": 1, "rounds": 0})
    text = code.replace("SECRET", "nowhere")
    made = drive(write_tests, Context(Engine(tests), sandbox), params, text=text)
    verdict = made.result["verdict"]
    assert verdict["passed"], made.result["note"]
    assert verdict["tests"] == {"passed": 1, "failed": 0, "errors": 0}
    assert len(made.result["failing"]) == 1
    assert made.result["path"] == case_forms.tests_path(path)
    assert case_forms.is_test(made.result["path"])
    assert "rong" not in made.result["tests"]


@pytest.mark.slow
def test_code_is_written_corrected_and_shown_to_work_in_another_language(sandbox: Sandbox) -> None:
    there("bash")
    wrong = "add() { echo $(( $1 - $2 )); }\n"
    good = wrong.replace("-", "+")
    given = 'test_it() { [ "$(add 2 3)" = 5 ]; }\n'
    test = f'. "$(dirname "${{BASH_SOURCE[0]}}")/solution.sh"\n{given}'
    params = {"prompt": "add two numbers", "language": "bash", "tests": test, "seed": 1}
    made = drive(write, Context(Engine(wrong, good), sandbox), Write.parse(params), context=[])
    assert made.result["code"] == good
    assert made.result["verdict"]["passed"]
    engine = Engine(good, PROGRAMS["bash"][2].partition("\n")[0] + "\n")
    params = {"prompt": "add two numbers", "language": "bash", "seed": 1}
    made = drive(write, Context(engine, sandbox), Write.parse(params), context=[])
    assert made.result["note"].startswith("passes its own tests: 1/1 tests")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_action_answers_in_every_language(language: str) -> None:
    path, code = PROGRAMS.get(
        language, (f"a{LANGUAGES[language].suffix}", "class A {\n  int F() { return 1; }\n}\n", "")
    )[:2]
    if language == "html":
        code = "<p>one</p>\n"
    made = drive(
        explain, Context(Engine("It adds."), NoWall()), Explain.parse({"path": path}), text=code
    )
    assert made.result["text"] == "It adds.\n"
    mended = code.replace("a", "a", 1) + "\n" + comment(language)
    params = Fix.parse({"path": path, "error": "it is wrong", "seed": 1, "rounds": 0})
    made = drive(fix, Context(Engine(mended), NoWall()), params, text=code)
    assert made.artifacts[0].suffix == LANGUAGES[language].suffix
    params = Document.parse({"path": path, "seed": 1, "rounds": 0})
    if language not in DOCUMENTED:
        with pytest.raises(BadInput, match="nothing to document"):
            drive(document, Context(Engine(), NoWall()), params, text=code)
    elif language != "python":
        places = len(comments.undocumented(code, language))
        engine = Engine(*["Does it.\n"] * places)
        made = drive(document, Context(engine, NoWall()), params, text=code)
        assert made.result["code"].count("Does it.") == places > 0
        assert made.result["verdict"]["passed"]
        assert syntax.error(made.result["code"], language) == ""
    if language not in RUN:
        with pytest.raises(BadInput, match="no tests are written"):
            drive(write_tests, Context(Engine()), WriteTests.parse({"path": path}), text=code)
        with pytest.raises(StudioError, match="cannot be run"):
            drive(run, Context(), Run.parse({"path": path}), files=[{"path": path, "text": code}])


def comment(language: str) -> str:
    return {"html": "<!-- ok -->", "python": "# ok", "bash": "# ok", "sql": "-- ok"}.get(
        language, "// ok"
    )


def test_what_is_missing_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchains, "tool", lambda language: None)
    assert toolchains.missing("python") == toolchains.missing("sql") == ""
    assert toolchains.all_missing()["rust"] == "Rust (rustup.rs)"
    params = Run.parse({"path": "a.rs"})
    with pytest.raises(StudioError, match=r"Rust needs Rust \(rustup.rs\), which is not installed"):
        drive(run, Context(), params, files=[{"path": "a.rs", "text": "fn main() {}"}])


@pytest.mark.parametrize("language", [each for each in RUN if each != "python"])
def test_syntax_is_checked_with_its_line(language: str) -> None:
    _, code, _ = PROGRAMS[language]
    assert syntax.error(code, language) == ""
    assert syntax.error(f"{code}\n)))\n", language).startswith("line ")
    assert {each.name.lower() for each in syntax.definitions(code, language)} & {"add", "sums"}


def test_only_comments_may_differ_when_code_is_documented() -> None:
    code = PROGRAMS["c"][1]
    assert comments.only_comments_differ(code, f"/* a */\n{code}", "c")
    assert not comments.only_comments_differ(code, code.replace("a + b", "a - b"), "c")
    told = comments.with_comments("f() {\n  :\n}\n", {1: ("", "Do.\nIt.")}, "bash")
    assert told == "# Do.\n# It.\nf() {\n  :\n}\n"
    assert comments.cleaned(" Adds.\n * Twice.\n */\nint f;", "c") == "Adds.\nTwice."
    assert comments.cleaned("Adds.\nf() {", "bash") == "Adds."


def test_a_run_that_ends_badly_and_tells_of_no_failure_has_one() -> None:
    text = "TAP version 13\nok 1 - a\n"
    found = test_output.report(
        text, test_output.tap, {"a.test.js": "a"}, ended_well=False, trouble="it ended early"
    )
    assert [each.outcome for each in found.outcomes] == ["passed", "error"]
    assert not found.whole
    found = test_output.report(
        "", test_output.tap, {"a": ""}, ended_well=True, trouble="", expected=["a::b"]
    )
    assert found.outcomes[0].message == "This test was not run."
    rows = test_output.go("=== RUN   TestA\n    a_test.go:5: no\n--- FAIL: TestA (0.00s)\nPASS\n")
    assert rows == [("TestA", "failed", "a_test.go:5: no")]


def test_a_case_that_is_cut_off_or_twice_is_none() -> None:
    form = case_forms.of_language("rust")
    assert form is not None
    text = "#[test]\nfn test_a() { assert_eq!(f(), 1); }\n#[test]\nfn test_b() { assert_eq!("
    assert [case.name for case in form.cases(text, ["f"])] == ["test_a"]
    assert form.cases(text, ["g"]) == []
