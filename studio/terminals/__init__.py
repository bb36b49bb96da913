"""One studio, many terminals: an open studio does what a terminal of the same user asks.

Over a socket in the home that only this user can reach; where there is none, terminals work alone.
"""

from studio.terminals.open_studio import OpenStudio
from studio.terminals.terminals import Terminals

__all__ = ["OpenStudio", "Terminals"]
