"""``studio sandbox``: which walls stand around code that is run here, and whether they hold."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.probes import PROBES, Finding, try_all
from studio.sandbox.sandbox import TIERS, Sandbox

_LIMITS = """\
tiers:
  A   Linux with user namespaces and bubblewrap: files, processes and network of its own,
      and inside these a filter of system calls, rules on files (Landlock) and limits
  B   Linux without user namespaces: the filter, the rules and the limits alone
  Where neither can be raised (macOS and Windows so far), code is not run.

what the walls do not do:
  * A fault of the kernel defeats them all: the code shares the kernel and the processor.
  * Times and caches of the processor are visible: a clever program may guess at its neighbours.
  * In tier B the code may learn whether a path exists, its size and its times, and that other
    processes exist. It reads, changes and signals none of them. If the system kills the process
    that watches it, what the code has started may live on.
  * Memory of all processes together (and in tier B disk space) is counted twenty times a second:
    for a moment a run may hold more. What the kernel itself keeps for pipes is not counted.
  * Pausing a job does not stop the clock of what runs.
  * The graphics card is never within reach, as its driver would be.
  * “Tests passed” does not mean “correct”."""


_TIERS = {
    "A": "files, processes and network of its own, filtered system calls, limits",
    "B": "filtered system calls, rules on files, limits; processes are seen, not touched",
}


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Say which walls stand here, or try to break out of them."""
    parser = ArgumentParser(
        prog="studio sandbox",
        description="Code that a model wrote is run behind walls, or not at all.",
        epilog=_LIMITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=("probe",),
        help="try to break out in every way known: behind the wall, and as control without it",
    )
    parser.add_argument("--tier", choices=TIERS, help="use this tier, or none")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    walls = Sandbox((arguments.tier,) if arguments.tier else TIERS)
    if arguments.what == "probe":
        return _probe(walls, arguments.json)
    return _tell(walls, arguments.json)


def _tell(walls: Sandbox, as_json: bool) -> int:
    if as_json:
        output.print_json({"tier": walls.tier, "reason": walls.reason})
    else:
        stands = f"Code is run in a sandbox (tier {walls.tier}: {_TIERS.get(walls.tier, '')})."
        output.say(stands if walls.tier else "Code is not run here.")
        if walls.reason:
            output.say(walls.reason)
    return ExitCode.OK if walls.tier else ExitCode.PROBLEMS


def _probe(walls: Sandbox, as_json: bool) -> int:
    if not walls.tier:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"There is no wall to try, and nothing is run here: {walls.reason}",
            "“studio doctor sandbox” says what would help.",
        )
    findings: list[Finding] = []
    for finding in try_all(walls, PROBES):
        findings.append(finding)
        if not as_json:
            _print(finding)
    leaks = sum(not finding.blocked for finding in findings)
    if as_json:
        probes = [asdict(finding) for finding in findings]
        output.print_json(
            {"tier": walls.tier, "reason": walls.reason, "leaks": leaks, "probes": probes}
        )
    else:
        _sum_up(walls.tier, findings, leaks)
    return ExitCode.PROBLEMS if leaks else ExitCode.OK


def _print(finding: Finding) -> None:
    mark = ("ok" if finding.control else "?") if finding.blocked else "LEAK"
    output.say(f"{mark:<6}{finding.name:<42}{output.one_line(finding.detail, 60)}".rstrip())


def _sum_up(tier: str, findings: Sequence[Finding], leaks: int) -> None:
    output.say(f"\nTier {tier}: {len(findings)} attempts, {leaks or 'no'} leaks.")
    unproven = sum(not finding.control for finding in findings)
    if unproven:
        output.say(
            f"{unproven} (marked ?) fail on this machine even without the wall: they show nothing."
        )
