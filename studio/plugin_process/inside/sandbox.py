"""The studio's sandbox, for a plugin that may run code: each run is asked for over the link."""

from __future__ import annotations

from collections.abc import Generator

import msgspec

from studio.api.sandbox import SandboxRequest, SandboxStep
from studio.plugin_process import messages as m
from studio.plugin_process.inside.wire import Wire


class RemoteSandbox:
    """See :class:`studio.api.sandbox.Sandbox`; made only where the plugin may run code."""

    def __init__(self, wire: Wire) -> None:
        """Ask for the sandbox.

        Raises:
            StudioError: ``PERMISSION``: the plugin's manifest does not say ``run_code = true``.
        """
        facts = wire.ask(m.SandboxTier)
        self.tier, self.reason = str(facts["tier"]), str(facts["reason"])
        self._wire = wire

    def run(self, request: SandboxRequest) -> Generator[SandboxStep, None, None]:
        """Run a command in the sandbox; see :meth:`studio.api.sandbox.Sandbox.run`."""
        answers = self._wire.answers(
            lambda ask: m.RunCode(
                ask,
                request.command,
                tuple(request.files),
                request.stdin,
                request.packages,
                request.collect,
                request.limits,
            ),
            tuple(request.files.values()),
        )
        for value, _ in answers:
            if value is not None:
                yield msgspec.convert(value, SandboxStep)
