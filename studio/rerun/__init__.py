"""Making a result again: what it needs, what is another now than it was, and how results differ.

Where things are:

* Running a result again, and what became of it: ``preparation.py`` finds what it needs,
  ``rerun.py`` compares records, ``measures.py`` files.
"""
