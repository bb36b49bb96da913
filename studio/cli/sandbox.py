"""``studio sandbox``: which sandbox there is for code that is run here, and whether it holds."""

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
  A   Linux with user namespaces and bubblewrap: separate files, processes and network,
      plus a system-call filter, file rules (Landlock) and limits
  B   Linux without user namespaces: the filter, the rules and the limits only
  Where neither is available (macOS and Windows so far), code is not run.

limits of the sandbox:
  * A kernel vulnerability defeats it: the code shares the kernel and the processor.
  * Processor timing and caches are visible, so side-channel attacks are possible.
  * In tier B, the code can see whether a path exists, its size and times, and that other
    processes exist. It cannot read, change or signal them. If the system kills the process
    that supervises it, processes started by the code may survive.
  * Total memory (and in tier B, disk space) is checked twenty times a second, so a run may
    briefly exceed its limit. Kernel memory for pipes is not counted.
  * Pausing a job does not stop its clock.
  * The graphics card is never accessible, because its driver would be too.
  * “Tests passed” does not mean “correct”.
"""


_TIERS = {
    "A": "separate files, processes and network, filtered system calls, limits",
    "B": "filtered system calls, file rules, limits; other processes are visible",
}


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Say which sandbox there is, or try to break out of it."""
    parser = ArgumentParser(
        prog="studio sandbox",
        description="Code written by a model runs in a sandbox, or not at all.",
        epilog=_LIMITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=("probe",),
        help="try every known way to break out, inside the sandbox and, as a control, outside",
    )
    parser.add_argument("--tier", choices=TIERS, help="use this tier, or none")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    sandbox = Sandbox((arguments.tier,) if arguments.tier else TIERS)
    if arguments.what == "probe":
        return _probe(sandbox, arguments.json)
    return _tell(sandbox, arguments.json)


def _tell(sandbox: Sandbox, as_json: bool) -> int:
    if as_json:
        output.print_json({"tier": sandbox.tier, "reason": sandbox.reason})
    else:
        strength = _TIERS.get(sandbox.tier, "")
        stands = f"Generated code runs in a sandbox (tier {sandbox.tier}: {strength})."
        output.say(stands if sandbox.tier else "Generated code is not run on this machine.")
        if sandbox.reason:
            output.say(sandbox.reason)
    return ExitCode.OK if sandbox.tier else ExitCode.PROBLEMS


def _probe(sandbox: Sandbox, as_json: bool) -> int:
    if not sandbox.tier:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"There is no sandbox to test, so no code is run here: {sandbox.reason}",
            "Run “studio doctor sandbox” to see what would help.",
        )
    findings: list[Finding] = []
    for finding in try_all(sandbox, PROBES):
        findings.append(finding)
        if not as_json:
            _print(finding)
    leaks = sum(not finding.blocked for finding in findings)
    if as_json:
        probes = [asdict(finding) for finding in findings]
        output.print_json(
            {"tier": sandbox.tier, "reason": sandbox.reason, "leaks": leaks, "probes": probes}
        )
    else:
        _sum_up(sandbox.tier, findings, leaks)
    return ExitCode.PROBLEMS if leaks else ExitCode.OK


def _print(finding: Finding) -> None:
    mark = ("ok" if finding.control else "?") if finding.blocked else "LEAK"
    output.say(f"{mark:<6}{finding.name:<42}{output.one_line(finding.detail, 60)}".rstrip())


def _sum_up(tier: str, findings: Sequence[Finding], leaks: int) -> None:
    output.say(f"\nTier {tier}: {len(findings)} attempts, {leaks or 'no'} leaks.")
    unproven = sum(not finding.control for finding in findings)
    if unproven:
        output.say(
            f"{unproven} (marked ?) also fail without the sandbox on this machine, so they prove "
            "nothing."
        )
