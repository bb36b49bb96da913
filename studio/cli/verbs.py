"""``studio PLUGIN VERB …``: the commands that plugins declare. Each runs one of their tasks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from studio.api.manifest import VerbEntry
from studio.cli import run
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.core.plugins import Plugin

_HELP = ("-h", "--help")


def find(name: str, session: StudioSession) -> Plugin | None:
    """Return the plugin that takes part, is called ``name`` and has commands of its own."""
    usable = session.plugins.usable()
    return next((p for p in usable if p.id == name and p.manifest and p.manifest.verbs), None)


def main(plugin: Plugin, argv: Sequence[str], session: StudioSession) -> int:
    """Run one of the commands of ``plugin``."""
    assert plugin.manifest is not None
    verbs = {verb.name: verb for verb in plugin.manifest.verbs}
    parser = _parser(plugin, verbs.values())
    if not argv or argv[0] in _HELP:
        parser.print_help()
        return ExitCode.OK if argv else ExitCode.BAD_INPUT
    if argv[0] not in verbs:
        near = difflib.get_close_matches(argv[0], verbs, n=1)
        meant = f"; did you mean “{near[0]}”?" if near else ""
        parser.error(f"{plugin.title} has no command “{argv[0]}”{meant}")
    verb = verbs[argv[0]]
    return run.main([verb.task, *argv[1:]], session, f"studio {plugin.id} {verb.name}")


def _parser(plugin: Plugin, verbs: Iterable[VerbEntry]) -> ArgumentParser:
    tasks = {task.id: task for task in plugin.manifest.tasks} if plugin.manifest else {}
    lines = "\n".join(f"  {v.name:<12}{v.summary or tasks[v.task].title}" for v in verbs)
    return ArgumentParser(
        prog=f"studio {plugin.id}",
        usage=f"studio {plugin.id} COMMAND [--FLAG VALUE …] [--json] [--out FOLDER]",
        description=plugin.manifest.summary if plugin.manifest else "",
        epilog=f"commands (each has --help):\n{lines}",
    )
