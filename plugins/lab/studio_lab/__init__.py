"""The lab: train small generative models, compare them, make data with them.

Where things are:

* Training networks on the user's own data: ``plugins/lab``: one architecture a module, one
  trainer for all; ``networks/language_model.py`` writes a transformer for Chat.
"""
