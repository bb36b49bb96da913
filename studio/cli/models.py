"""``studio models``: the weights on this machine. Headers are read by the runtime, never here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.cli import get_weights, terminal
from studio.cli.exit_code import ExitCode
from studio.cli.flags import ArgumentParser
from studio.cli.session import Session
from studio.core import disk
from studio.core.weights import Verification, Weights


def main(argv: Sequence[str], session: Session) -> int:
    """List, show, verify or get weights."""
    arguments = _parser().parse_args(argv)
    commands = {"list": _list, "info": _info, "verify": _verify, "get": get_weights.run}
    command = commands[arguments.command]
    return command(arguments, session)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="studio models", description="The weights on this machine.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="list them, and what is wrong with them")
    listing.add_argument(
        "--capability", default="", metavar="NAME", help="only those for `text`, …"
    )
    info = commands.add_parser("info", help="show what weights say about themselves")
    info.add_argument("id", metavar="ID|PATH")
    verify = commands.add_parser("verify", help="read every byte and compare the digest")
    verify.add_argument("id", nargs="*", metavar="ID", help="which; by default all")
    get = commands.add_parser("get", help="fetch weights that do not come with the studio")
    get.add_argument("name", nargs="?", default="", help="which; without, list those there are")
    for command in (listing, info, verify, get):
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


# --- list -------------------------------------------------------------------------------------


def _list(arguments: Any, session: Session) -> int:
    rows = session.weights.list(arguments.capability)
    to_get = [row for row in session.weights.offers(arguments.capability) if row.problem]
    if arguments.json:
        folders = [str(folder) for folder in session.weights.folders]
        shown = {"weights": [_as_json(row) for row in rows], "folders": folders}
        terminal.print_json({**shown, "to_get": [row.offer.name for row in to_get if row.offer]})
        return ExitCode.OK
    if not rows:
        purpose = f" for “{arguments.capability}”" if arguments.capability else ""
        terminal.say(
            f"There are no weights{purpose} on this machine. They go into one of these folders:"
        )
        for folder in session.weights.folders:
            terminal.say(f"  {folder}")
        get_weights.say_what_can_be_had(to_get)
        return ExitCode.OK
    cells = [
        (w.id, ", ".join(w.capabilities), w.format, disk.as_size(w.bytes), w.licence, w.title)
        for w in rows
    ]
    terminal.print_table(cells, head=("ID", "FOR", "FORMAT", "SIZE", "LICENCE", "TITLE"))
    for row in rows:
        if row.problem:
            terminal.say(f"\n{row.id}: {row.problem}")
    get_weights.say_what_can_be_had(to_get)
    return ExitCode.OK


def _as_json(weights: Weights) -> dict[str, Any]:
    return {
        "id": weights.id,
        "title": weights.title,
        "path": str(weights.path),
        "format": weights.format,
        "family": weights.family,
        "capabilities": list(weights.capabilities),
        "licence": weights.licence,
        "sha256": weights.digest,
        "bytes": weights.bytes,
        "parameters": weights.parameters,
        "context": weights.context,
        "quantization": weights.quantization,
        "languages": list(weights.languages),
        "card": str(weights.card or ""),
        "source": weights.source,
        "problem": weights.problem,
    }


# --- info -------------------------------------------------------------------------------------


def _info(arguments: Any, session: Session) -> int:
    path = Path(arguments.id).expanduser()
    known = None if path.exists() else session.weights.get(arguments.id)
    with session.studio(read_only=True) as studio:
        facts = studio.inspect(known.path if known else path.absolute())
    described = _as_json(known) if known else {"path": str(path.absolute())}
    if arguments.json:
        terminal.print_json({**described, "facts": facts})
        return ExitCode.OK
    told = {name: value for name, value in described.items() if value}
    for name, value in {**facts, **told}.items():  # a description knows better than the headers
        if value not in ("", [], {}, 0):
            terminal.say(f"{name:>20}  {terminal.one_line(str(value), 400)}")
    return ExitCode.OK


# --- verify -----------------------------------------------------------------------------------


def _verify(arguments: Any, session: Session) -> int:
    catalogue = session.weights
    rows = [catalogue.get(name) for name in arguments.id] or catalogue.list()
    findings = [_verify_one(row, session) for row in rows if not row.problem]
    broken = [row for row in rows if row.problem]
    if arguments.json:
        terminal.print_json({"weights": [*map(_finding, findings), *map(_broken, broken)]})
    else:
        for sentence in [f.sentence for f in findings] + [f"{w.id}: {w.problem}" for w in broken]:
            terminal.say(sentence)
    is_bad = bool(broken) or any(finding.passed is False for finding in findings)
    return ExitCode.PROBLEMS if is_bad else ExitCode.OK


def _verify_one(weights: Weights, session: Session) -> Verification:
    line = terminal.ProgressLine()

    def show(done: int, total: int) -> None:
        line.show(f"{weights.id}: {done / max(total, 1):.0%} of {disk.as_size(total)}")

    try:
        return session.weights.verify(weights.id, show)
    finally:
        line.clear()


def _finding(finding: Verification) -> dict[str, Any]:
    return {
        "id": finding.id,
        "passed": finding.passed,
        "sha256": finding.digest,
        "expected": finding.expected,
        "bytes": finding.bytes,
        "message": finding.sentence,
    }


def _broken(weights: Weights) -> dict[str, Any]:
    return {"id": weights.id, "passed": False, "message": weights.problem}
