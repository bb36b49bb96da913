"""``studio device``: what computes here, who uses it, and its last hour. Starts jobs of nobody."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.base import disk
from studio.base.energy.estimate import Estimator
from studio.base.energy.grid import grams, grid_factor
from studio.base.energy.phrases import carbon, said
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.protocol.energy import Watts, amount
from studio.protocol.messages import Status
from studio.protocol.trace import Energy
from studio.runtimes.device import timeline
from studio.runtimes.device.chrome_trace import write_chrome_trace
from studio.runtimes.device.timeline import RuntimeSeen

_PROCESS_HEAD = (
    "OWN PROCESS", "SANDBOX", "STARTS", "START", "CRASHES", "MEMORY", "PEAK", "PROCESSOR",
    "CONNECTIONS",
)  # fmt: skip
PATIENCE = 120.0
"""Seconds to wait for the device to be found."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Show the device and its users, or save the timeline of the last hour."""
    parser = ArgumentParser(
        prog="studio device", description="Show the devices and what is using them."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    trace = commands.add_parser("trace", help="save the last hour as a timeline for Perfetto")
    trace.add_argument("--out", type=Path, required=True, metavar="FILE", help="output file")
    trace.add_argument("--json", action="store_true", help="print one JSON object")
    energy = commands.add_parser(
        "energy", help="show what the jobs in the library took, by plugin, day and collection"
    )
    energy.add_argument("--days", type=int, default=7, metavar="N", help="days back; default 7")
    energy.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    if arguments.command == "trace":
        return _trace(arguments, session)
    if arguments.command == "energy":
        return _spent(arguments, session)
    seen = timeline.read(session.paths.cache)
    device = _find(session)
    if arguments.json:
        output.print_json({"device": _device(device), "runtimes": [_as_json(r) for r in seen]})
        return ExitCode.OK
    _say_device(device)
    living = [runtime for runtime in seen if runtime.is_alive]
    if not living:
        output.say("\nNot in use: no models are loaded and no jobs are running.")
    for runtime in living:
        _say_runtime(runtime, session)
    return ExitCode.OK


def _find(session: StudioSession) -> Status:
    """Return the device status from a runtime of our own."""
    statuses: list[Status] = []
    with session.studio(read_only=True) as studio:
        studio.on_status(lambda status: statuses.append(status) if status.memory_total else None)
        studio.runtime.start()
        deadline = time.monotonic() + PATIENCE
        while not statuses and time.monotonic() < deadline:
            studio.pump(0.1)
        return statuses[0] if statuses else studio.runtime.status or Status("", "unknown", 0, 0, 0)


def _trace(arguments: Any, session: StudioSession) -> int:
    seen = timeline.read(session.paths.cache)
    count = write_chrome_trace(
        arguments.out.expanduser(), [(runtime.pid, runtime.name, runtime.spans) for runtime in seen]
    )
    if arguments.json:
        shown = {"path": str(arguments.out), "runtimes": len(seen), "spans": count}
        output.print_json(shown)
    elif not count:
        output.say(f"Nothing ran in the last hour: the timeline {arguments.out} is empty.")
    else:
        output.say(f"Saved {count} events of the last hour to {arguments.out}.")
        output.hint("Open it at https://ui.perfetto.dev, or offline with viztracer's vizviewer.")
    return ExitCode.OK


def _spent(arguments: Any, session: StudioSession) -> int:
    since = time.time() - max(0, arguments.days) * 86_400.0
    with session.studio(read_only=True) as studio:
        sums, collections = studio.library.energy, studio.library.collections.list()
        facts = {
            "plugins": sums.by_plugin(since),
            "days": sums.by_day(since),
            "collections": {amount.title: sums.of_collection(amount.id) for amount in collections},
        }
        factor = grid_factor(studio.settings)
    if arguments.json:
        output.print_json({**msgspec.to_builtins(facts), "grams_a_kilowatt_hour": factor})
        return ExitCode.OK
    if not any(facts.values()):
        output.say("Nothing was made in that time.")
    for head, amounts in facts.items():
        rows = [
            (
                name,
                f"{amount.busy:,.1f} s",
                f"{amount.accelerator:,.1f} s" if amount.accelerator else "–",
                said(amount),
                carbon(grams(amount.joules, factor)) if factor else "",
            )
            for name, amount in amounts.items()
        ]
        if rows:
            output.print_table(rows, head=(head.upper(), "BUSY", "CARD", "ENERGY", ""))
    return ExitCode.OK


def _core(session: StudioSession) -> Watts:
    return Estimator(session.settings).core


# --- in words ---------------------------------------------------------------------------------


def _say_device(status: Status) -> None:
    name = status.device_name or status.device
    memory = f", {disk.as_size(status.memory_total)} of memory" if status.memory_total else ""
    threads = "1 thread" if status.threads == 1 else f"{status.threads} threads"
    output.say(f"{name} ({status.device}), {threads}{memory}")
    output.say(_energy(status.energy))


def _energy(energy: Energy) -> str:
    if not energy.source:
        return f"Energy: {energy.missing or 'Not measured.'}"
    return f"Energy: {energy.joules:,.0f} J used by {energy.source} since the runtime started"


def _say_runtime(seen: RuntimeSeen, session: StudioSession) -> None:
    status = seen.status
    age = max(0.0, time.time() - seen.at)
    output.say(
        f"\n{seen.name}: {disk.as_size(status.memory_used)} of memory, "
        f"{status.processor_seconds:,.0f} s of processor time in {status.up_seconds:,.0f} s, "
        f"as of {age:.0f} s ago"
    )
    loaded = [
        (
            item.weights,
            disk.as_size(item.bytes),
            disk.as_size(item.working),
            item.tier,
            "pinned" if item.pinned else "",
            _users(len(item.users)) if item.users else f"idle {item.idle_seconds:.0f} s",
        )
        for item in status.loaded
    ]
    if loaded:
        output.print_table(loaded, head=("MODEL", "SIZE", "WORKING", "LOCATION", "", "USED BY"))
    titles = {plugin.id: plugin.title for plugin in session.plugins.plugins}
    used = [
        (
            titles.get(use.plugin, use.plugin),
            f"{use.busy:,.1f} s",
            f"{use.busy / max(status.up_seconds, 1e-9):.0%}",
            f"{use.accelerator:,.1f} s" if use.accelerator else "–",
            said(amount(use, _core(session), status.device, status.energy)),
        )
        for use in status.plugins
    ]
    if used:
        output.print_table(used, head=("PLUGIN", "BUSY", "LOAD", "CARD", "ENERGY"))
    processes = [
        (
            titles.get(use.plugin, use.plugin),
            use.sandbox,
            str(use.starts),
            f"{use.start_seconds:.1f} s",
            str(use.crashes),
            disk.as_size(use.memory),
            disk.as_size(use.memory_peak),
            f"{use.processor_seconds:,.1f} s",
            str(use.connections),
        )
        for use in status.processes
    ]
    if processes:
        output.print_table(processes, head=_PROCESS_HEAD)


# --- as JSON ----------------------------------------------------------------------------------


def _users(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def _device(status: Status) -> dict[str, Any]:
    return {
        "kind": status.device,
        "name": status.device_name,
        "threads": status.threads,
        "memory_total": status.memory_total,
        "energy": msgspec.to_builtins(status.energy),
    }


def _as_json(seen: RuntimeSeen) -> dict[str, Any]:
    status = seen.status
    return {
        "pid": seen.pid,
        "alive": seen.is_alive,
        "started": seen.started,
        "as_of": seen.at,
        "memory_used": status.memory_used,
        "processor_seconds": status.processor_seconds,
        "up_seconds": status.up_seconds,
        "loaded": [msgspec.to_builtins(item) for item in status.loaded],
        "jobs": [msgspec.to_builtins(job) for job in status.jobs],
        "plugins": [msgspec.to_builtins(use) for use in status.plugins],
        "processes": [msgspec.to_builtins(use) for use in status.processes],
        "energy": msgspec.to_builtins(status.energy),
    }
