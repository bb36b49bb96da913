"""The schemas of a plugin, read in a process that is thrown away: they are code of a stranger."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from studio.plugin_process.launch import Launched
from studio.plugin_process.messages import Broken, Describe, Described
from studio.plugin_process.process import PluginProcess
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.link import LinkClosed

PATIENCE = 30.0
"""Seconds for the import of a schema."""


def frozen_schemas(plugin: str, launched: Launched, tasks: Mapping[str, str]) -> dict[str, Any]:
    """Return task id → frozen schema, not yet checked: ``thaw`` does that.

    Args:
        plugin: Its id.
        launched: A process that has just been started for it; it is ended.
        tasks: Task id → ``module:Class``.

    Raises:
        StudioError: ``PLUGIN_FAILED``: a schema cannot be imported, or takes for ever; named.
    """
    process = PluginProcess(launched, lambda: None)
    try:
        process.send(Describe(dict(tasks)))
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0:
            received = process.wait(left)
            match received.message if received else None:
                case Described(schemas):
                    return schemas
                case Broken(_, info):
                    refusal = StudioError.from_info(info)
                    refusal.plugin = plugin
                    raise refusal
        raise _failed(plugin, f"its schema was not imported within {PATIENCE:.0f} seconds")
    except LinkClosed as error:
        raise _failed(plugin, process.end_reason) from error
    finally:
        process.end()


def _failed(plugin: str, why: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The parameters of the plugin “{plugin}” cannot be read: {why.rstrip('.')}.",
        "Update the plugin, or disable it on the Plugins page.",
        plugin=plugin,
    )
