"""``studio doctor``: finds problems of this installation, and names the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from studio.cli.doctor import display, machine, parts, storage
from studio.cli.doctor.check_result import CheckResult, Level
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import StudioError

Check = Callable[[StudioSession], Iterator[CheckResult]]

CHECKS: dict[str, Check] = {
    "system": machine.system,
    "home": storage.home,
    "library": storage.library,
    "weights": parts.weights,
    "plugins": parts.plugins,
    "display": display.display,
    "fonts": display.fonts,
    "audio": machine.audio,
    "memory": machine.memory,
    "sandbox": machine.sandbox,
    "device": parts.device,
    "machines": parts.machines,
}

_MARKS = {Level.FINE: "ok", Level.WARNING: "note", Level.PROBLEM: "FAULT"}


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Run the checks; exit code 8 if there is a problem (a note is none)."""
    parser = ArgumentParser(
        prog="studio doctor", description="Look for problems and suggest fixes."
    )
    parser.add_argument("check", nargs="*", metavar="CHECK", help=f"one of {', '.join(CHECKS)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    for name in arguments.check:
        if name not in CHECKS:
            parser.error(f"there is no check “{name}”; available: {', '.join(CHECKS)}")
    findings: list[CheckResult] = []
    for name in arguments.check or CHECKS:
        for finding in _run(name, session):
            findings.append(finding)
            if not arguments.json:
                _print(name, finding)
    problems = [finding for finding in findings if finding.level is Level.PROBLEM]
    if arguments.json:
        output.print_json(
            {"healthy": not problems, "findings": [_as_json(finding) for finding in findings]}
        )
    else:
        count = len(problems)
        output.say(f"\n{count or 'No'} {'problem' if count == 1 else 'problems'} found.")
    return ExitCode.PROBLEMS if problems else ExitCode.OK


def _run(name: str, session: StudioSession) -> Iterator[CheckResult]:
    """Yield the results of a check; a check that fails is itself a finding."""
    try:
        for finding in CHECKS[name](session):
            finding.check = name
            yield finding
    except StudioError as error:
        yield CheckResult(Level.PROBLEM, error.message, error.hint, check=name)
    except Exception as error:  # noqa: BLE001 - the patient may be in any state
        what = f"{type(error).__name__}: {error}"
        yield CheckResult(
            Level.PROBLEM,
            f"This could not be checked ({output.one_line(what, 200)}).",
            "Send this line to the developers.",
            check=name,
        )


def _print(name: str, finding: CheckResult) -> None:
    output.say(f"{_MARKS[finding.level]:<6}{name:<9}{finding.message}")
    if finding.cure:
        output.say(f"{'':15}→ {finding.cure}")


def _as_json(finding: CheckResult) -> dict[str, Any]:
    return {
        "check": finding.check,
        "level": str(finding.level),
        "message": finding.message,
        "cure": finding.cure,
    }
