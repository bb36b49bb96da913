"""``studio serve keys``: a key of its own for each program, revoked without touching the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession


def main(argv: Sequence[str], session: StudioSession) -> int:
    """List, create or revoke."""
    parser = ArgumentParser(
        prog="studio serve keys", description="Give each program a key of its own."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in (
        ("list", "list the keys"),
        ("create", "create a key; it is shown once"),
        ("revoke", "make a key stop working, at once"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        if name != "list":
            command.add_argument("name", metavar="NAME", help="of the program that has it")
    arguments = parser.parse_args(argv)
    from studio.serving import Keys

    keys = Keys(session.paths.home)
    if arguments.command == "create":
        key = keys.create(arguments.name)
        if arguments.json:
            output.print_json({"name": arguments.name, "key": key})
        else:
            output.say(key)
            output.hint("Copy it now: it is not shown again.")
    elif arguments.command == "revoke":
        keys.revoke(arguments.name)
        if arguments.json:
            output.print_json({"revoked": arguments.name})
        else:
            output.say(f"“{arguments.name}” does not work any more.")
    elif arguments.json:
        rows = keys.rows()
        output.print_json(
            {"keys": [{"name": r.name, "created": r.created, "begins": r.begins} for r in rows]}
        )
    else:
        for row in keys.rows():
            day = datetime.fromtimestamp(row.created).strftime("%Y-%m-%d")
            output.say(f"{row.name:<24}{row.begins}…   {day}")
        if not keys.rows():
            output.hint("No named keys. Make one: studio serve keys create NAME")
    return ExitCode.OK
