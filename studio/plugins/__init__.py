"""Finding, holding and containing plugins. Imports none of their code until it is asked for."""

from __future__ import annotations

from studio.plugins.discovery import Found, discover
from studio.plugins.fault_list import Fault, Faults
from studio.plugins.host import PluginHost
from studio.plugins.plugin import Plugin, PluginState

__all__ = ["Fault", "Faults", "Found", "Plugin", "PluginHost", "PluginState", "discover"]
