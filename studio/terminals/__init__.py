"""One studio, many terminals: an open studio does what a terminal of the same user asks.

Over a socket in the home that only this user can reach; where there is none, terminals work alone.

Where things are:

* What terminals ask of an open studio: ``connection.py`` says who may, ``terminals.py``
  listens in the window, ``open_studio.py`` is what a command sees of it, ``queue_changes.py``,
  ``queue_watch.py`` and ``run_watch.py`` beside it what they do to its queue and workflows.
"""

from studio.terminals.open_studio import OpenStudio
from studio.terminals.terminals import Terminals

__all__ = ["OpenStudio", "Terminals"]
