"""The local server: other programs of this machine ask the studio for text, as they ask OpenAI.

Off until the user starts it. A front on ``core`` like the command line; knows neither Qt nor torch.

Where things are:

* What other programs may ask (`studio serve`): ``access.py`` decides who may, ``bridge.py`` makes
  it a job, ``infill.py`` speaks as llama.cpp's server; tools: ``api/worker/tools.py`` has the
  form of a call, ``runtime/engines/text/generation/grammar_mask.py`` its grammar,
  ``plugins/chat/studio_chat/tasks/choices.py`` the channels it comes on.
"""

from studio.serving.keys import Keys
from studio.serving.server import PORT, LocalServer

__all__ = ["PORT", "Keys", "LocalServer"]
