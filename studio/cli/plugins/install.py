"""``studio plugins install`` and what follows from it: update, remove, rollback, export, log."""

from __future__ import annotations

import getpass
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from studio.api.errors import BadInput
from studio.base import disk
from studio.base.energy.phrases import said
from studio.cli.plugins import plan_text
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.plugins.bisect import Bisect
from studio.plugins.discovery import Origin
from studio.plugins.install import minisign
from studio.plugins.install.installer import Installer, manifest_of
from studio.plugins.isolation import needs_sandbox
from studio.protocol.energy import Amount
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_note
from studio.protocol.trace import ProcessUse
from studio.runtimes.device import timeline

Command = Callable[[Namespace, StudioSession], int]


def add_commands(commands: Any) -> None:
    """Add the commands to those of ``studio plugins``; each sets ``run``."""
    for name, text in (
        ("install", "install a plugin from files; it stays off until you enable it"),
        ("update", "replace an installed plugin by another version"),
        ("import", "install a plugin from a bundle"),
    ):
        parser = commands.add_parser(name, help=text)
        parser.add_argument(
            "source", metavar="FILE|FOLDER|BUNDLE|NAME", help="a wheel, wheels, a bundle, or a name"
        )
        parser.add_argument(
            "--find-links",
            type=Path,
            action="append",
            default=[],
            metavar="DIR",
            help="folder with more wheels; can be given again",
        )
        _with_yes(parser)
        parser.set_defaults(run=_install)
    for name, text, run in (
        ("show", "show where a plugin comes from, its packages and permissions", _show),
        ("remove", "remove a plugin; `rollback` brings it back", _remove),
    ):
        parser = commands.add_parser(name, help=text)
        parser.add_argument("id", metavar="ID")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.set_defaults(run=run)
    back = commands.add_parser("rollback", help="go back to the plugins before the last change")
    back.add_argument("--to", type=int, default=0, metavar="NUMBER", help="as `log` lists it")
    _with_trust(back)
    back.set_defaults(run=_rollback)
    clean = commands.add_parser("clean", help="delete removed plugins and earlier versions")
    clean.add_argument("--yes", action="store_true", help="do not ask")
    clean.set_defaults(run=_clean)
    export = commands.add_parser("export", help="write a plugin and its packages to one file")
    export.add_argument("id", metavar="ID")
    export.add_argument("--to", type=Path, default=Path(), metavar="FILE", help="file or folder")
    export.add_argument(
        "--sign", type=Path, metavar="KEY", help="secret key of minisign to sign it with"
    )
    export.set_defaults(run=_export)
    search = commands.add_parser("bisect", help="find the plugin that causes a fault")
    search.add_argument(
        "word",
        choices=("start", "good", "bad", "stop"),
        metavar="start|good|bad|stop",
        help="start: half of the plugins stay off; look for the fault, then say good if it is gone "
        "or bad if it is there, until one is named; stop: all are as before",
    )
    search.set_defaults(run=_bisect)
    log = commands.add_parser("log", help="list the last changes, which can be taken back")
    log.add_argument("--json", action="store_true", help="print one JSON object")
    log.set_defaults(run=_log)


def installer(session: StudioSession) -> Installer:
    """Return what installs, knowing which ids are taken."""
    others = [p for p in session.plugins.plugins if p.origin is not Origin.STORE and p.manifest]
    return Installer(
        session.plugin_store,
        taken={p.id: p.title for p in others},
        ours=[p.manifest for p in others if p.shipped and p.manifest],
        needs_sandbox=needs_sandbox(session.settings),
    )


def agree(question: str, yes: bool, flag: str = "--yes") -> None:
    """Ask the user; without a terminal only ``flag`` agrees, which ``yes`` says was given.

    Raises:
        BadInput: The answer is no, or nobody can answer.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput(f"{question} Nothing was changed: nobody could be asked.", f"Add {flag}.")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise BadInput("Nothing was changed.")


def _with_trust(parser: Any) -> None:
    parser.add_argument(
        "--trust",
        action="store_true",
        help="accept another signing key, and allow an enabled plugin more than before",
    )


def _with_yes(parser: Any) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask, but for trust")
    _with_trust(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _install(arguments: Namespace, session: StudioSession) -> int:
    work, line = installer(session), output.ProgressLine()
    with work.read(arguments.source, arguments.find_links, line.show) as plan:
        line.clear()
        if arguments.command == "update" and plan.before is None:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"{plan.record.title} is not installed, so it cannot be updated.",
                "Install it with `studio plugins install`.",
            )
        if not arguments.json:
            for text in plan_text.lines(plan):
                output.say(text)
            output.say()
        for question in plan.questions():
            agree(question, arguments.yes)
        for question in plan.trust_questions():
            agree(question, arguments.trust, "--trust")
        if not [*plan.questions(), *plan.trust_questions()]:
            agree(f"Install {plan.record.title} {plan.record.version}?", arguments.yes)
        new = work.install(plan, line.show)
        line.clear()
        enabled = new.plugins[plan.record.id].enabled
        session.tell_plugins()
        if arguments.json:
            facts = plan_text.plan_json(plan)
            output.print_json({"plan": facts, "set": new.number, "enabled": enabled})
            return ExitCode.OK
        output.say(f"{new.change}.")
        if not enabled:
            output.hint(f"It is off. `studio plugins on {plan.record.id}` enables it.")
    return ExitCode.OK


def _show(arguments: Namespace, session: StudioSession) -> int:
    plugin = session.plugins.plugin(arguments.id)
    installed = session.plugin_store.current().plugins.get(arguments.id)
    if installed is None:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"{plugin.title} was not installed by `studio plugins install`.",
            "`studio plugins list` says where it comes from.",
        )
    record = session.plugin_store.record(installed)
    manifest = manifest_of(record)
    if arguments.json:
        facts = plan_text.record_json(record, manifest)
        uses = [msgspec.to_builtins(use) for use in _processes_of(arguments.id, session)]
        state = {
            "state": str(plugin.state),
            "reason": plugin.reason,
            "tried_in": installed.tier,
            "processes": uses,
            "used": msgspec.to_builtins(_used_by(arguments.id, session)),
        }
        output.print_json({**facts, **state})
        return ExitCode.OK
    output.say(f"{record.title} {record.version} ({record.id}): {plugin.state.words}")
    if plugin.reason:
        output.say(f"  {plugin.reason}")
    for text in plan_text.about(record):
        output.say(text)
    if installed.enabled:
        output.say(f"  Tried        {_tried(installed.tier)}")
    output.say()
    for text in plan_text.packages(record):
        output.say(text)
    if manifest:
        output.say()
        for text in plan_text.permissions(manifest, set()):
            output.say(text)
    for use in _processes_of(arguments.id, session):
        output.say()
        output.say(process_words(use))
    used = _used_by(arguments.id, session)
    if used.busy:
        output.say()
        output.say(
            f"Its jobs that are on record took {said(used)}: {used.processor:,.1f} s of a "
            f"processor, {used.accelerator:,.1f} s of a card."
        )
    return ExitCode.OK


def _tried(tier: str) -> str:
    return f"in the sandbox (tier {tier})" if tier else "without a sandbox around it"


def _used_by(plugin: str, session: StudioSession) -> Amount:
    with session.studio(read_only=True) as studio:
        return studio.library.energy.by_plugin().get(plugin, Amount())


def _processes_of(plugin: str, session: StudioSession) -> list[ProcessUse]:
    """Return the resource use of ``plugin``'s processes, one row a runtime, oldest first."""
    return [
        use
        for seen in timeline.read(session.paths.cache)
        for use in seen.status.processes
        if use.plugin == plugin
    ]


def process_words(use: ProcessUse) -> str:
    """Return the resource use of a plugin's process, as a line."""
    sandbox = "without a sandbox" if use.sandbox == "none" else f"in a sandbox ({use.sandbox})"
    return (
        f"Its process of the last hour ran {sandbox}. Starts: {use.starts}, the last took "
        f"{use.start_seconds:.1f} s. Crashes: {use.crashes}. Memory at most: "
        f"{disk.as_size(use.memory_peak)}. Processor time: {use.processor_seconds:,.1f} s. "
        f"Network connections opened or tried: {use.connections}."
    )


def _remove(arguments: Namespace, session: StudioSession) -> int:
    new = installer(session).remove(arguments.id)
    session.tell_plugins()
    if arguments.json:
        output.print_json({"removed": arguments.id, "set": new.number})
        return ExitCode.OK
    output.say(f"{new.change}. What it has made stays in the library.")
    output.hint(
        "`studio plugins rollback` brings it back; `studio plugins clean` deletes its files."
    )
    return ExitCode.OK


def _rollback(arguments: Namespace, session: StudioSession) -> int:
    before, work = _versions(session), installer(session)
    wider = work.widenings(arguments.to)
    for permission in wider:
        output.say(f"{permission.title} {permission.version} would be enabled.")
        for text in plan_text.permissions(permission.manifest, set(permission.new)):
            output.say(text)
    if wider:
        agree("Allow this?", arguments.trust, "--trust")
    new = work.roll_back(arguments.to)
    session.tell_plugins()
    output.say(f"{new.change}.")
    after = _versions(session)
    for id in sorted(before.keys() | after.keys()):
        if before.get(id) != after.get(id):
            none = "not installed"
            output.say(f"  {id}: {before.get(id, none)} → {after.get(id, none)}")
    return ExitCode.OK


def _clean(arguments: Namespace, session: StudioSession) -> int:
    store = session.plugin_store
    if not (size := store.size_of_past()):
        output.say("There is nothing to delete: all files belong to plugins that are installed.")
        return ExitCode.OK
    agree(f"Delete removed plugins and earlier versions ({disk.as_size(size)})?", arguments.yes)
    output.say(f"Freed {disk.as_size(installer(session).clean())}.")
    return ExitCode.OK


def _versions(session: StudioSession) -> dict[str, str]:
    """Return id → version, and whether it is off, of all that is installed."""
    store, versions = session.plugin_store, {}
    for id, installed in store.current().plugins.items():
        try:
            version = store.record(installed).version
        except StudioError:
            version = "damaged"
        versions[id] = version if installed.enabled else f"{version}, off"
    return versions


def _export(arguments: Namespace, session: StudioSession) -> int:
    key = None
    if arguments.sign:
        try:
            text = read_note(arguments.sign).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                f"{arguments.sign} cannot be read as a secret key.",
                "Give the file with the secret key that minisign has made.",
            ) from error
        key = minisign.read_secret_key(text, lambda: getpass.getpass("Password of the key: "))
    path = installer(session).export(arguments.id, arguments.to, key)
    output.say(str(path))
    if key:
        output.hint(f"Signed by {minisign.key_id(key.public)}.")
    return ExitCode.OK


def _bisect(arguments: Namespace, session: StudioSession) -> int:
    search = Bisect(session.settings, session.plugins)
    if arguments.word == "stop":
        search.stop()
        output.say("All plugins that were switched off are on again.")
        return ExitCode.OK
    step = search.start() if arguments.word == "start" else search.answer(arguments.word == "good")
    if step.culprit:
        output.say(f"{step.culprit} is the cause. It is off; the others are on again.")
    elif step.innocent:
        output.say("None of the plugins is the cause. All are on again.")
    else:
        output.say(f"Off now: {', '.join(step.off)}. Suspects: {', '.join(step.suspects)}.")
        output.hint("Restart the studio and look. Then `studio plugins bisect good` or `… bad`.")
    return ExitCode.OK


def _log(arguments: Namespace, session: StudioSession) -> int:
    store = session.plugin_store
    current, history = store.current().number, store.history()
    if arguments.json:
        rows = [
            {"set": change.number, "did": change.change, "time": change.time} for change in history
        ]
        output.print_json({"current": current, "sets": rows})
        return ExitCode.OK
    if not history:
        output.say("Nothing was installed with `studio plugins install` yet.")
        return ExitCode.OK
    when = "%Y-%m-%d %H:%M"
    rows_shown = [
        (
            f"{change.number}{'*' if change.number == current else ''}",
            time.strftime(when, time.localtime(change.time)),
            change.change + (" (cannot be gone back to)" if change.doomed else ""),
        )
        for change in history
    ]
    output.print_table(rows_shown, head=("NUMBER", "TIME", "CHANGE"))
    return ExitCode.OK
