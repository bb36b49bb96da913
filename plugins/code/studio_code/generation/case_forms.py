"""Test formats by language: path, preamble, form of a case, command. Pure.

For every language but Python. Cases are independent; the code around them is ours, so a test
file runs with the language's own runner: ``node --test``, ``rustc --test``, ``go test``, else a
plain program that prints TAP.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from studio_code import syntax
from studio_code.generation.cases import Case
from studio_code.languages import of_path

_SQL_TEST: Final = re.compile(r"^--\s*test:\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)
_COMMON: Final = re.compile(r"^\s*(?:module\.)?exports\b", re.MULTILINE)
_MOST: Final = 16

_C_MAIN: Final = """
static int run(const char *name, void (*test)(void)) {{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {{ test(); fflush(NULL); _exit(0); }}
    int status = 0;
    waitpid(child, &status, 0);
    int bad = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    printf("%sok - %s\\n", bad ? "not " : "", name);
    return bad;
}}

int main(void) {{
    int failed = 0;
{calls}
    return failed != 0;
}}
"""
_JAVA_MAIN: Final = """
    interface Test {{ void run() throws Throwable; }}

    static int run(String name, Test test) {{
        try {{
            test.run();
            System.out.println("ok - " + name);
            return 0;
        }} catch (Throwable error) {{
            System.out.println("not ok - " + name + "\\n# " + error);
            return 1;
        }}
    }}

    public static void main(String[] arguments) {{
        int failed = 0;
{calls}
        System.exit(failed);
    }}
}}
"""


@dataclass(frozen=True)
class TestForm:
    """Tests of one language.

    Attributes:
        words: What a case is, for a model.
        begun: How the first case begins, for a model to go on from.
    """

    language: str
    words: str
    begun: str

    def path(self, path: str) -> str:
        """Return where the tests of a file lie: beside it, named as is usual."""
        pure = PurePosixPath(path)
        name = {
            "javascript": f"{pure.stem}.test{pure.suffix}",
            "typescript": f"{pure.stem}.test{pure.suffix}",
            "go": f"{pure.stem}_test.go",
            "java": f"{pure.stem}Test.java",
        }.get(self.language, f"test_{pure.name}")
        return pure.with_name(name).as_posix()

    def source(self, path: str, code: str, cases: Sequence[Case]) -> str:
        """Return the file of tests for the code of ``path``; empty without cases."""
        if not cases:
            return ""
        inside = "    " if self.language == "java" else ""
        body = "\n\n".join(_indented(case.text.strip("\n"), inside) for case in cases)
        return f"{self.head(path, code)}\n{body}\n{self._tail(cases)}"

    def head(self, path: str, code: str) -> str:
        """Return what stands before the cases."""
        pure = PurePosixPath(path)
        match self.language:
            case "javascript" | "typescript":
                return _node_head(pure.name, code, self.language)
            case "bash":
                return f'. "$(dirname "${{BASH_SOURCE[0]}}")/{pure.name}"\n'
            case "c" | "cpp":
                std = "#include <cassert>\n" if self.language == "cpp" else "#include <assert.h>\n"
                return (
                    f"{std}#include <stdio.h>\n#include <string.h>\n#include <sys/wait.h>\n"
                    "#include <unistd.h>\n\n#define main program_main\n"
                    f'#include "{pure.name}"\n#undef main\n'
                )
            case "rust":
                return f'include!("{pure.name}");\n'
            case "go":
                package = re.search(r"^package\s+(\w+)", code, re.MULTILINE)
                return f'package {package[1] if package else "main"}\n\nimport "testing"\n'
            case "java":
                package = re.search(r"^\s*package\s+[\w.]+\s*;", code, re.MULTILINE)
                above = f"{package[0].strip()}\n\n" if package else ""
                return f"{above}import java.util.*;\n\nclass {pure.stem}Test {{\n"
        return ""

    def _tail(self, cases: Sequence[Case]) -> str:
        if self.language in ("c", "cpp"):
            calls = "\n".join(f'    failed += run("{c.name}", {c.name});' for c in cases)
            return _C_MAIN.format(calls=calls)
        if self.language == "java":
            call = '        failed += run("{0}", () -> {0}());'
            return _JAVA_MAIN.format(calls="\n".join(call.format(c.name) for c in cases))
        return ""

    def cases(self, text: str, used: Collection[str] = (), *, trusted: bool = False) -> list[Case]:
        """Return the cases in a text; what names none of ``used`` or has a fault is left out."""
        result: dict[str, Case] = {}
        for name, body in self._found(text):
            about = not used or any(re.search(rf"\b{re.escape(n)}\b", body) for n in used)
            if about and name not in result and self._is_whole(body):
                result[name] = Case(name, body, trusted)
        return list(result.values())[:_MOST]

    def _found(self, text: str) -> list[tuple[str, str]]:
        if self.language == "sql":
            parts = _SQL_TEST.split(text)
            pairs = zip(parts[1::2], parts[2::2], strict=True)
            return [(name, f"-- test: {name}\n{body.strip()}") for name, body in pairs]
        if self.language in ("javascript", "typescript"):
            return syntax.calls(text, self.language, ("test", "it"))
        wrapped = f"class T {{\n{text}\n}}" if self.language == "java" else text
        prefix = "#[test]\n" if self.language == "rust" else ""
        return [
            (definition.name, prefix + _dedented(definition.text, definition.indent))
            for definition in syntax.definitions(wrapped, self.language)
            if definition.name.lower().startswith("test")
        ]

    def _is_whole(self, body: str) -> bool:
        wrapped = f"class T {{\n{body}\n}}" if self.language == "java" else body
        return not syntax.error(wrapped, self.language)


def of_language(language: str) -> TestForm | None:
    """Return the form of a language; None where tests are not written in it."""
    return _FORMS.get(language)


def is_test(path: str) -> bool:
    """Whether a file holds tests, by its name."""
    name = PurePosixPath(path).name
    stem = PurePosixPath(name).stem
    if of_path(path).id in ("javascript", "typescript"):
        return stem.endswith((".test", ".spec"))
    if name.endswith(".java"):
        return stem.endswith("Test") and stem != "Test"
    return stem.startswith("test_") or stem.endswith("_test")


def tests_path(path: str) -> str:
    """Return where the tests of a file go: beside it."""
    form = of_language(of_path(path).id)
    pure = PurePosixPath(path)
    return form.path(path) if form else pure.with_name(f"test_{pure.stem}.py").as_posix()


def _node_head(name: str, code: str, language: str) -> str:
    names = ", ".join(
        definition.name
        for definition in syntax.definitions(code, language)
        if not definition.indent
    )
    if language == "javascript" and _COMMON.search(code):
        return (
            'const test = require("node:test");\nconst assert = require("node:assert/strict");\n'
            f'const {{ {names} }} = require("./{name}");\n'
        )
    return (
        'import test from "node:test";\nimport assert from "node:assert/strict";\n'
        f'import {{ {names} }} from "./{name}";\n'
    )


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line if line else line for line in text.split("\n")) if by else text


def _dedented(text: str, by: str) -> str:
    return "\n".join(line.removeprefix(by) for line in text.split("\n"))


_FORMS: Final[Mapping[str, TestForm]] = {
    entry.language: entry
    for entry in (
        TestForm(
            "javascript",
            'one call test("what it shows", () => {…}) with one assert.equal',
            'test("',
        ),
        TestForm(
            "typescript",
            'one call test("what it shows", () => {…}) with one assert.equal',
            'test("',
        ),
        TestForm(
            "bash", 'one function test_… with one comparison, such as [ "$(f 1)" = "2" ]', "test_"
        ),
        TestForm("c", "one function static void test_…(void) with one assert", "static void test_"),
        TestForm("cpp", "one function static void test_…() with one assert", "static void test_"),
        TestForm("rust", "one function with #[test] and one assert_eq!", "#[test]\nfn test_"),
        TestForm("go", "one function func Test…(t *testing.T) with one check", "func Test"),
        TestForm("java", "one method static void test…() with one assert", "static void test"),
        TestForm(
            "sql", "a line “-- test: what it shows” and one SELECT whose value is true", "-- test: "
        ),
    )
}
