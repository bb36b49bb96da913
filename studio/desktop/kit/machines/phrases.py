"""Display texts for the state of machines. Reads existing status; connects nothing."""

from __future__ import annotations

from studio.api.window.language import tr
from studio.desktop import phrases
from studio.machines.machine import Machine
from studio.machines.machines import Outlook
from studio.machines.remote_child import Line
from studio.runtimes.supervisor import RuntimeState


def state(machine: Machine) -> tuple[str, str]:
    """Return how a machine is, and the role of the label that says it."""
    if machine.line is Line.WAITING:
        return tr("Connection lost, trying again…"), "warn"
    match machine.runtime.state:
        case RuntimeState.READY if machine.holdings is not None:
            return tr("Ready"), "good"
        case RuntimeState.GIVEN_UP:
            return tr("Not available"), "bad"
        case RuntimeState.OFF | RuntimeState.STOPPING:
            return tr("Not connected"), "mute"
        case _:
            return tr("Connecting…"), "mute"


def device(machine: Machine) -> str:
    """Return what computes there and how much memory that has; empty while nobody knows."""
    status = machine.runtime.status
    if status is None or not status.memory_total:
        return ""
    name = status.device_name or status.device
    words = tr("{name} · {used} of {total} memory used")
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
    words = tr("1 model") if count == 1 else tr("{n} models")
    free = tr("{size} free for more").format(size=phrases.size(machine.holdings.free_bytes))
    return f"{words.format(n=count)} · {free}"


def outlook(expected: Outlook) -> str:
    """Return the notice shown before a job starts on a machine; empty for none."""
    size = phrases.size
    words = []
    if expected.is_too_large:
        words.append(
            tr("too small for the model: {needed} of {total} memory").format(
                needed=size(expected.needed), total=size(expected.memory)
            )
        )
    elif expected.needed and expected.memory:
        words.append(
            tr("model fits: {needed} of {total} memory").format(
                needed=size(expected.needed), total=size(expected.memory)
            )
        )
    elif expected.memory:
        words.append(tr("{size} memory").format(size=size(expected.memory)))
    if expected.lacks:
        titles = ", ".join(expected.lacks)
        pattern = (
            tr("{titles} is copied first") if expected.copies else tr("does not have {titles}")
        )
        words.append(pattern.format(titles=titles))
    return ", ".join(words)
