"""``studio plugins``: which there are, how they are, switching them. Imports none of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from studio.cli.plugins import author, deny, install, plan_text
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.plugins import Plugin


def main(argv: Sequence[str], session: StudioSession) -> int:
    """List plugins, or switch one on or off; with no word, list them."""
    parser = ArgumentParser(prog="studio plugins", description="Install and manage plugins.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="list all plugins, including broken ones")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    for name, text in (("on", "enable a plugin"), ("off", "disable a plugin")):
        commands.add_parser(name, help=text).add_argument("id", metavar="ID")
    author.add_commands(commands)
    install.add_commands(commands)
    deny.add_commands(commands)
    arguments = parser.parse_args(argv or ["list"])
    if "run" in arguments:
        return int(arguments.run(arguments, session))
    host = session.plugins
    if arguments.command == "list":
        _list(host.plugins, arguments.json)
        return ExitCode.OK
    if arguments.command == "on":
        _switch_on(arguments.id, session)
    else:
        host.switch_off(arguments.id)
    output.say(f"{host.plugin(arguments.id).title} is {arguments.command}.")
    session.tell_plugins(arguments.id, on=arguments.command == "on")
    return ExitCode.OK


def _switch_on(id: str, session: StudioSession) -> None:
    """Try a plugin that was never on, after printing its new permissions."""
    host = session.plugins
    plugin = host.plugin(id)
    installed = session.plugin_store.current().plugins.get(id)
    if installed and not installed.enabled and plugin.manifest:
        for text in plan_text.permissions(plugin.manifest, set()):
            output.say(text)
        # The command itself is the consent where nobody reads along.
        install.agree(f"Enable {plugin.title}?", not sys.stdin.isatty())
        line = output.ProgressLine()
        install.installer(session).enable(id, line.show)
        line.clear()
        host.look_again()
    host.switch_on(id)


def _list(plugins: Sequence[Plugin], as_json: bool) -> None:
    if as_json:
        output.print_json({"plugins": [_as_json(plugin) for plugin in plugins]})
        return
    if not plugins:
        output.say("No plugins are installed. Run `make setup` to install the built-in ones.")
        return
    rows = [
        (
            p.id,
            p.version,
            p.state.words,
            p.title,
            "built-in" if p.shipped else p.distribution or str(p.folder),
        )
        for p in plugins
    ]
    output.print_table(rows, head=("ID", "VERSION", "STATE", "TITLE", "SOURCE"))
    for plugin in plugins:
        if plugin.reason:
            output.say(f"\n{plugin.id}: {plugin.reason}")


def _as_json(plugin: Plugin) -> dict[str, Any]:
    manifest = plugin.manifest
    return {
        "id": plugin.id,
        "title": plugin.title,
        "version": plugin.version,
        "state": str(plugin.state),
        "reason": plugin.reason,
        "built_in": plugin.shipped,
        "distribution": plugin.distribution,
        "origin": str(plugin.origin),
        "folder": str(plugin.folder or ""),
        "tasks": [task.id for task in manifest.tasks] if manifest else [],
        "pages": [page.id for page in manifest.pages] if manifest else [],
        "uses": list(manifest.uses) if manifest else [],
        "permissions": msgspec.to_builtins(manifest.permissions) if manifest else {},
    }
