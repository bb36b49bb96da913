"""Pictures: make, enlarge and restyle them.

Holds no code: both halves are imported on their own.

Where things are:

* How a prompt becomes a starter picture: ``starter`` reads it and draws, ``probe`` says what a
  drawing shows.
* How a hole in a picture is filled: ``repair``: ``mask.py`` says where, ``patches.py`` copies
  from the surroundings, ``latents.py`` has weights draw it; ``adjustment.py`` edits.
* The first picture of a restyling; how it goes beyond 1,024 pixels; where its faces are:
  ``restyle/preview/network.py``, ``restyle/detail.py``, ``repair/faces.py``.
* Settings that another program wrote into a picture: ``recipes``: ``recipe_files.py`` finds it, a
  module a program reads it.
* LoRAs, ControlNets, textual inversions: ``additions``, to the models of ``diffusion``.
* Stable Diffusion 3, Flux, PixArt, Sana: ``diffusion_transformers``, a class each; the loop is
  that of ``diffusion``.
* A sheet of many pictures; what lies between two: ``tasks/grid.py`` calls the task that is
  compared; ``starter/between.py``.
"""
