"""Diffusion weights of the user: Stable Diffusion 1.x, 2.x and XL.

Needs the optional extra ``diffusion`` of the plugin: ``diffusers>=0.35,<1``, ``transformers>=5,<6``
and ``scipy>=1.11`` (for the scheduler ``lms``). Weights are recognised and measured without it;
only drawing needs it, and says so. No code of a folder is run, no pickle opened, no hub asked.
"""
