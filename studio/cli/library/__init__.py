"""``studio library``: results in the terminal. Opens it read-only unless it must write."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from studio.api.errors import BadInput
from studio.base import disk
from studio.base.paths import StudioPaths
from studio.cli.facts import lines
from studio.cli.library import backups, shelves
from studio.cli.terminal import output, output_files
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.library import prompt_cache_files
from studio.library.backups import erasing
from studio.library.library import Library
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.exporter import Exported, Exporter
from studio.library.rows import Artifact, Conversation
from studio.library.search_query import parse, snippet
from studio.plugins.discovery import discover, search_path_of_environment
from studio.protocol.errors import ErrorCode, StudioError


def main(argv: Sequence[str], session: StudioSession) -> int:
    """List, show, search, gather, export, erase, verify, back up, rebuild or forget."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "forget":
        return _forget(arguments, session.paths)
    if arguments.command == "rerun":
        from studio.cli import rerun

        return rerun.main(arguments, session)
    if arguments.command == "backups":
        return backups.show(arguments, session)
    if arguments.command == "restore" and (backup := backups.named(arguments, session)):
        return backups.restore(backup, arguments, session.paths)
    writes = arguments.command == "backup"
    changes = arguments.command in ("erase", "rebuild", "restore", *shelves.DONE)
    with session.library(changes=changes, writes=writes) as library:
        for news in library.news:
            output.hint(news)
        if arguments.command == "export":
            return _export(arguments, library, session)
        if arguments.command == "backup":
            return backups.make(arguments, library, session)
        if arguments.command == "erase":
            return _erase(arguments, library, session)
        return _COMMANDS[arguments.command](arguments, library)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="studio library", description="Results and conversations.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, text: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        return command

    listing = add("list", "list results, newest first")
    search = add("search", "search results and messages")
    search.add_argument(
        "query",
        nargs="+",
        metavar="WORD",
        help="words, and terms such as kind:image model:NAME after:2026-11 verdict:passed starred "
        "in:COLLECTION tag:NAME 'steps>20' seed:5; quote a line that begins with - (not)",
    )
    for command in (listing, search):
        command.add_argument("--kind", action="append", default=[], metavar="KIND", dest="kinds")
        command.add_argument("--limit", type=int, default=50, metavar="N")
    listing.add_argument("--bin", action="store_true", help="show the bin")
    listing.add_argument("--starred", action="store_true", help="only starred results")
    listing.add_argument("--conversations", action="store_true", help="list conversations")
    add("show", "show a result, a record or a conversation").add_argument("id", metavar="ID")
    export = add("export", "copy results, or conversations as text, into a folder")
    export.add_argument("id", nargs="+", metavar="ID")
    export.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    export.add_argument(
        "--format",
        choices=("md", "html", "json"),
        default="md",
        help="for conversations (default: md)",
    )
    output_files.add_provenance(export)
    add(
        "rerun", "run a result again and compare: identical, within tolerance, or different and why"
    ).add_argument("id", metavar="ID", help="of a result, a record or a message")
    restore = add("restore", "restore results or conversations from the bin, or a whole backup")
    restore.add_argument(
        "id", nargs="+", metavar="ID", help="from the bin; or the name or folder of one backup"
    )
    restore.add_argument(
        "--yes", action="store_true", help="put the backup in place; the library there is kept"
    )
    shelves.add_commands(add)
    add("verify", "check that all files are present and unchanged, and nothing erased is left")
    erase = add("erase", "delete results and conversations permanently, with all that is known")
    erase.add_argument("id", nargs="*", metavar="ID")
    erase.add_argument("--left", action="store_true", help="what `verify` finds left")
    erase.add_argument(
        "--backups", action="store_true", help="in the backups, too, also what is only there"
    )
    erase.add_argument("--yes", action="store_true", help="do it; it cannot be undone")
    backups.add_flags(add("backup", backups.MAKE), add("backups", backups.SHOW))
    add("rebuild", "rebuild the database from the files")
    add("forget", "clear the cached conversation state of models")
    return parser


# --- finding ----------------------------------------------------------------------------------


def _list(arguments: Namespace, library: Library) -> int:
    if arguments.conversations:
        listed = library.conversations.list(binned=arguments.bin, limit=arguments.limit)
        _print_conversations(listed, arguments.json)
        return ExitCode.OK
    library.search.check_kinds(arguments.kinds)
    artifacts = library.find(
        kinds=arguments.kinds,
        starred=True if arguments.starred else None,
        binned=arguments.bin,
        limit=arguments.limit,
    )
    if arguments.json:
        output.print_json({"artifacts": [_as_json(a, library) for a in artifacts]})
    elif artifacts:
        _print_artifacts(artifacts)
    elif arguments.kinds or arguments.starred or arguments.bin:
        output.say("No matches.")
    else:
        output.say(
            "No results yet. Create some with `studio run` or in the window; list conversations "
            "with --conversations."
        )
    return ExitCode.OK


def _search(arguments: Namespace, library: Library) -> int:
    query = " ".join(arguments.query)
    line = f"{query} kind:{','.join(arguments.kinds)}" if arguments.kinds else query
    artifacts = library.search.find(line, arguments.limit)
    terms = parse(line)
    words = " ".join(term.value for term in terms if not term.field and not term.negated)
    about_results = any(term.field for term in terms)
    messages = [] if about_results else library.conversations.search(words, arguments.limit)
    if arguments.json:
        output.print_json(
            {
                "artifacts": [
                    {**_as_json(a, library), "snippet": snippet(terms, *a.said)[0]}
                    for a in artifacts
                ],
                "messages": [
                    {
                        "id": message.message.id,
                        "conversation": message.conversation.id,
                        "title": message.conversation.title,
                        "snippet": message.snippet,
                    }
                    for message in messages
                ],
            }
        )
        return ExitCode.OK
    if artifacts:
        _print_artifacts(artifacts)
    for message in messages:
        output.say(f"{message.conversation.id}  {output.one_line(message.conversation.title, 40)}")
        output.say(f"    {output.one_line(message.snippet, 100)}")
    if not artifacts and not messages:
        output.say(f"No matches for “{query}”.")
    return ExitCode.OK


# --- one thing --------------------------------------------------------------------------------


def _show(arguments: Namespace, library: Library) -> int:
    for look_up in (_shown_artifact, _shown_conversation, _shown_record):
        try:
            shown = look_up(arguments.id, library)
        except StudioError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            continue
        if arguments.json:
            output.print_json(shown)
        else:
            _print_facts(shown)
        return ExitCode.OK
    raise StudioError(
        ErrorCode.NOT_FOUND,
        f"There is no item {output.one_line(arguments.id, 60)!r} in the library.",
        "Ids are listed by `studio library list` and `studio library search`.",
    )


def _shown_artifact(id: str, library: Library) -> dict[str, Any]:
    artifact = library.artifact(id)
    shown = _as_json(artifact, library)
    family = library.family(id)
    shown["made_from"] = [relative.id for relative in family.ancestors]
    shown["became"] = [relative.id for relative in family.descendants]
    if artifact.record:
        shown["recipe"] = _plain(library.record(artifact.record))
    return shown


def _shown_conversation(id: str, library: Library) -> dict[str, Any]:
    conversation = library.conversations.get(id)
    thread = [_plain(message) for message in library.conversations.thread(id)]
    return {**_plain(conversation), "messages": thread}


def _shown_record(id: str, library: Library) -> dict[str, Any]:
    record = library.record(id)
    artifacts = [artifact.id for artifact in library.find(record=id)]
    return {**_plain(record), "artifacts": artifacts}


def _export(arguments: Namespace, library: Library, session: StudioSession) -> int:
    folder = output_files.prepare(arguments.out)
    exporter = Exporter(library, session.paths, session.settings)
    disclosure = Disclosure(arguments.provenance) if arguments.provenance else None

    def one(id: str) -> Exported:
        try:
            library.conversations.get(id)
        except StudioError:
            return exporter.to_folder(id, folder, disclosure)
        suffix = f".{arguments.format}"
        return Exported(output_files.export_conversation(library, id, folder, suffix))

    exported = [one(id) for id in arguments.id]
    if arguments.json:
        paths = [str(copy.path) for copy in exported]
        sides = [str(copy.side) for copy in exported if copy.side]
        remarks = [copy.remark for copy in exported if copy.remark]
        output.print_json({"paths": paths, "side_files": sides, "remarks": remarks})
    else:
        for copy in exported:
            output.say(str(copy.path))
            if copy.remark:
                output.hint(copy.remark)
    return ExitCode.OK


# --- the bin ----------------------------------------------------------------------------------


def _restore(arguments: Namespace, library: Library) -> int:
    titles = {id: _restore_one(id, library) for id in arguments.id}
    if arguments.json:
        output.print_json({"restored": list(titles)})
    else:
        for id, title in titles.items():
            output.say(f"{id}  {output.one_line(title, 60)} is out of the bin.")
    return ExitCode.OK


def _restore_one(id: str, library: Library) -> str:
    """Take one thing out of the bin; return its title.

    Raises:
        StudioError: There is no such result or conversation.
    """
    try:
        return library.conversations.restore(id).title
    except StudioError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
    library.restore(id)
    return library.artifact(id).title


# --- care -------------------------------------------------------------------------------------


def _verify(arguments: Namespace, library: Library) -> int:
    line = output.ProgressLine()
    report = library.verify(lambda done, total: line.show(f"checking {done} of {total}"))
    line.clear()
    if arguments.json:
        output.print_json({"ok": report.ok, **_plain(report)})
    else:
        for sentence in report.sentences():
            output.say(sentence)
    return ExitCode.OK if report.ok else ExitCode.PROBLEMS


def _erase(arguments: Namespace, library: Library, session: StudioSession) -> int:
    if not arguments.id and not arguments.left:
        raise BadInput("There is nothing to erase.", "Give ids, or --left.")
    holding = backups.holding(arguments.id, session)
    there = {id for entry in holding for id in entry.ids or ()} if arguments.backups else set()
    names_by_id = {id: _title(id, library, there) for id in arguments.id}
    ids = [id for id, title in names_by_id.items() if title is not None]
    titles = [title for title in names_by_id.values() if title is not None]
    if not arguments.yes:
        for title in titles:
            output.say(title)
        backups.tell_holding(holding)
        raise BadInput("Nothing was erased: there is no way back.", "Add --yes to do it.")
    freed = library.erase(ids)
    if arguments.backups:
        freed += sum(erasing.erase(entry) for entry in holding if entry.ids)
        holding = backups.holding(arguments.id, session)
    left = library.erase_leftovers() if arguments.left else []
    if arguments.json:
        names = [entry.backup.name for entry in holding]
        facts = {"erased": arguments.id, "left": left, "freed": freed, "backups": names}
        output.print_json(facts)
    else:
        for title in titles:
            output.say(f"Erased: {title}")
        for name in left:
            output.say(f"Erased what was left: {name}")
        output.say(f"{disk.as_size(freed)} are free again.")
        backups.tell_holding(holding)
    return ExitCode.OK


def _title(id: str, library: Library, elsewhere: Collection[str]) -> str | None:
    """Return the title of an item to erase; None for one that is only ``elsewhere``."""
    try:
        return library.conversations.get(id).title or id
    except StudioError:
        pass
    try:
        return library.artifact(id).title or id
    except StudioError:
        if id in elsewhere:
            return None
        raise


def _forget(arguments: Namespace, paths: StudioPaths) -> int:
    freed = prompt_cache_files.forget(paths)
    if arguments.json:
        output.print_json({"freed": freed})
    else:
        output.say(f"Cleared; {disk.as_size(freed)} freed. Conversations were not changed.")
    return ExitCode.OK


def _rebuild(arguments: Namespace, library: Library) -> int:
    plugins = discover(search_path_of_environment())
    kinds = [kind for plugin in plugins if plugin.manifest for kind in plugin.manifest.kinds]
    library.rebuild({suffix: kind.id for kind in kinds for suffix in kind.suffixes})
    stats = library.stats()
    if arguments.json:
        output.print_json(_plain(stats))
    else:
        count = sum(stats.kinds.values())
        output.say(
            f"The database was rebuilt: {count} results, {stats.conversations} conversations."
        )
    return ExitCode.OK


_COMMANDS: dict[str, Callable[[Namespace, Library], int]] = {
    "list": _list,
    "search": _search,
    "show": _show,
    "restore": _restore,
    "verify": _verify,
    "rebuild": _rebuild,
    "tags": shelves.tags,
    "collections": shelves.collections,
    **dict.fromkeys(shelves.DONE, shelves.gather),
}


# --- words ------------------------------------------------------------------------------------


def _print_artifacts(artifacts: Sequence[Artifact]) -> None:
    rows = [
        (a.id, a.kind, _day(a.created), disk.as_size(a.bytes), output.one_line(a.title, 60))
        for a in artifacts
    ]
    output.print_table(rows, head=("ID", "KIND", "CREATED", "SIZE", "TITLE"))


def _print_conversations(conversations: Sequence[Conversation], as_json: bool) -> None:
    if as_json:
        output.print_json(
            {"conversations": [_plain(conversation) for conversation in conversations]}
        )
    elif conversations:
        rows = [(c.id, _day(c.updated), output.one_line(c.title, 60)) for c in conversations]
        output.print_table(rows, head=("ID", "CHANGED", "TITLE"))
    else:
        output.say("No conversations yet. Start one with `studio chat`.")


def _print_facts(facts: dict[str, Any]) -> None:
    messages = facts.get("messages", ())
    for line in lines({name: value for name, value in facts.items() if name != "messages"}):
        output.say(line)
    for message in messages:
        output.say(f"\n{message['role']}:\n{message['content']}")


def _as_json(artifact: Artifact, library: Library) -> dict[str, Any]:
    return {**_plain(artifact), "path": str(library.payload_path(artifact))}


def _plain(row: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(row)
    return plain


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
