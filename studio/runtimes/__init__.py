"""The runtime as a child process: its start, its death, its restart.

Where things are:

* Start, rest, death and restart of the runtime: ``supervisor.py`` decides, ``notices.py`` beside
  it tells, ``rest.py`` lets one go that nobody needs; ``desktop/main_thread/first_touch.py``
  starts it; ``runtime/parent_watch.py`` ends it with its studio, ``protocol/runtime_children.py``
  finds what it started.
"""
