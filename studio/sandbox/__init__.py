"""Isolation of code that nobody has vouched for. Imports no plugin, no Qt and no torch.

Where things are:

* What tries to leave this machine: ``network_gate.py`` refuses it,
  ``protocol/connections/watch.py`` hears it in each process, ``plugins/connection_log.py``
  gathers it, ``desktop/window/connection_light.py`` shows it.
* Running code that was generated: ``sandbox.py``; what runs inside: ``inside/``.
"""
