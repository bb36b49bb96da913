"""The command line: a second front on ``studio.studio``. Thin; knows neither Qt nor torch.

Where things are:

* Which tools other programs may use (`studio mcp`): ``mcp.py``: files only as ids of results;
  what runs code if the user says so; ``terminals/program_requests.py`` asks in the open window.
* What `studio bench` measures: ``bench/``; for a plugin the modules its manifest names under
  benches.
"""
