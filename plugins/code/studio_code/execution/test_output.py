"""What runners of tests print, read into outcomes: TAP, and the words of Rust and Go. Pure.

Code under test can print what looks like an outcome. So the exit code counts, too: a run that ended
badly and tells of no failure has one, and one that tells of nothing shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from studio_code.execution.clean_output import cleaned
from studio_code.execution.report import MAX_LINES, MAX_TEXT, Outcome, Report

_TAP: Final = re.compile(r"^( {0,8})(not )?ok\b(?: \d+)?(?: - (.*?))?\s*(# (?:SKIP|TODO)\b.*)?$")
_RUST: Final = re.compile(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)")
_GO: Final = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+)")
_NOISE: Final = (
    "duration_ms", "type:", "Subtest:", "tests ", "suites ", "pass ", "fail ", "cancelled ",
    "skipped ", "todo ",
)  # fmt: skip
_PLACE: Final = re.compile(r"(?:^|[\s('\"/:])([\w.-]+\.\w+):(\d+)")


def tap(text: str) -> list[tuple[str, str, str]]:
    """Return (name, outcome, message) of each line of TAP; of nested ones those at the margin."""
    rows: list[tuple[str, str, str]] = []
    message: list[str] = []
    for line in text.splitlines()[: MAX_LINES * 20]:
        match = _TAP.match(line)
        if match is None or match[1]:
            message.append(line)
            continue
        if rows and rows[-1][1] == "failed" and not rows[-1][2]:
            rows[-1] = (*rows[-1][:2], _gist(message))
        outcome = "failed" if match[2] else "passed"
        rows.append((match[3] or f"test {len(rows) + 1}", "skipped" if match[4] else outcome, ""))
        message = []
    if rows and rows[-1][1] == "failed":
        rows[-1] = (*rows[-1][:2], _gist(message))
    return rows


def _gist(lines: Sequence[str]) -> str:
    """Return the diagnostic below a TAP line, without its framing lines."""
    plain = [re.sub(r"^\s*#? ?", "", line) for line in lines]
    remaining = [
        line for line in plain if line.strip() and not line.startswith(("---", "...", "1.."))
    ]
    return "\n".join(line for line in remaining if not line.startswith(_NOISE))


def rust(text: str) -> list[tuple[str, str, str]]:
    """Return the same of ``rustc --test``."""
    messages = dict(re.findall(r"^---- (\S+) stdout ----\n(.*?)(?=^---- |^failures:)", text, _DOT))
    words = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}
    rows = [_RUST.match(line) for line in text.splitlines()]
    return [(r[1], words[r[2]], messages.get(r[1], "").strip()) for r in rows if r]


_DOT: Final = re.MULTILINE | re.DOTALL


def go(text: str) -> list[tuple[str, str, str]]:
    """Return the same of ``go test -v``."""
    words = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}
    rows: list[tuple[str, str, str]] = []
    message: list[str] = []
    for line in text.splitlines():
        match = _GO.match(line)
        if match:
            rows.append((match[2], words[match[1]], "\n".join(message).strip()))
        message = [] if match or line.startswith("=== RUN") else [*message, line.strip()]
    return rows


def report(
    output: str,
    read: Callable[[str], list[tuple[str, str, str]]],
    tests: Mapping[str, str],
    *,
    ended_well: bool,
    trouble: str,
    expected: Sequence[str] = (),
) -> Report:
    """Return the outcome of a test run.

    Args:
        read: One of the readers above.
        tests: Path → text of the test files.
        ended_well: Whether the run exited by itself with 0.
        trouble: Message for a failed run that no test explains: compiler errors.
        expected: Prefixes of test names that must be reported.
    """
    outcomes: dict[str, Outcome] = {}
    first = next(iter(tests), "tests")
    for name, outcome, message in read(output)[:MAX_LINES]:
        path = next((p for p, text in tests.items() if name in text), first)
        called = f"{path}::{' '.join(name.split())[:200]}"
        earlier = outcomes.get(called)
        if earlier is None or earlier.outcome == "passed":
            line = _line(message, path) or _line_of(name, tests.get(path, ""))
            outcomes[called] = Outcome(called, outcome, cleaned(message[:MAX_TEXT]), line)
    bad = any(row.outcome in ("failed", "error") for row in outcomes.values())
    is_whole = ended_well or bad
    if not ended_well and not bad:
        outcomes[first] = Outcome(
            first, "error", cleaned(trouble[-MAX_TEXT:]), _line(trouble, first)
        )
    for name in expected:
        if not any(reported == name or reported.startswith(f"{name}[") for reported in outcomes):
            outcomes[name] = Outcome(name, "error", "This test was not run.")
    return Report(tuple(outcomes.values()), whole=is_whole)


def _line(message: str, path: str) -> int:
    """Return the line of a file that a message names first; 0 for none."""
    name = path.rpartition("/")[2]
    return next((int(n) for file, n in _PLACE.findall(message) if file == name), 0)


def _line_of(name: str, text: str) -> int:
    at = text.find(name)
    return text.count("\n", 0, at) + 1 if at >= 0 else 0
