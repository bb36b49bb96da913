"""``studio library tag``, ``collect`` and their like: what results are gathered by."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

import msgspec

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.library.library import Library
from studio.library.rows import Collection
from studio.protocol.errors import ErrorCode, StudioError

DONE = {
    "tag": "Tagged",
    "untag": "Removed the tag",
    "collect": "Added to",
    "uncollect": "Removed from",
}
"""Command that changes something → what it says then."""


def add_commands(add: Callable[[str, str], ArgumentParser]) -> None:
    """Add the commands."""
    add("tags", "list all tags, and how many results have each")
    add("collections", "list all collections, and how many results are in each")
    for name, word, text in (
        ("tag", "TAG", "add a tag to results"),
        ("untag", "TAG", "remove a tag from results"),
        ("collect", "COLLECTION", "add results to a collection; it is created if it is new"),
        ("uncollect", "COLLECTION", "remove results from a collection; they stay in the library"),
    ):
        command = add(name, text)
        command.add_argument("name", metavar=word)
        command.add_argument("id", nargs="+", metavar="ID", help="of a result")


def tags(arguments: Namespace, library: Library) -> int:
    """List all tags."""
    counts = library.tags.all()
    if arguments.json:
        output.print_json({"tags": counts})
    elif counts:
        output.print_table([(str(count), tag) for tag, count in counts.items()], ("RESULTS", "TAG"))
    else:
        output.say("No tags yet. Add one with `studio library tag TAG ID`.")
    return ExitCode.OK


def collections(arguments: Namespace, library: Library) -> int:
    """List all collections."""
    listed = library.collections.list()
    sized = [(entry, len(library.collections.inside(entry.id))) for entry in listed]
    if arguments.json:
        facts = [{**msgspec.to_builtins(entry), "results": count} for entry, count in sized]
        output.print_json({"collections": facts})
    elif sized:
        rows = [(str(count), entry.title) for entry, count in sized]
        output.print_table(rows, ("RESULTS", "COLLECTION"))
    else:
        output.say("No collections yet. Start one with `studio library collect COLLECTION ID`.")
    return ExitCode.OK


def gather(arguments: Namespace, library: Library) -> int:
    """Tag, untag, collect or uncollect: all of the results, or none if one is not there.

    Raises:
        StudioError: There is no such result, tag or collection.
    """
    command, name = arguments.command, arguments.name
    ids = [library.artifact(id).id for id in arguments.id]
    if command == "tag":
        name = library.tags.add(name, ids)
    elif command == "untag":
        if name.casefold() not in {tag.casefold() for tag in library.tags.of(ids)}:
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"None of these results has the tag “{name}”.",
                "`studio library tags` lists all tags.",
            )
        library.tags.remove(name, ids)
    else:
        collection = _collection(name, library, make=command == "collect")
        change = library.collections.put if command == "collect" else library.collections.take
        change(collection.id, ids)
        name = collection.title
    if arguments.json:
        output.print_json({command: name, "results": ids})
    else:
        results = "1 result" if len(ids) == 1 else f"{len(ids)} results"
        output.say(f"{DONE[command]} “{name}”: {results}.")
    return ExitCode.OK


def _collection(title: str, library: Library, *, make: bool) -> Collection:
    collections = library.collections.list()
    matches = [
        collection for collection in collections if collection.title.casefold() == title.casefold()
    ]
    if not matches and make:
        return library.collections.create(title)
    if not matches:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"There is no collection “{title}”.",
            "`studio library collections` lists all collections.",
        )
    return matches[0]
