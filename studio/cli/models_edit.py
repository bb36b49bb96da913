"""``studio models add, remove, convert, note, …``: managing one's own weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from studio.base import disk
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.errors import ErrorCode, StudioError


def parsers(commands: Any) -> Iterator[ArgumentParser]:
    """Add the commands to ``commands``; yield the parser of each."""

    def command(name: str, run: Any, help: str, *words: str, **options: Any) -> ArgumentParser:
        parser: ArgumentParser = commands.add_parser(name, help=help)
        parser.set_defaults(run=run)
        for word in words:
            parser.add_argument(word, metavar=word.upper(), **options)
        return parser

    add = command("add", _add, "add your own model file or folder; it stays where it is", "path")
    add.add_argument("--copy", action="store_true", help="copy it into the model folder")
    yield add
    yield command(
        "remove",
        _remove,
        "move a model to the bin; files elsewhere are only removed from the list",
        "id",
    )
    yield command("restore", _restore, "restore a model from the bin", "id")
    bin = command("bin", _bin, "list removed models")
    bin.add_argument("--empty", action="store_true", help="delete them permanently")
    yield bin
    yield command("convert", _convert, "convert a pickle file to safetensors in a sandbox", "id")
    note = command("note", _note, "add a note; without TEXT, show it", "id")
    note.add_argument("text", nargs="?", metavar="TEXT", help="empty: delete the note")
    yield note
    rate = command("rate", _rate, "rate a model from 1 to 5; 0 removes the rating", "id")
    rate.add_argument("stars", type=int, metavar="STARS")
    yield rate
    defaults = command("defaults", _defaults, "default parameters for this model", "id")
    defaults.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="without, list them; NAME= removes one"
    )
    yield defaults
    folders = command("folders", _folders, "folders and other apps to search for models")
    folders.add_argument("--add", default="", metavar="FOLDER", help="search this folder too")
    folders.add_argument("--remove", default="", metavar="FOLDER", help="stop searching it")
    folders.add_argument("--on", default="", metavar="PROGRAM", help="show an app's models")
    folders.add_argument("--off", default="", metavar="PROGRAM", help="hide them")
    yield folders
    yield command("log", _log, "when and why models were loaded and unloaded")


# --- the files --------------------------------------------------------------------------------


def _add(arguments: Any, session: StudioSession) -> int:
    with _progress(arguments.path) as show:
        added = session.weights_manager.add(
            Path(arguments.path), copy=arguments.copy, on_progress=show
        )
    if added.header is None:
        _tell(arguments, f"{added.path} was added to your model folders.", path=str(added.path))
        return ExitCode.OK
    row = session.weights_manager.at(added.path)
    name = row.id if row else added.path.name
    hint = f" {row.problem}" if row and row.problem else ""
    kind = " ".join(filter(None, (added.header.architecture, added.header.quantization)))
    message = f"{name} was added: {added.header.format} {kind}".rstrip() + f", {added.path}.{hint}"
    _tell(arguments, message, id=name, path=str(added.path), format=added.header.format)
    return ExitCode.OK


def _remove(arguments: Any, session: StudioSession) -> int:
    row = session.weights.get(arguments.id)
    is_ours = session.weights_manager.bin.owns(row)
    message = session.weights_manager.remove(row)
    if is_ours:
        message = f"{message} Restore it with `studio models restore {row.id}`."
    _tell(arguments, message, id=row.id, binned=is_ours)
    return ExitCode.OK


def _restore(arguments: Any, session: StudioSession) -> int:
    session.weights_manager.restore(arguments.id)
    _tell(arguments, f"{arguments.id} was restored.", id=arguments.id)
    return ExitCode.OK


def _bin(arguments: Any, session: StudioSession) -> int:
    bin = session.weights_manager.bin
    if arguments.empty:
        freed = bin.empty()
        message = f"The bin was emptied; {disk.as_size(freed)} freed."
        _tell(arguments, message, freed_bytes=freed)
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
        path = session.weights_manager.convert(row, show)
    converted = session.weights_manager.at(path)
    message = f"{path.name} was created; the original file was kept."
    _tell(arguments, message, id=converted.id if converted else "", path=str(path))
    return ExitCode.OK


# --- what is noted ----------------------------------------------------------------------------


def _note(arguments: Any, session: StudioSession) -> int:
    row, remarks = session.weights.get(arguments.id), session.weights_manager.remarks
    if arguments.text is not None:
        remarks.note(row.id, arguments.text)
    note = remarks.of(row.id).note
    _tell(arguments, f"{row.title}: {note}" if note else "There is no note.", id=row.id, note=note)
    return ExitCode.OK


def _rate(arguments: Any, session: StudioSession) -> int:
    row, remarks = session.weights.get(arguments.id), session.weights_manager.remarks
    remarks.rate(row.id, arguments.stars)
    stars = "★" * arguments.stars or "no stars"
    _tell(arguments, f"{row.title}: {stars}.", id=row.id, rating=arguments.stars)
    return ExitCode.OK


def _defaults(arguments: Any, session: StudioSession) -> int:
    from studio.models.defaults import parsed, settable

    row, remarks = session.weights.get(arguments.id), session.weights_manager.remarks
    host = session.plugins
    classes = [host.params_class(task.id) for _, task in host.tasks()]
    fields = settable(classes, row.capabilities)
    changes: dict[str, Any] = {}
    for word in arguments.values:
        name, is_pair, text = word.partition("=")
        name = name.replace("-", "_")
        if not is_pair:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"“{word}” is not a NAME=VALUE pair.",
                "Write it as temperature=0.7.",
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
        output.say(f"{row.title} has no defaults of its own. Available: "
                     f"{', '.join(sorted(fields)) or 'none'}.")  # fmt: skip
    return ExitCode.OK


# --- where to look ----------------------------------------------------------------------------


def _folders(arguments: Any, session: StudioSession) -> int:
    external = session.weights_manager.external
    if arguments.add:
        external.watch(Path(arguments.add))
    if arguments.remove:
        external.unwatch(Path(arguments.remove))
    for name, is_on in ((arguments.on, True), (arguments.off, False)):
        if name:
            external.switch(name, is_on)
    programs: list[dict[str, Any]] = [
        {"id": program.id, "title": program.title, "on": external.is_on(program),
         "folders": list(map(str, program.stores))}
        for program in external.other_programs()
    ]  # fmt: skip
    own = [str(folder) for folder in session.weights.folders]
    if arguments.json:
        output.print_json(
            {"own": own, "watched": list(map(str, external.folders)),
             "added": list(map(str, external.added)), "programs": programs})  # fmt: skip
        return ExitCode.OK
    rows = [("own", folder) for folder in own]
    rows += [("watched", str(folder)) for folder in external.folders]
    rows += [("added", str(path)) for path in external.added]
    output.print_table(rows)
    for program in programs:
        state = "shown" if program["on"] else f"not searched: `--on {program['id']}`"
        output.say(f"\n{program['title']}: {state} ({', '.join(program['folders'])})")
    return ExitCode.OK


def _log(arguments: Any, session: StudioSession) -> int:
    from studio.runtimes.device.memory_log import MemoryLog

    entries = MemoryLog(session.paths.logs / "memory.jsonl").entries()
    if arguments.json:
        events = [
            {"at": entry.at, "weights": entry.event.weights, "what": entry.event.what,
             "bytes": entry.event.bytes, "why": entry.event.why, "seconds": entry.event.seconds}
            for entry in entries
        ]  # fmt: skip
        output.print_json({"events": events})
    elif not entries:
        output.say("No models have been loaded yet.")
    else:
        cells = [
            (_when(e.at), e.event.weights, e.event.what, disk.as_size(e.event.bytes), e.event.why)
            for e in entries
        ]
        output.print_table(cells, head=("TIME", "MODEL", "EVENT", "SIZE", "REASON"))
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


def _tell(arguments: Any, message: str, **facts: Any) -> None:
    """Print the facts as JSON if that is asked for, else the sentence."""
    if arguments.json:
        output.print_json(facts)
    else:
        output.say(message)


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(" ")[:16]
