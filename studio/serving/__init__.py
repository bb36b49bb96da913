"""The local server: other programs of this machine ask the studio for text, as they ask OpenAI.

Off until the user starts it. A front on ``core`` like the command line; knows neither Qt nor torch.
"""

from studio.serving.keys import Keys
from studio.serving.server import PORT, LocalServer

__all__ = ["PORT", "Keys", "LocalServer"]
