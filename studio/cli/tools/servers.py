"""``studio tools servers``: MCP servers of the user, added, listed, checked and removed."""

from __future__ import annotations

import queue
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.automation.tools.servers import imported
from studio.automation.tools.servers.entry import ServerEntry, refusal
from studio.automation.tools.servers.servers import Servers
from studio.automation.tools.servers.status import ServerStatus
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note

ABOUT = "MCP servers whose tools Chat may call, each in a sandbox"


def add_to(parser: ArgumentParser) -> None:
    """Declare the commands."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, text: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        return command

    add("list", "list the servers")
    one = add("add", "add a server, or change one; write -- before its command")
    one.add_argument("name", metavar="NAME", help="letters, digits and dashes")
    one.add_argument("words", metavar="COMMAND", nargs="+", help="the program and its arguments")
    for flag, text in (("--read", "a folder it may read"), ("--write", "a folder it may change")):
        one.add_argument(flag, action="append", default=[], metavar="FOLDER", help=text)
    one.add_argument("--network", action="store_true", help="it may use the network")
    one.add_argument(
        "--env", action="append", default=[], metavar="NAME=VALUE", help="a variable it finds"
    )
    block = add("import", "add the servers of another program; all are off at first")
    block.add_argument("file", metavar="FILE", help="JSON with “mcpServers”; - for standard input")
    for name, text in (
        ("check", "start a server and show its tools"),
        ("on", "offer the tools of a server"),
        ("off", "do not offer them; nothing is started"),
        ("remove", "remove a server"),
    ):
        add(name, text).add_argument("name", metavar="NAME")


def main(arguments: Namespace, session: StudioSession) -> int:
    """Do one command."""
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    with closing(Servers(session.paths, calls.put)) as servers:
        if arguments.command == "list":
            return _list(servers, arguments.json)
        if arguments.command == "add":
            return _add(servers, arguments)
        if arguments.command == "import":
            return _import(servers, arguments)
        entry = servers.entry(arguments.name)
        if arguments.command == "check":
            return _check(servers, entry, calls, arguments.json)
        if arguments.command == "remove":
            servers.remove(entry.name)
            return _done(arguments, {"removed": entry.name}, f"“{entry.name}” was removed.")
        is_on = arguments.command == "on"
        servers.put(replace(entry, is_on=is_on))
        return _done(
            arguments,
            {"name": entry.name, "is_on": is_on},
            f"“{entry.name}” is {arguments.command}.",
        )


def reach(entry: ServerEntry) -> str:
    """Return the permissions of a server, in words."""
    parts = [f"reads {folder}" for folder in entry.readable]
    parts += [f"changes {folder}" for folder in entry.writable]
    parts = parts or ["no folders"]
    return ", ".join([*parts, "network" if entry.network else "no network"])


def _list(servers: Servers, as_json: bool) -> int:
    entries = servers.entries()
    if as_json:
        rows = [_row(entry, servers.status(entry.name)) for entry in entries]
        output.print_json({"servers": rows})
        return ExitCode.OK
    for entry in entries:
        status = servers.status(entry.name)
        summary = f"tools: {len(status.tools)}" if status.identity else "not checked yet"
        state = "" if entry.is_on else "off, "
        output.say(f"{entry.name:<24}{state}{summary}; {reach(entry)}")
        output.say(f"{'':<24}{' '.join((entry.command, *entry.arguments))}")
    if not entries:
        output.hint("No servers. Add one: studio tools servers add NAME -- COMMAND …")
    return ExitCode.OK


def _add(servers: Servers, arguments: Namespace) -> int:
    command, *words = arguments.words
    pairs = [word.partition("=") for word in arguments.env]
    if any(not equals for _, equals, _ in pairs):
        raise refusal("write a variable as NAME=VALUE")
    entry = ServerEntry(
        name=arguments.name,
        command=command,
        arguments=tuple(words),
        environment={name: value for name, _, value in pairs} or None,
        readable=tuple(str(Path(folder).absolute()) for folder in arguments.read),
        writable=tuple(str(Path(folder).absolute()) for folder in arguments.write),
        network=arguments.network,
    )
    servers.put(entry)
    named = imported.named_folders(entry.arguments)
    missing = [path for path in named if path not in (*entry.readable, *entry.writable)]
    _done(arguments, _row(entry), f"“{entry.name}” was added: {reach(entry)}.")
    if not arguments.json:
        for folder in missing:
            output.hint(f"Its arguments name {folder}. It cannot read that without --read.")
        output.hint(f"See what it offers: studio tools servers check {entry.name}")
    return ExitCode.OK


def _import(servers: Servers, arguments: Namespace) -> int:
    text = sys.stdin.read() if arguments.file == "-" else _text_of(Path(arguments.file))
    entries, notes = imported.read_block(text)
    names = {server.name.lower() for server in servers.entries()}
    added: list[ServerEntry] = []
    for entry in entries:
        if entry.name.lower() in names:
            notes.append(f"“{entry.name}” was left out: there is a server of that name.")
            continue
        try:
            servers.put(entry)
            added.append(entry)
        except StudioError as error:
            notes.append(f"“{entry.name}” was left out. {error.message}")
    if arguments.json:
        output.print_json({"added": [_row(server) for server in added], "notes": notes})
        return ExitCode.OK
    for entry in added:
        output.say(f"{entry.name:<24}off; {reach(entry)}")
    for note in notes:
        output.hint(note)
    if added:
        output.hint("Switch on those that you trust: studio tools servers on NAME")
    return ExitCode.OK


def _text_of(path: Path) -> str:
    try:
        return read_note(path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise StudioError(
            ErrorCode.BAD_INPUT, f"“{path}” cannot be read: {why}.", "Choose another file."
        ) from error


def _check(
    servers: Servers,
    entry: ServerEntry,
    calls: queue.SimpleQueue[Callable[[], None]],
    as_json: bool,
) -> int:
    answers: list[ServerStatus | StudioError] = []
    servers.check(entry.name, answers.append, answers.append)
    while not answers:
        calls.get()()
    if isinstance(answers[0], StudioError):
        if not as_json:
            for line in servers.status(entry.name).lines[-10:]:
                output.hint(f"  {line}")
        raise answers[0]
    status = answers[0]
    if as_json:
        output.print_json(_row(entry, status))
        return ExitCode.OK
    for tool in status.tools:
        output.say(f"{tool.name:<32}{output.one_line(tool.description, 120)}")
    for note in status.notes:
        output.hint(note)
    weaker = f" {status.walls.reason}" if status.walls.reason else ""
    sandbox = "the full sandbox" if status.walls.tier == "A" else "the weaker sandbox"
    output.hint(f"It runs in {sandbox}: {reach(entry)}.{weaker}")
    return ExitCode.OK


def _row(entry: ServerEntry, status: ServerStatus | None = None) -> dict[str, Any]:
    """Return a server as data; of its environment the names alone: values may be secrets."""
    row = {**entry.as_data(), "environment": sorted(entry.environment or {})}
    if status is not None:
        row |= {
            "identity": status.identity,
            "sandbox": status.walls.tier,
            "notes": list(status.notes),
            "tools": [
                {"name": tool.name, "title": tool.title, "description": tool.description}
                for tool in status.tools
            ],
        }
    return row


def _done(arguments: Namespace, row: dict[str, Any], text: str) -> int:
    if arguments.json:
        output.print_json(row)
    else:
        output.say(text)
    return ExitCode.OK
