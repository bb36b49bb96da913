"""Machines without ssh: each is a scripted runtime of this process, with the plugins of here."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import studio
from studio.machines.machine import Machine
from studio.machines.registry import MachineEntry
from studio.machines.wire.messages import HeldPlugin, HeldWeights, Holdings
from studio.plugins import PluginHost
from studio.plugins.circumstances import PLUGIN, PLUGIN_FILES, of_plugin
from studio.protocol.errors import StudioError
from studio.studio import Studio
from studio.testing.inproc import InprocChild
from studio.testing.scripted import ScriptedRuntime


class Machines:
    """What stands where ssh would lead to.

    Attributes:
        runtimes: Their runtimes, by name; of one that is in ``refusing``, none.
        weights: What each has.
        digest: Makes of the digest of a plugin's files the one that is there.
        ahead: Seconds by which their clocks are ahead.
    """

    def __init__(self, patch: pytest.MonkeyPatch, kind: Callable[[], ScriptedRuntime]) -> None:
        self._kind = kind
        self.runtimes: dict[str, ScriptedRuntime] = {}
        self.refusing: dict[str, StudioError] = {}
        self.weights: dict[str, tuple[HeldWeights, ...]] = {}
        self.digest: dict[str, Callable[[str], str]] = {}
        self.ahead = 0.0
        self._plugins: PluginHost | None = None
        patch.setattr(Machine, "_launch", lambda machine: self._launch(machine))

    def add(self, to: Studio, *names: str) -> None:
        """Have these machines; they are reached when they are needed."""
        self._plugins = to.plugins
        for name in names:
            to.machines.registry.put(MachineEntry(name=name, host=f"{name}.local"))
        to.machines.tell()

    def _launch(self, machine: Machine) -> InprocChild:
        if error := self.refusing.get(machine.name):
            machine.trouble = error
            raise error
        machine.trouble = None
        runtime = self.runtimes.setdefault(machine.name, self._kind())
        child = runtime.launch()
        machine._around.post(lambda: machine._told(self._holdings(machine.name)))
        return child

    def _holdings(self, name: str) -> Holdings:
        assert self._plugins is not None
        change = self.digest.get(name, str)
        plugins = {}
        for each in self._plugins.usable():
            facts = of_plugin(each)
            digest = change(facts.get(PLUGIN_FILES, ""))
            plugins[each.id] = HeldPlugin(facts.get(PLUGIN, ""), digest)
        held, clock = self.weights.get(name, ()), time.time() + self.ahead
        return Holdings(studio.__version__, plugins, held, 10**9, "/", clock)
