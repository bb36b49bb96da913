"""Finding, holding and containing plugins. Imports none of their code until it is asked for.

Where things are:

* What a plugin may do, with a 40-line example: ``AUTHORING.md``, ``api/``.
* Which plugins are the studio's own: ``release.py``: by place and digest;
  ``packaging/build_hook.py`` writes the lock into the wheel.
* Whose fault it was: ``blame.py`` reads stacks; ``desktop/plugin_faults.py`` for the window,
  ``jobs/runtime_blame.py`` for the runtime.
* Installing plugins of others: ``install/``: ``wheel.py`` reads, ``resolver.py`` chooses
  packages, ``installer.py`` changes, ``store.py`` keeps the sets, ``deny_list.py`` what is
  refused; ``desktop/pages/plugin_actions.py`` asks.
* What an author starts from, and what is said of a plugin before it runs: ``scaffold.py``,
  ``check/``.
"""

from __future__ import annotations

from studio.plugins.discovery import Found, discover
from studio.plugins.fault_list import Fault, Faults
from studio.plugins.host import PluginHost
from studio.plugins.plugin import Plugin, PluginState

__all__ = ["Fault", "Faults", "Found", "Plugin", "PluginHost", "PluginState", "discover"]
