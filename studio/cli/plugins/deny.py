"""``studio plugins deny`` and ``allow``: plugins refused here, from any source."""

from __future__ import annotations

import hashlib
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.api.errors import BadInput
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.plugins import deny_list
from studio.plugins.deny_list import Denied
from studio.protocol.regular_file import open_regular


def add_commands(commands: Any) -> None:
    """Add the commands to those of ``studio plugins``; each sets ``run``."""
    deny = commands.add_parser("deny", help="refuse a plugin, or list what is refused")
    deny.add_argument(
        "what",
        nargs="?",
        metavar="NAME|FILE|SHA256|KEY|publisher:NAME",
        help="id or name, also with versions ('dice<1.3'); a wheel; a public key of minisign",
    )
    deny.add_argument("--reason", default="", metavar="TEXT", help="shown wherever it is refused")
    deny.add_argument("--list", type=Path, metavar="FILE", help="refuse all that a list names")
    deny.add_argument("--key", default="", help="public key of minisign that must have signed it")
    deny.add_argument("--json", action="store_true", help="print one JSON object")
    deny.set_defaults(run=_deny)
    allow = commands.add_parser("allow", help="refuse a plugin no longer")
    allow.add_argument("what", metavar="WHAT", help="as `deny` lists it, or the title of a list")
    allow.set_defaults(run=_allow)


def _deny(arguments: Namespace, session: StudioSession) -> int:
    denied = session.plugin_store.denied
    if arguments.what and arguments.list:
        raise BadInput("Give one thing to deny, or a list, not both.")
    if arguments.list:
        title, entries = deny_list.read_list(arguments.list, arguments.key)
        denied.add(entries, instead_of=title)
        signed = "and its signature is good" if arguments.key else "without a look at a signature"
        output.say(f"The list “{title}” is used, {signed}. Entries: {len(entries)}.")
    elif arguments.what:
        added = _entry(arguments.what, arguments.reason)
        denied.add([added])
        output.say(f"{added.what} is denied.")
    else:
        _print(denied.entries(), arguments.json)
        return ExitCode.OK
    session.plugins.look_again()
    session.tell_plugins()
    for plugin in session.plugins.plugins:
        if plugin.state == "denied":
            output.hint(f"{plugin.title} {plugin.version} will not be loaded any more.")
    return ExitCode.OK


def _entry(what: str, reason: str) -> Denied:
    path = Path(what).expanduser()
    if path.suffix != ".whl":
        return deny_list.entry(what, reason)
    try:
        with open_regular(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    return Denied(sha256=digest, reason=reason or path.name)


def _print(entries: Sequence[Denied], as_json: bool) -> None:
    if as_json:
        output.print_json({"denied": [msgspec.to_builtins(entry) for entry in entries]})
    elif entries:
        rows = [(entry.what, entry.source or "you", entry.reason) for entry in entries]
        output.print_table(rows, head=("DENIED", "BY", "REASON"))
    else:
        output.say("Nothing is denied.")


def _allow(arguments: Namespace, session: StudioSession) -> int:
    for entry in session.plugin_store.denied.remove(arguments.what):
        output.say(f"{entry.what} is allowed again.")
    session.tell_plugins()
    output.hint("If it is installed and enabled, it is used again.")
    return ExitCode.OK
