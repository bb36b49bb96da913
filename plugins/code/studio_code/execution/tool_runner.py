"""Runs every language but Python by its own tools, in the sandbox: programs and tests.

Compiled ones are built and run at once, since nothing is left of a run. Tests run by ``node
--test``, ``rustc --test``, ``go test``; those of C, C++, Java and Bash are programs that print TAP,
and those of SQL are queries whose values are true.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from importlib import resources
from pathlib import PurePosixPath
from shlex import join, quote
from typing import Final

from studio.api import Event, SandboxLimits, SandboxRequest, TaskContext
from studio_code import languages, syntax
from studio_code.execution import sandbox_run, test_output, toolchains
from studio_code.execution.control import Control
from studio_code.execution.outcome import SuiteOutcome
from studio_code.execution.sandbox_run import Ran

_Files = Mapping[str, str]
_Rows = list[tuple[str, str, str]]

_MAIN: Final = re.compile(r"\bmain\s*\(")
_ESM: Final = re.compile(r"^\s*(?:import\b(?!\s*\()|export\b)", re.MULTILINE)
_JVM: Final = ("-XX:+UseSerialGC", "-Xmx256m", "-XX:CompressedClassSpaceSize=64m",
               "-XX:ReservedCodeCacheSize=64m", "-XX:TieredStopAtLevel=1")  # fmt: skip
_BASH_TESTS: Final = """\
. "./$1"
failed=0
for name in $(declare -F | sed -n 's/^declare -f \\(test_.*\\)/\\1/p'); do
  if said=$( (set -e; "$name") 2>&1 ); then echo "ok - $name"
  else failed=1; echo "not ok - $name"; printf '%s\\n' "$said" | sed 's/^/# /'; fi
done
exit $failed
"""
_RUST_BUILD: Final = """\
build() {{
  LD_LIBRARY_PATH={home}/lib {rustc} --sysroot {home} --edition 2021 --color never \\
    -C save-temps --print link-args "$@" > "$TMPDIR/link" 2> "$TMPDIR/said" && return
  grep -q 'could not exec the linker' "$TMPDIR/said" || {{ cat "$TMPDIR/said" >&2; exit 1; }}
  # Linked here: the compiler starts its linker by a call that the sandbox has not.
  sed -i -e 's/"-fuse-ld=lld"//' -e 's/"-B[^"]*gcc-ld"//' "$TMPDIR/link"
  sh "$TMPDIR/link" >&2 || exit 1
}}
"""


class ToolRunner:
    """The runner of one language; see :class:`studio_code.execution.runners.Runner`."""

    def __init__(self, language: str) -> None:
        self.language = language

    def missing(self) -> str:
        """Return what must be installed first, for a sentence; empty if nothing."""
        return toolchains.missing(self.language)

    def syntax_error(self, code: str) -> str:
        """Return the syntax error with its line; empty if there is none."""
        return syntax.error(code, self.language)

    def program(
        self,
        ctx: TaskContext,
        files: _Files,
        path: str,
        arguments: Sequence[str] = (),
        stdin: str = "",
        *,
        seconds: float = 30.0,
        live: bool = False,
    ) -> Generator[Event, None, Ran]:
        """Run the file ``path`` among ``files``."""
        files, command = _PROGRAMS[self.language](dict(files), path)
        words = join(arguments)
        request = self._request(f"{command} {words}".rstrip(), files, seconds, stdin)
        return (yield from sandbox_run.run(ctx, request, live=live))

    def tests(
        self,
        ctx: TaskContext,
        files: _Files,
        tests: Sequence[str],
        *,
        measured: Sequence[str] = (),
        expected: Sequence[str] = (),
        options: Sequence[str] = (),
        seconds: float = 30.0,
        live: bool = False,
        message: str = "",
        control: Control | None = None,
    ) -> Generator[Event, None, SuiteOutcome]:
        """Run the files ``tests``; no lines are measured, and there is no control."""
        make, read = _TESTS[self.language]
        files, command = make(dict(files), list(tests), list(measured))
        request = self._request(command, files, seconds)
        ran = yield from sandbox_run.run(ctx, request, live=live, message=message)
        report = test_output.report(
            ran.stdout,
            read,
            {path: files.get(path, "") for path in tests},
            ended_well=ran.result.succeeded,
            trouble=ran.output or ran.ending,
            expected=expected,
        )
        return SuiteOutcome(ran, report)

    def _request(
        self, script: str, files: _Files, seconds: float, stdin: str = ""
    ) -> SandboxRequest:
        tool = toolchains.tool(self.language)
        # Virtual machines reserve addresses for much more than they use; Go maps its programs.
        reserves = self.language in ("java", "javascript", "typescript", "go")
        return SandboxRequest(
            ("sh", "-c", script),
            {path: text.encode("utf-8", "replace") for path, text in files.items()},
            stdin=stdin.encode(),
            folders=tool.folders if tool else (),
            limits=SandboxLimits(
                wall_seconds=seconds,
                cpu_seconds=max(10, int(seconds)),
                open_files=256,
                memory_bytes=(2 if reserves else 1) << 30,
            ),
        )


# --- programs: files and the command, to which arguments are added --------------------------------


def _program(language: str) -> str:
    tool = toolchains.tool(language)
    return quote(tool.program) if tool else "false"


def _node(files: dict[str, str], path: str) -> tuple[_Files, str]:
    return _as_modules(files), f"exec {_node_words(path)} {quote(path)}"


def _node_words(path: str) -> str:
    typed = languages.of_path(path).id == "typescript"
    return _program("javascript") + (" --experimental-strip-types" if typed else "")


def _as_modules(files: dict[str, str]) -> dict[str, str]:
    """Say that files are modules, where they import as modules do and nothing says otherwise."""
    has = any(_ESM.search(text) for path, text in files.items() if path.endswith((".js", ".ts")))
    if has and "package.json" not in files:
        files["package.json"] = '{"type": "module"}\n'
    return files


def _bash(files: dict[str, str], path: str) -> tuple[_Files, str]:
    return files, f"exec {_program('bash')} {quote(path)}"


def _sql(files: dict[str, str], path: str) -> tuple[_Files, str]:
    name = f"_{secrets.token_hex(12)}.py"
    inside = resources.files("studio_code.execution.inside").joinpath("sql_runner.py")
    files[name] = inside.read_text(encoding="utf-8")
    return files, f"exec python3 -I {name} {quote(path)}"


def _compiled(language: str) -> Callable[[dict[str, str], str], tuple[_Files, str]]:
    def make(files: dict[str, str], path: str) -> tuple[_Files, str]:
        built = _build(language, files, path, '"$TMPDIR/program"')
        return files, f'{built} && exec "$TMPDIR/program"'

    return make


def _build(language: str, files: _Files, path: str, target: str) -> str:
    """Return the command that compiles a file, and those beside it that have no ``main``."""
    beside = [
        name
        for name, text in files.items()
        if name != path
        and languages.of_path(name).id == language
        and not name.endswith((".h", ".hpp"))
        and not _MAIN.search(text)
        and f'"{PurePosixPath(name).name}"' not in files[path]  # it is included
    ]
    standard = "c17" if language == "c" else "c++17"
    words = ["-std=gnu" + standard.removeprefix("c"), "-g", "-O1", "-I.", "-o"]
    sources = join([path, *beside])
    return f"{_program(language)} {join(words)} {target} {sources} -lm -pthread"


def _java(files: dict[str, str], path: str) -> tuple[_Files, str]:
    return files, f"{_java_build(files)} && exec {_java_run()} {quote(_java_class(files, path))}"


def _java_build(files: _Files) -> str:
    sources = [path for path in files if path.endswith(".java")]
    flags = " ".join(f"-J{flag}" for flag in _JVM)
    return (
        f"export LD_LIBRARY_PATH={_java_home()}/lib:{_java_home()}/lib/server && "
        f'{_java_home()}/bin/javac {flags} -d "$TMPDIR/classes" {join(sources)}'
    )


def _java_run() -> str:
    return f'{_java_home()}/bin/java {join(_JVM)} -ea -cp "$TMPDIR/classes"'


def _java_home() -> str:
    tool = toolchains.tool("java")
    return quote(tool.home) if tool else ""


def _java_class(files: _Files, path: str) -> str:
    package = re.search(r"^\s*package\s+([\w.]+)\s*;", files.get(path, ""), re.MULTILINE)
    stem = PurePosixPath(path).stem
    return f"{package[1]}.{stem}" if package else stem


def _rust(files: dict[str, str], path: str) -> tuple[_Files, str]:
    return files, f'{_rust_build()}build -o "$TMPDIR/program" {quote(path)}\nexec "$TMPDIR/program"'


def _rust_build() -> str:
    tool = toolchains.tool("rust")
    assert tool is not None, "it was asked before whether it is there"
    return _RUST_BUILD.format(home=quote(tool.home), rustc=quote(tool.program))


def _go(files: dict[str, str], path: str) -> tuple[_Files, str]:
    folder = str(PurePosixPath(path).parent)
    beside = [p for p in files if p.endswith(".go") and str(PurePosixPath(p).parent) == folder]
    sources = [
        p
        for p in beside
        if not p.endswith("_test.go") and (p == path or not _MAIN.search(files[p]))
    ]
    return files, f"{_go_settings()} && exec {_program('go')} run {join(sources)}"


def _go_settings() -> str:
    tool = toolchains.tool("go")
    # Where there is no /proc, Go finds neither its own folder nor itself to report how it is used.
    root = f"GOROOT={quote(tool.home)} " if tool else ""
    folders = 'GOCACHE="$TMPDIR/go" GOPATH="$TMPDIR/path" XDG_CONFIG_HOME="$TMPDIR/config"'
    silent = (
        'mkdir -p "$TMPDIR/config/go/telemetry" && echo off >"$TMPDIR/config/go/telemetry/mode"'
    )
    return f"export {root}{folders} GOPROXY=off GOFLAGS=-mod=mod CGO_ENABLED=0 && {silent}"


_PROGRAMS: Final[Mapping[str, Callable[[dict[str, str], str], tuple[_Files, str]]]] = {
    "javascript": _node,
    "typescript": _node,
    "bash": _bash,
    "sql": _sql,
    "c": _compiled("c"),
    "cpp": _compiled("cpp"),
    "java": _java,
    "rust": _rust,
    "go": _go,
}


# --- tests: files and the command -----------------------------------------------------------------


def _node_tests(files: dict[str, str], tests: list[str], _of: list[str]) -> tuple[_Files, str]:
    words = f"{_node_words(tests[0])} --test --test-reporter=tap"
    return _as_modules(files), f"exec {words} {join(tests)}"


def _bash_tests(files: dict[str, str], tests: list[str], _of: list[str]) -> tuple[_Files, str]:
    name = f"_{secrets.token_hex(12)}.sh"
    files[name] = _BASH_TESTS
    return files, _each(f"{_program('bash')} {name} {quote(path)}" for path in tests)


def _sql_tests(files: dict[str, str], tests: list[str], of: list[str]) -> tuple[_Files, str]:
    program = next((path for path in of if path.endswith(".sql")), _tested(files, tests[0]))
    all_files, command = _sql(files, program or tests[0])
    return all_files, f"{command} {join(tests)}"


def _tested(files: _Files, test: str) -> str:
    """Return the file that a file of tests is named after; empty for none."""
    pure = PurePosixPath(test)
    stem = pure.stem.removeprefix("test_").removesuffix("_test")
    path = str(pure.with_name(stem + pure.suffix))
    return path if path in files and path != test else ""


def _compiled_tests(
    language: str,
) -> Callable[[dict[str, str], list[str], list[str]], tuple[_Files, str]]:
    def make(files: dict[str, str], tests: list[str], _of: list[str]) -> tuple[_Files, str]:
        others = {path: text for path, text in files.items() if path not in tests}
        commands = []
        for number, path in enumerate(tests):
            target = f'"$TMPDIR/test{number}"'
            built = _build(language, {**others, path: files[path]}, path, target)
            commands.append(f"{built} -w && {target}")
        return files, _each(commands)

    return make


def _java_tests(files: dict[str, str], tests: list[str], _of: list[str]) -> tuple[_Files, str]:
    runs = _each(f"{_java_run()} {quote(_java_class(files, path))}" for path in tests)
    return files, f"{_java_build(files)} || exit 1\n{runs}"


def _rust_tests(files: dict[str, str], tests: list[str], _of: list[str]) -> tuple[_Files, str]:
    built = "\n".join(
        f'build --test -A warnings -o "$TMPDIR/test{n}" {quote(p)}' for n, p in enumerate(tests)
    )
    runs = _each(f'"$TMPDIR/test{number}" --color never' for number in range(len(tests)))
    return files, f"{_rust_build()}{built}\n{runs}"


def _go_tests(files: dict[str, str], tests: list[str], _of: list[str]) -> tuple[_Files, str]:
    files.setdefault("go.mod", "module program\n\ngo 1.20\n")
    folders = sorted({f"./{PurePosixPath(path).parent}" for path in tests})
    return files, f"{_go_settings()} && exec {_program('go')} test -v {join(folders)}"


def _each(commands: Sequence[str] | Generator[str, None, None]) -> str:
    """Return a script that runs all commands and ends badly if one of them does."""
    return "\n".join(
        ["bad=0", *(f"{{ {command}; }} || bad=1" for command in commands), "exit $bad"]
    )


_Make = Callable[[dict[str, str], list[str], list[str]], tuple[_Files, str]]
_TESTS: Final[Mapping[str, tuple[_Make, Callable[[str], _Rows]]]] = {
    "javascript": (_node_tests, test_output.tap),
    "typescript": (_node_tests, test_output.tap),
    "bash": (_bash_tests, test_output.tap),
    "sql": (_sql_tests, test_output.tap),
    "c": (_compiled_tests("c"), test_output.tap),
    "cpp": (_compiled_tests("cpp"), test_output.tap),
    "java": (_java_tests, test_output.tap),
    "rust": (_rust_tests, test_output.rust),
    "go": (_go_tests, test_output.go),
}
