"""``studio models``: the weights on this machine. Headers are read elsewhere, never here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from studio.base import disk
from studio.base.runtime_settings import MEMORY_LIMIT
from studio.cli import models_edit, models_get
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.models import Verification, Weights
from studio.protocol.memory_budget import most_bytes


def main(argv: Sequence[str], session: StudioSession) -> int:
    """List, show, verify, get weights, or care for them otherwise; with no word, list them."""
    arguments = _parser().parse_args(argv or ["list"])
    run: Callable[[Any, StudioSession], int] = arguments.run
    return run(arguments, session)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="studio models", description="The models on this machine.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="list models and their problems")
    listing.add_argument(
        "--capability", default="", metavar="NAME", help="only those for `text`, …"
    )
    listing.set_defaults(run=_list)
    info = commands.add_parser(
        "show", aliases=["info"], help="show details of a model, and whether it fits into memory"
    )
    info.add_argument("id", metavar="ID|PATH")
    info.set_defaults(run=_info)
    verify = commands.add_parser("verify", help="read every byte and compare the checksum")
    verify.add_argument("id", nargs="*", metavar="ID", help="which model; by default all")
    verify.set_defaults(run=_verify)
    for command in (
        listing,
        info,
        verify,
        models_get.parser(commands),
        *models_edit.parsers(commands),
    ):
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


# --- list -------------------------------------------------------------------------------------


def _list(arguments: Any, session: StudioSession) -> int:
    rows = session.weights.list(arguments.capability)
    to_get = [row for row in session.weights.offers(arguments.capability) if row.problem]
    if arguments.json:
        folders = [str(folder) for folder in session.weights.folders]
        shown = {"weights": [_as_json(row, session) for row in rows], "folders": folders}
        output.print_json({**shown, "to_get": [row.offer.name for row in to_get if row.offer]})
        return ExitCode.OK
    if not rows:
        purpose = f" for “{arguments.capability}”" if arguments.capability else ""
        output.say(f"No models{purpose} are installed. Copy one into one of these folders:")
        for folder in session.weights.folders:
            output.say(f"  {folder}")
        models_get.say_what_can_be_had(to_get)
        return ExitCode.OK
    cells = [
        (w.id, ", ".join(w.capabilities), w.format, disk.as_size(w.bytes), w.licence, w.title)
        for w in rows
    ]
    output.print_table(cells, head=("ID", "FOR", "FORMAT", "SIZE", "LICENCE", "TITLE"))
    for row in rows:
        if row.problem:
            output.say(f"\n{row.id}: {row.problem}")
    models_get.say_what_can_be_had(to_get)
    return ExitCode.OK


def _as_json(weights: Weights, session: StudioSession) -> dict[str, Any]:
    remark = session.weights_manager.remarks.of(weights.id)
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
        "context_limit": session.weights_manager.remarks.context_limit(weights.id),
        "quantization": weights.quantization,
        "languages": list(weights.languages),
        "card": str(weights.card or ""),
        "source": weights.source,
        "origin": weights.origin,
        "note": remark.note,
        "rating": remark.rating,
        "defaults": remark.defaults,
        "recommended": dict(weights.recommended),
        "problem": weights.problem,
    }


# --- info -------------------------------------------------------------------------------------


def _info(arguments: Any, session: StudioSession) -> int:
    path = Path(arguments.id).expanduser()
    row = None if path.exists() else session.weights.get(arguments.id)
    with session.studio(read_only=True) as studio:
        limit = session.weights_manager.remarks.context_limit(row.id) if row else 0
        facts = studio.inspect(row.path if row else path.absolute(), context_limit=limit)
        status = studio.runtime.status
        uses = [use for use in studio.library.records.uses() if row and use.weights == row.id]
    described: dict[str, Any] = _as_json(row, session) if row else {"path": str(path.absolute())}
    described["used_by"] = {use.plugin: use.times for use in uses}
    described["last_used"] = max((use.latest for use in uses), default=0)
    described["fits"] = fits(
        facts,
        status.memory_total if status else 0,
        max(0, session.settings.get(MEMORY_LIMIT, 0)),
    )
    if arguments.json:
        output.print_json({**described, "facts": facts})
        return ExitCode.OK
    if described["last_used"]:
        described["last_used"] = datetime.fromtimestamp(described["last_used"]).isoformat(" ")[:16]
    stated = {name: value for name, value in described.items() if value}
    for name, value in {**facts, **stated}.items():  # a description knows better than the headers
        if value not in ("", [], {}, 0, None):
            output.say(f"{name:>20}  {output.one_line(str(value), 400)}")
    return ExitCode.OK


def fits(facts: Mapping[str, Any], total: int = 0, limit: int = 0) -> str:
    """Return whether weights fit into memory, in words; nothing if unknown.

    Args:
        total: Bytes of the device that computes; 0 for those of this machine.
        limit: Bytes that the user lets models take; 0 for no limit.
    """
    import psutil

    needed = sum(int(facts.get(name, 0)) for name in ("weights_bytes", "working_bytes"))
    if not needed:
        return ""
    most = most_bytes(total or psutil.virtual_memory().total, limit)
    verdict = "well" if needed < most / 2 else "tightly" if needed <= most else "no"
    if verdict == "no" and (here := facts.get("layers_here")):
        verdict = f"{here} of {facts.get('layers')} layers"
    return (
        f"{verdict}: {disk.as_size(needed)} when loaded; the memory limit is {disk.as_size(most)}"
    )


# --- verify -----------------------------------------------------------------------------------


def _verify(arguments: Any, session: StudioSession) -> int:
    catalogue = session.weights
    rows = [catalogue.get(name) for name in arguments.id] or catalogue.list()
    findings = [_verify_one(row, session) for row in rows if not row.problem]
    broken = [row for row in rows if row.problem]
    if arguments.json:
        output.print_json({"weights": [*map(_finding, findings), *map(_broken, broken)]})
    else:
        for sentence in [f.sentence for f in findings] + [f"{w.id}: {w.problem}" for w in broken]:
            output.say(sentence)
    is_bad = bool(broken) or any(finding.passed is False for finding in findings)
    return ExitCode.PROBLEMS if is_bad else ExitCode.OK


def _verify_one(weights: Weights, session: StudioSession) -> Verification:
    line = output.ProgressLine()

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
