"""Dispatches the commands and is the border where exceptions become sentences and exit codes."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import errno
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import studio
from studio.base import disk
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.log import log_to
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import ErrorCode, StudioError

if TYPE_CHECKING:
    from studio.api.manifest import VerbEntry
    from studio.plugins import Plugin

OpenWindow = Callable[[bool, Sequence[str]], int]

COMMANDS = {
    "run": "run a task and save its results",
    "chat": "chat with a language model in the terminal",
    "queue": "list, order, pause and run the jobs that wait in the library",
    "workflow": "run several steps over many inputs, from a file",
    "tasks": "list the tasks of all plugins",
    "models": "list, add, download, verify and convert models",
    "machines": "list, add and check other machines that run your jobs",
    "device": "show the devices, their usage and the last hour",
    "plugins": "install, list, enable, update and remove plugins",
    "serve": "start a local OpenAI-compatible API server",
    "mcp": "offer the tasks as tools to programs that speak MCP",
    "tools": "add and check MCP servers, whose tools Chat may call",
    "library": "list, search, show, export, verify and back up results",
    "verify": "check who made files, and whether they were changed since",
    "sandbox": "show and test the sandbox for generated code",
    "doctor": "look for problems and suggest fixes",
    "tour": "run an example of each plugin and save the results",
    "bench": "run benchmarks",
    "help": "read the guide, or search it",
}
"""Command → one line of help. Each is a module here with ``main(argv, session) -> int``."""


def main(argv: Sequence[str], open_window: OpenWindow) -> int:
    """Run the command line ``argv`` and return its exit code; without a command, the window's."""
    output.use_utf8()
    session = StudioSession()
    try:
        return _dispatch(argv, session, open_window)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has seen enough. Nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as error:
        # Full disks of the studio are told where they are met, so this is the one of `> file`.
        return _output_is_full() if error.errno == errno.ENOSPC else explain(error, session)
    except Exception as error:  # noqa: BLE001 - the border of the process: no tracebacks
        return explain(error, session)


def explain(error: Exception, session: StudioSession | None = None) -> ExitCode:
    """Tell the user what went wrong, and return the exit code for it."""
    session = session or StudioSession()
    reason = error if isinstance(error, StudioError) else disk.about_path(error)
    return _tell(reason, session) if reason else _tell_bug(error, session)


def _output_is_full() -> ExitCode:
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - till the end: what is left goes nowhere
    what = "The output cannot be written: the disk is full."
    return explain(StudioError(ErrorCode.DISK_FULL, what, "Free up disk space, then try again."))


def _dispatch(argv: Sequence[str], session: StudioSession, open_window: OpenWindow) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    session.safe_mode = arguments.safe_mode
    session.only = tuple(name for word in arguments.only for name in word.split(",") if name)
    if arguments.command is None:
        return open_window(session.safe_mode, session.only)
    if arguments.command not in COMMANDS:
        return _run_verb(arguments.command, arguments.rest, session, parser)
    session.wants_json = "--json" in arguments.rest
    with contextlib.suppress(StudioError):  # no home: whoever needs one says so
        log_to(session.paths.logs / "cli.log")
    module = importlib.import_module(f"studio.cli.{arguments.command}")
    return int(module.main(arguments.rest, session))


def _run_verb(
    name: str, rest: Sequence[str], session: StudioSession, parser: ArgumentParser
) -> int:
    """Run ``studio PLUGIN VERB …``, a command that a plugin declares: one of its tasks."""
    from studio.cli import run

    session.wants_json = "--json" in rest
    plugin = None
    with contextlib.suppress(StudioError):  # without a home there is no such command either
        plugin = _plugin_with_verbs(name, session)
    if plugin is None or plugin.manifest is None:
        parser.error(f"there is no command “{name}”")
    verbs = {verb.name: verb for verb in plugin.manifest.verbs}
    parser = _verbs_parser(plugin, verbs.values())
    if not rest or rest[0] in _HELP:
        parser.print_help()
        return ExitCode.OK if rest else ExitCode.BAD_INPUT
    if rest[0] not in verbs:
        near = difflib.get_close_matches(rest[0], verbs, n=1)
        meant = f"; did you mean “{near[0]}”?" if near else ""
        parser.error(f"{plugin.title} has no command “{rest[0]}”{meant}")
    verb = verbs[rest[0]]
    return run.main([verb.task, *rest[1:]], session, f"studio {plugin.id} {verb.name}")


_HELP = ("-h", "--help")


def _plugin_with_verbs(name: str, session: StudioSession) -> Plugin | None:
    """Return the plugin that takes part, is called ``name`` and has commands of its own."""
    usable = session.plugins.usable()
    return next((p for p in usable if p.id == name and p.manifest and p.manifest.verbs), None)


def _verbs_parser(plugin: Plugin, verbs: Iterable[VerbEntry]) -> ArgumentParser:
    tasks = {task.id: task for task in plugin.manifest.tasks} if plugin.manifest else {}
    lines = "\n".join(f"  {v.name:<12}{v.summary or tasks[v.task].title}" for v in verbs)
    return ArgumentParser(
        prog=f"studio {plugin.id}",
        usage=f"studio {plugin.id} COMMAND [--FLAG VALUE …] [--json] [--out FOLDER]",
        description=plugin.manifest.summary if plugin.manifest else "",
        epilog=f"commands (each has --help):\n{lines}",
    )


def _parser() -> ArgumentParser:
    commands = "\n".join(f"  {name:<9}{text}" for name, text in COMMANDS.items())
    codes = "\n".join(f"  {code:<5}{code.meaning}" for code in ExitCode)
    parser = ArgumentParser(
        prog="studio",
        usage="studio [--safe-mode] [--only ID,…] [COMMAND …]",
        description="Offline Studio: create with generative models on your own "
        "machine.\nWithout a command, the window opens.",
        epilog=f"commands (each has --help):\n{commands}\n\nexit "
        f"codes:\n{codes}\n\nenvironment:\n  STUDIO_HOME         folder for the library "
        "and the settings\n  STUDIO_WEIGHTS      extra model folders, searched first\n  "
        "STUDIO_WEIGHTS_HOME folder for models you download or add, shared by your homes\n  "
        "STUDIO_DEVICE       device: cpu, cuda:1, … as listed by `studio doctor`\n  "
        "STUDIO_TEXT_ENGINE  text engine: torch, llamacpp, or auto\n  STUDIO_PLUGIN_PATH "
        " folders with plugins under development",
    )
    version = f"Offline Studio {studio.__version__}"
    parser.add_argument("--version", action="version", version=version)
    parser.add_argument("--safe-mode", action="store_true", help="load only the built-in plugins")
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID,…", help="load only these plugins"
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="...", help=argparse.SUPPRESS)
    return parser


_WHAT_WAS_GIVEN = {
    ErrorCode.BAD_INPUT,
    ErrorCode.BAD_WEIGHTS,
    ErrorCode.CONTEXT_TOO_LONG,
    ErrorCode.NOT_FOUND,
    ErrorCode.UNSUPPORTED,
}
"""Errors for which a plugin is not to blame, though one has raised them."""


def _tell(error: StudioError, session: StudioSession) -> ExitCode:
    if session.wants_json:
        info = error.info()
        fields = ("code", "message", "hint", "plugin")
        output.print_json({"error": {name: str(getattr(info, name)) for name in fields}})
    output.hint(f"studio: {error.message}")
    is_named = error.plugin in error.message
    if error.plugin and not is_named and error.code not in _WHAT_WAS_GIVEN:
        output.hint(f"This comes from the plugin “{error.plugin}”.")
    if error.hint:
        output.hint(error.hint)
    return ExitCode.of(error.code)


def _tell_bug(error: Exception, session: StudioSession) -> ExitCode:
    what = f"{type(error).__name__}: {output.one_line(str(error), 200)}".rstrip(": ")
    message = f"An unexpected error occurred ({what})."
    if session.wants_json:
        output.print_json({"error": {"code": "INTERNAL", "message": message, "hint": ""}})
    output.hint(f"studio: {message}")
    with contextlib.suppress(StudioError):  # no home, no log
        log = log_to(session.paths.logs / "cli.log")
        version = studio.__version__
        logging.getLogger("studio.cli").error("studio %s: %s", version, what, exc_info=error)
        if log.is_written:
            output.hint(f"Details are in {log.baseFilename}.")
    return ExitCode.BUG
