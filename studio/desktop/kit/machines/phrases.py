"""Display texts for the state of machines. Reads existing status; connects nothing."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from studio.desktop import phrases
from studio.machines.machine import Machine
from studio.machines.machines import Outlook
from studio.machines.remote_child import Line
from studio.runtimes.supervisor import RuntimeState


def _tr(text: str) -> str:
    return QCoreApplication.translate("Machines", text)


def state(machine: Machine) -> tuple[str, str]:
    """Return how a machine is, and the role of the label that says it."""
    if machine.line is Line.WAITING:
        return _tr("Connection lost, trying again…"), "warn"
    match machine.runtime.state:
        case RuntimeState.READY if machine.holdings is not None:
            return _tr("Ready"), "good"
        case RuntimeState.GIVEN_UP:
            return _tr("Not available"), "bad"
        case RuntimeState.OFF | RuntimeState.STOPPING:
            return _tr("Not connected"), "mute"
        case _:
            return _tr("Connecting…"), "mute"


def device(machine: Machine) -> str:
    """Return what computes there and how much memory that has; empty while nobody knows."""
    status = machine.runtime.status
    if status is None or not status.memory_total:
        return ""
    name = status.device_name or status.device
    words = _tr("{name} · {used} of {total} memory used")
    return words.format(
        name=name, used=phrases.size(status.memory_used), total=phrases.size(status.memory_total)
    )


def address(machine: Machine) -> str:
    """Return how it is reached."""
    entry = machine.entry
    user = f"{entry.user}@" if entry.user else ""
    port = f":{entry.port}" if entry.port else ""
    return f"{user}{entry.host}{port}"


def models(machine: Machine) -> str:
    """Return how many models it has; empty while nobody knows."""
    if machine.holdings is None:
        return ""
    count = len(machine.holdings.weights)
    words = _tr("1 model") if count == 1 else _tr("{n} models")
    free = _tr("{size} free for more").format(size=phrases.size(machine.holdings.free_bytes))
    return f"{words.format(n=count)} · {free}"


def outlook(found: Outlook) -> str:
    """Return the notice shown before a job starts on a machine; empty for none."""
    size = phrases.size
    words = []
    if found.is_too_large:
        words.append(
            _tr("too small for the model: {needed} of {total} memory").format(
                needed=size(found.needed), total=size(found.memory)
            )
        )
    elif found.needed and found.memory:
        words.append(
            _tr("model fits: {needed} of {total} memory").format(
                needed=size(found.needed), total=size(found.memory)
            )
        )
    elif found.memory:
        words.append(_tr("{size} memory").format(size=size(found.memory)))
    if found.lacks:
        titles = ", ".join(found.lacks)
        told = _tr("{titles} is copied first") if found.copies else _tr("does not have {titles}")
        words.append(told.format(titles=titles))
    return ", ".join(words)
