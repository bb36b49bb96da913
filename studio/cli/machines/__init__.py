"""``studio machines``: the user's other machines, by ssh. Runs no task itself."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from studio.api.jobs import FREE, HERE
from studio.base import disk
from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.machines.machine import Machine
from studio.machines.registry import MachineEntry, Registry
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio

PATIENCE = 180.0
"""Seconds in which a machine has to answer and find its device."""


def main(argv: Sequence[str], session: StudioSession) -> int:
    """List, add, remove or check machines, or copy a model to one."""
    arguments = _parser().parse_args(argv)
    done: Callable[[Namespace, StudioSession], int] = {
        "list": _list,
        "add": _add,
        "remove": _remove,
        "check": _check,
        "copy": _copy,
        "run-on": _run_on,
    }[arguments.command or "list"]
    return done(arguments, session)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="studio machines",
        description="Your other machines, which can run jobs for this one over ssh. Offline Studio "
        "has to be installed there, in the same version; ssh has to let you in with a key.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, help: str) -> ArgumentParser:
        command: ArgumentParser = commands.add_parser(name, help=help)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        return command

    add("list", "list your machines")
    new = add("add", "add a machine, or change one")
    new.add_argument("name", metavar="NAME", help="what you call it")
    new.add_argument("host", metavar="[USER@]HOST", help="as you give it to ssh")
    new.add_argument("--port", type=int, default=0, help="if different from your ssh config")
    new.add_argument("--identity", default="", metavar="FILE", help="key file, likewise")
    new.add_argument(
        "--studio",
        default="studio",
        metavar="COMMAND",
        help="command of Offline Studio there; default: studio",
    )
    new.add_argument(
        "--copy-models",
        action="store_true",
        help="copy models that it lacks when a job needs them; they stay there",
    )
    new.add_argument("--no-check", action="store_true", help="do not connect now")
    add("remove", "forget a machine").add_argument("name", metavar="NAME")
    add("check", "connect, and show what a machine has").add_argument("name", metavar="NAME")
    copy = add("copy", "copy a model to a machine, where it stays")
    copy.add_argument("name", metavar="NAME")
    copy.add_argument("model", metavar="MODEL", help="id, as in `studio models list`")
    where = add("run-on", "choose where jobs run by default")
    where.add_argument("name", metavar="WHERE", help="a name, here, or free: whichever is free")
    return parser


def _list(arguments: Namespace, session: StudioSession) -> int:
    registry = Registry(session.settings)
    entries = registry.all()
    if arguments.json:
        listed = [msgspec.to_builtins(entry) for entry in entries]
        output.print_json({"machines": listed, "run_on": registry.run_on})
        return ExitCode.OK
    if not entries:
        output.say("No other machines. Add one with `studio machines add NAME HOST`.")
        return ExitCode.OK
    rows = [
        (
            entry.name,
            _address(entry),
            entry.studio,
            "copied" if entry.copies else "not copied",
            "default" if registry.run_on == entry.name else "",
        )
        for entry in entries
    ]
    output.print_table(rows, head=("NAME", "HOST", "COMMAND", "MISSING MODELS", ""))
    if registry.run_on == FREE:
        output.say("Jobs run wherever is free.")
    return ExitCode.OK


def _add(arguments: Namespace, session: StudioSession) -> int:
    user, _, host = arguments.host.rpartition("@")
    entry = MachineEntry(
        name=arguments.name,
        host=host,
        user=user,
        port=arguments.port,
        identity=arguments.identity,
        studio=arguments.studio,
        copies=arguments.copy_models,
    )
    Registry(session.settings).put(entry)
    if arguments.no_check:
        if not arguments.json:
            output.say(f"{entry.name} was added.")
        else:
            output.print_json(msgspec.to_builtins(entry))
        return ExitCode.OK
    if not arguments.json:
        output.say(f"{entry.name} was added. Connecting…")
    return _check(arguments, session)


def _remove(arguments: Namespace, session: StudioSession) -> int:
    Registry(session.settings).remove(arguments.name)
    if arguments.json:
        output.print_json({"removed": arguments.name})
    else:
        output.say(f"{arguments.name} was removed. Models that were copied there are still there.")
    return ExitCode.OK


def _run_on(arguments: Namespace, session: StudioSession) -> int:
    Registry(session.settings).run_on = arguments.name
    words = {HERE: "Jobs run on this computer.", FREE: "Jobs run wherever is free."}
    if arguments.json:
        output.print_json({"run_on": arguments.name})
    else:
        output.say(words.get(arguments.name, f"Jobs run on {arguments.name}."))
    return ExitCode.OK


def _check(arguments: Namespace, session: StudioSession) -> int:
    with session.studio(read_only=True) as studio:
        machine = connected(studio, arguments.name)
        facts = report(machine, studio)
    if arguments.json:
        output.print_json(facts)
        return ExitCode.OK
    output.say(f"{machine.name} is ready: {facts['device']}, {facts['memory'] or 'memory unknown'}")
    for problem in facts["problems"]:
        output.say(f"  {problem}")
    for model in facts["models"]:
        output.say(f"  {model['id']:<36}{model['size']:>10}  {model['here']}")
    return ExitCode.OK


def _copy(arguments: Namespace, session: StudioSession) -> int:
    line = output.ProgressLine()
    ends: list[StudioError | None] = []
    with session.studio(read_only=True) as studio:
        machine = connected(studio, arguments.name)
        studio.weights.get(arguments.model)
        machine.copy(arguments.model, lambda: ends.append(None), ends.append, line.show)
        while not ends:
            studio.pump(0.1)
    line.clear()
    if ends[0] is not None:
        raise ends[0]
    if arguments.json:
        output.print_json({"machine": arguments.name, "model": arguments.model})
    else:
        output.say(f"{arguments.model} is on {arguments.name}, and stays there.")
    return ExitCode.OK


def connected(studio: Studio, name: str) -> Machine:
    """Return a machine that has reported its holdings.

    Raises:
        StudioError: It cannot be reached, or does not answer.
    """
    machine = studio.machines.machine(name)
    machine.start()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        studio.pump(0.1)
        if machine.runtime.state is RuntimeState.GIVEN_UP and machine.trouble:
            raise machine.trouble
        if machine.is_ready and machine.memory:
            return machine
    raise StudioError(ErrorCode.NOT_FOUND, f"{name} did not answer in {PATIENCE:.0f} seconds.")


def report(machine: Machine, studio: Studio) -> dict[str, Any]:
    """Return the results of checking a machine: its device, its models, its mismatches."""
    status, holdings = machine.runtime.status, machine.holdings
    assert status is not None
    assert holdings is not None
    here = {weights.digest: weights.id for weights in studio.weights.list() if weights.digest}
    models = [
        {
            "id": weights.id,
            "size": disk.as_size(weights.bytes),
            "here": "also here" if weights.digest in here else "only there",
        }
        for weights in holdings.weights
    ]
    return {
        "name": machine.name,
        "studio": holdings.studio,
        "device": status.device_name or status.device,
        "memory": disk.as_size(status.memory_total) if status.memory_total else "",
        "free": disk.as_size(holdings.free_bytes),
        "models": models,
        "problems": machine.problems(),
    }


def _address(entry: MachineEntry) -> str:
    user = f"{entry.user}@" if entry.user else ""
    return f"{user}{entry.host}{f':{entry.port}' if entry.port else ''}"
