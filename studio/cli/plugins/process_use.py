"""What the process of a plugin took, as the runtimes of the last hour have noted it."""

from __future__ import annotations

from studio.cli.terminal.studio_session import StudioSession
from studio.core import disk
from studio.core.device import timeline
from studio.protocol.trace import ProcessUse


def processes_of(plugin: str, session: StudioSession) -> list[ProcessUse]:
    """Return what the processes of ``plugin`` took, one row a runtime, oldest first."""
    return [
        use
        for seen in timeline.read(session.paths.cache)
        for use in seen.status.processes
        if use.plugin == plugin
    ]


def in_words(use: ProcessUse) -> str:
    """Return a line of them."""
    sandbox = "without a sandbox" if use.sandbox == "none" else f"in a sandbox ({use.sandbox})"
    return (
        f"Its process of the last hour ran {sandbox}. Starts: {use.starts}, the last took "
        f"{use.start_seconds:.1f} s. Crashes: {use.crashes}. Memory at most: "
        f"{disk.as_size(use.memory_peak)}. Processor time: {use.processor_seconds:,.1f} s. "
        f"Network connections opened or tried: {use.connections}."
    )
