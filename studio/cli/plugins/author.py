"""``studio plugins new`` and ``try``: the first commands for plugin authors."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.plugins import project, scaffold
from studio.plugins.isolation import needs_sandbox

Command = Callable[[Namespace, StudioSession], int]


def add_commands(commands: Any) -> None:
    """Add the commands of authors to those of ``studio plugins``; each sets ``run``."""
    new = commands.add_parser("new", help="write the project of a new plugin")
    new.add_argument("name", metavar="NAME", help="id: lower-case letters, digits and _")
    new.add_argument("--page", action="store_true", help="with a page of its own")
    new.add_argument("--family", action="store_true", help="with a family of weights of its own")
    new.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="folder to put it in")
    new.set_defaults(run=_new)
    trial = commands.add_parser("try", help="run the studio with a plugin under development")
    trial.add_argument("folder", type=Path, metavar="DIR", help="the project, or the package in it")
    trial.add_argument(
        "--task", nargs="...", metavar="ID", help="run one task with the flags that follow"
    )
    trial.set_defaults(run=_try)
    check = commands.add_parser("check", help="look for mistakes in a plugin")
    check.add_argument("path", type=Path, metavar="WHEEL|DIR", help="a wheel, or a project")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.add_argument("--no-code", action="store_true", help="read only: import nothing of it")
    check.set_defaults(run=_check)


def _new(arguments: Namespace, session: StudioSession) -> int:
    folder = scaffold.write_project(
        arguments.name, arguments.to, page=arguments.page, family=arguments.family
    )
    output.say(str(folder))
    output.hint("Its README.md says how to test, try, check and build it.")
    return ExitCode.OK


def _try(arguments: Namespace, session: StudioSession) -> int:
    """Run another studio, which imports the plugin afresh; it uses the same home."""
    folder = project.package_folder(arguments.folder)
    search_path = os.environ.get(project.SEARCH_PATH, "")
    search = os.pathsep.join(filter(None, (str(folder.parent), search_path)))
    os.environ[project.SEARCH_PATH] = search
    plugin = next(
        (candidate for candidate in session.plugins.plugins if candidate.folder == folder), None
    )
    if plugin is not None:  # it may be off, or have crashed when it was tried last
        session.plugins.switch_on(plugin.id)
    words = ["run", *arguments.task] if arguments.task else []
    return subprocess.run([sys.executable, "-m", "studio", *words], check=False).returncode


def _check(arguments: Namespace, session: StudioSession) -> int:
    from studio.plugins.check import check

    report = check(
        arguments.path,
        runs_code=not arguments.no_code,
        needs_sandbox=needs_sandbox(session.settings),
    )
    if arguments.json:
        findings = [msgspec.to_builtins(finding) for finding in report.findings]
        facts = {"plugin": report.plugin, "version": report.version, "good": report.is_good}
        output.print_json({**facts, "findings": findings})
        return ExitCode.OK if report.is_good else ExitCode.PROBLEMS
    for finding in report.findings:
        place = (
            f"{finding.file}:{finding.line}: "
            if finding.line
            else f"{finding.file}: "
            if finding.file
            else ""
        )
        kind = "advice" if finding.is_advice else "error"
        output.say(f"{place}{kind} [{finding.rule}] {finding.message}")
        if finding.cure:
            output.say(f"    {finding.cure}")
    name = f"{report.plugin} {report.version}" if report.plugin else report.path.name
    output.hint(f"{name}: no mistakes found." if report.is_good else f"{name} has mistakes.")
    return ExitCode.OK if report.is_good else ExitCode.PROBLEMS
