"""``studio models add, remove, convert, note, …``: what a person does with weights of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.core import disk
from studio.protocol.errors import ErrorCode, StudioError


def parsers(commands: Any) -> Iterator[ArgumentParser]:
    """Add the commands to ``commands``; yield the parser of each."""

    def command(name: str, run: Any, help: str, *words: str, **options: Any) -> ArgumentParser:
        parser: ArgumentParser = commands.add_parser(name, help=help)
        parser.set_defaults(run=run)
        for word in words:
            parser.add_argument(word, metavar=word.upper(), **options)
        return parser

    add = command("add", _add, "show weights of yours: checked, and left where they are", "path")
    add.add_argument("--copy", action="store_true", help="copy them into the studio's folder")
    yield add
    yield command("remove", _remove, "move to the bin what is ours, forget what is not", "id")
    yield command("restore", _restore, "take weights out of the bin", "id")
    bin = command("bin", _bin, "list what was removed")
    bin.add_argument("--empty", action="store_true", help="delete it for good")
    yield bin
    yield command("convert", _convert, "turn a pickle into safetensors, behind a wall", "id")
    note = command("note", _note, "keep a note; without TEXT, show it", "id")
    note.add_argument("text", nargs="?", metavar="TEXT", help="empty: forget it")
    yield note
    rate = command("rate", _rate, "rate weights from 1 to 5; 0 takes it back", "id")
    rate.add_argument("stars", type=int, metavar="STARS")
    yield rate
    defaults = command("defaults", _defaults, "values that tasks take with these weights", "id")
    defaults.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="without, list them; NAME= forgets one"
    )
    yield defaults
    folders = command("folders", _folders, "folders and other programs to look into")
    folders.add_argument("--add", default="", metavar="FOLDER", help="look into it too")
    folders.add_argument("--remove", default="", metavar="FOLDER", help="no longer look into it")
    folders.add_argument("--on", default="", metavar="PROGRAM", help="show a program's weights")
    folders.add_argument("--off", default="", metavar="PROGRAM", help="no longer show them")
    yield folders
    yield command("log", _log, "what was loaded and dropped, and why")


# --- the files --------------------------------------------------------------------------------


def _add(arguments: Any, session: StudioSession) -> int:
    with _progress(arguments.path) as show:
        added = session.shelf.add(Path(arguments.path), copy=arguments.copy, on_progress=show)
    if added.header is None:
        _tell(arguments, f"{added.path} is watched from now on.", path=str(added.path))
        return ExitCode.OK
    row = session.shelf.at(added.path)
    name = row.id if row else added.path.name
    hint = f" {row.problem}" if row and row.problem else ""
    kind = " ".join(filter(None, (added.header.architecture, added.header.quantization)))
    told = f"{name} is here: {added.header.format} {kind}".rstrip() + f", {added.path}.{hint}"
    _tell(arguments, told, id=name, path=str(added.path), format=added.header.format)
    return ExitCode.OK


def _remove(arguments: Any, session: StudioSession) -> int:
    row = session.weights.get(arguments.id)
    is_ours = session.shelf.bin.owns(row)
    told = session.shelf.remove(row)
    if is_ours:
        told = f"{told} `studio models restore {row.id}` takes it out again."
    _tell(arguments, told, id=row.id, binned=is_ours)
    return ExitCode.OK


def _restore(arguments: Any, session: StudioSession) -> int:
    session.shelf.restore(arguments.id)
    _tell(arguments, f"{arguments.id} is back.", id=arguments.id)
    return ExitCode.OK


def _bin(arguments: Any, session: StudioSession) -> int:
    bin = session.shelf.bin
    if arguments.empty:
        freed = bin.empty()
        told = f"The bin is empty; {disk.as_size(freed)} are free by that."
        _tell(arguments, told, freed_bytes=freed)
        return ExitCode.OK
    rows = bin.contents()
    if arguments.json:
        output.print_json({"bin": [{"id": b.id, "title": b.title, "bytes": b.bytes,
                                      "when": b.when} for b in rows]})  # fmt: skip
    elif not rows:
        output.say("The bin is empty.")
    else:
        cells = [(b.id, _when(b.when), disk.as_size(b.bytes), b.title) for b in rows]
        output.print_table(cells, head=("ID", "REMOVED", "SIZE", "TITLE"))
    return ExitCode.OK


def _convert(arguments: Any, session: StudioSession) -> int:
    row = session.weights.get(arguments.id)
    with _progress(row.title) as show:
        path = session.shelf.convert(row, show)
    made = session.shelf.at(path)
    told = f"{path.name} is here; the original stays where it is."
    _tell(arguments, told, id=made.id if made else "", path=str(path))
    return ExitCode.OK


# --- what is noted ----------------------------------------------------------------------------


def _note(arguments: Any, session: StudioSession) -> int:
    row, remarks = session.weights.get(arguments.id), session.shelf.remarks
    if arguments.text is not None:
        remarks.note(row.id, arguments.text)
    note = remarks.of(row.id).note
    _tell(arguments, f"{row.title}: {note}" if note else "There is no note.", id=row.id, note=note)
    return ExitCode.OK


def _rate(arguments: Any, session: StudioSession) -> int:
    row, remarks = session.weights.get(arguments.id), session.shelf.remarks
    remarks.rate(row.id, arguments.stars)
    stars = "★" * arguments.stars or "no stars"
    _tell(arguments, f"{row.title}: {stars}.", id=row.id, rating=arguments.stars)
    return ExitCode.OK


def _defaults(arguments: Any, session: StudioSession) -> int:
    from studio.core.weights.defaults import parsed, settable

    row, remarks = session.weights.get(arguments.id), session.shelf.remarks
    host = session.plugins
    classes = [host.params_class(task.id) for _, task in host.tasks()]
    fields = settable(classes, row.capabilities)
    changes: dict[str, Any] = {}
    for word in arguments.values:
        name, is_pair, text = word.partition("=")
        name = name.replace("-", "_")
        if not is_pair:
            raise StudioError(
                ErrorCode.BAD_INPUT, f"“{word}” is no pair.", "Write it as temperature=0.7."
            )
        changes[name] = parsed(fields, name, text) if text else None
    if changes:
        remarks.set_defaults(row.id, changes)
    now = remarks.of(row.id).defaults
    if arguments.json:
        output.print_json({"id": row.id, "defaults": now, "parameters": sorted(fields)})
    elif now:
        output.print_table([(name, str(value)) for name, value in sorted(now.items())])
    else:
        output.say(f"{row.title} has no defaults of its own. It may have some for:"
                     f" {', '.join(sorted(fields)) or 'nothing'}.")  # fmt: skip
    return ExitCode.OK


# --- where to look ----------------------------------------------------------------------------


def _folders(arguments: Any, session: StudioSession) -> int:
    elsewhere = session.shelf.elsewhere
    if arguments.add:
        elsewhere.watch(Path(arguments.add))
    if arguments.remove:
        elsewhere.unwatch(Path(arguments.remove))
    for name, is_on in ((arguments.on, True), (arguments.off, False)):
        if name:
            elsewhere.switch(name, is_on)
    programs: list[dict[str, Any]] = [
        {"id": each.id, "title": each.title, "on": elsewhere.is_on(each),
         "folders": list(map(str, each.stores))}
        for each in elsewhere.neighbours()
    ]  # fmt: skip
    own = [str(folder) for folder in session.weights.folders]
    if arguments.json:
        output.print_json(
            {"own": own, "watched": list(map(str, elsewhere.folders)),
             "added": list(map(str, elsewhere.added)), "programs": programs})  # fmt: skip
        return ExitCode.OK
    rows = [("the studio's", folder) for folder in own]
    rows += [("watched", str(folder)) for folder in elsewhere.folders]
    rows += [("added", str(path)) for path in elsewhere.added]
    output.print_table(rows)
    for each in programs:
        state = "shown" if each["on"] else f"here, not looked into: `--on {each['id']}`"
        output.say(f"\n{each['title']}: {state} ({', '.join(each['folders'])})")
    return ExitCode.OK


def _log(arguments: Any, session: StudioSession) -> int:
    from studio.core.device.memory_log import MemoryLog

    entries = MemoryLog(session.paths.logs / "memory.jsonl").entries()
    if arguments.json:
        events = [
            {"at": entry.at, "weights": entry.event.weights, "what": entry.event.what,
             "bytes": entry.event.bytes, "why": entry.event.why, "seconds": entry.event.seconds}
            for entry in entries
        ]  # fmt: skip
        output.print_json({"events": events})
    elif not entries:
        output.say("Nothing was loaded yet.")
    else:
        cells = [
            (_when(e.at), e.event.weights, e.event.what, disk.as_size(e.event.bytes), e.event.why)
            for e in entries
        ]
        output.print_table(cells, head=("WHEN", "WEIGHTS", "WHAT", "BYTES", "WHY"))
    return ExitCode.OK


# --- inside -----------------------------------------------------------------------------------


@contextmanager
def _progress(title: str) -> Iterator[Any]:
    line = output.ProgressLine()
    try:
        yield lambda done, total: line.show(
            f"{title}: {done / max(total, 1):4.0%} of {disk.as_size(total)}"
        )
    finally:
        line.clear()


def _tell(arguments: Any, told: str, **facts: Any) -> None:
    """Print the facts as JSON if that is asked for, else the sentence."""
    if arguments.json:
        output.print_json(facts)
    else:
        output.say(told)


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(" ")[:16]
