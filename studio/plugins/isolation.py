"""The setting that lets plugins of others run where no sandbox can be set up for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from studio.api.params import Label, Params
from studio.plugin_process import launch
from studio.plugin_process.launch import Launched
from studio.plugin_process.process_sandbox import no_sandbox, process_sandbox
from studio.plugins.enabled_state import HostSettings

SCHEMA_MEMORY = 1 << 30
"""Bytes that the import of a schema may take."""


class IsolationSettings(Params, frozen=True):
    """Kept below ``plugins``."""

    without_sandbox: Annotated[
        bool,
        Label(
            "Run plugins without a sandbox",
            "Only matters where no sandbox is available. Plugins of others can then read your "
            "files and use the network. Takes effect when the runtime restarts.",
        ),
    ] = False


def needs_sandbox(settings: HostSettings) -> bool:
    """Whether plugins of others run in a sandbox or not at all."""
    return not settings.get("plugins.without_sandbox", False)


def launch_reader(
    plugin: str, paths: Sequence[str], settings: HostSettings, lends: Sequence[str] = ()
) -> Launched:
    """Start the process that reads the schemas of ``plugin``, in a sandbox if there is one.

    Args:
        lends: Distributions of the studio that it finds, too.

    Raises:
        StudioError: There are none, and the user has not said that plugins run without.
    """
    sandbox = process_sandbox()
    if sandbox.tier:
        return sandbox.launch(paths, network=False, memory=SCHEMA_MEMORY, lends=lends)
    if needs_sandbox(settings):
        raise no_sandbox(plugin, sandbox.reason)
    return launch.without_sandbox(paths, lends=lends)
