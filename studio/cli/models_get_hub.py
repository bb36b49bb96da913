"""``studio models get OWNER/NAME``: lists a repository of the hub, and fetches from it."""

from __future__ import annotations

import time
from typing import Any

from studio.base import disk
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.studio_session import StudioSession
from studio.models.download import hub, hub_edition
from studio.models.download.https import Line
from studio.models.download.hub import Repository
from studio.models.download.hub_edition import Order
from studio.protocol.time_left import TimeLeft
from studio.terminals.progress import time_left


def run(arguments: Any, session: StudioSession) -> int:
    """List the repository ``arguments.name``, or fetch the named part of it."""
    address = hub.Address.parse(arguments.name)
    line = hub.line(session.settings)
    repository = hub.look_up(address, line)
    wanted = arguments.file or address.file
    if not wanted:
        return _list(repository, arguments)
    order = Order(repository, repository.edition(wanted), arguments.convert)
    return _fetch(order, line, arguments, session)


def _list(repository: Repository, arguments: Any) -> int:
    if arguments.json:
        output.print_json(
            {
                "repository": repository.address.repository,
                "commit": repository.commit,
                "licence": repository.licence,
                "editions": [
                    {
                        "name": edition.name,
                        "format": edition.format,
                        "bytes": edition.bytes,
                        "files": [file.name for file in edition.files],
                    }
                    for edition in repository.editions
                ],
            }
        )
        return ExitCode.OK
    name = repository.address.repository
    if not repository.editions:
        output.say(f"{name} contains no supported model files.")
        return ExitCode.OK
    cells = [(e.name, e.format, disk.as_size(e.bytes)) for e in repository.editions]
    output.print_table(cells, head=("NAME", "FORMAT", "SIZE"))
    output.say(f"\nLicence: {repository.licence or 'not specified'}")
    output.say(f"Download one with `studio models get {name} --file NAME`.")
    return ExitCode.OK


def _fetch(order: Order, line: Line, arguments: Any, session: StudioSession) -> int:
    progress, pace = output.ProgressLine(), TimeLeft()

    def show(done: int, total: int) -> None:
        left = pace.step(done, total, time.monotonic())
        ends = f", {time_left(left)}" if left else ""
        progress.show(f"{order.title}: {done / max(total, 1):4.0%} of {disk.as_size(total)}{ends}")

    try:
        path = hub_edition.fetch(order, line, session.weights_manager.folder, show)
    except KeyboardInterrupt:
        progress.clear()
        output.hint("Stopped. Run the same command again to resume.")
        return ExitCode.INTERRUPTED
    finally:
        progress.clear()
    session.weights.rescan()
    row = session.weights_manager.at(path)
    if arguments.json:
        digest = row.digest if row else ""
        output.print_json({"id": row.id if row else "", "path": str(path), "sha256": digest})
    else:
        output.say(f"{order.title} was downloaded to {path}")
    return ExitCode.OK
