"""The window: shell, pages, forms, theme. Never torch; owns nothing that a room below should.

Where things are:

* What shows an artifact; how a plot is drawn: ``viewers/``; ``api/plot.py``, ``plot/``.
"""
