"""Molecules: generate, predict, filter, improve a lead. A plugin of Offline Studio.

Knows the studio by ``studio.api`` only.

Where things are:

* How molecules are drawn, and docked: ``sketch/`` has the drawing as data;
  ``docking/vina_run.py`` runs Vina in the sandbox.
* How molecules are searched for: ``goals`` searches and judges; what it finds of published goals:
  ``plugins/molecules/training/README.md``.
* What becomes of a chemist's file, and of a set of molecules: ``chem/file_reader.py`` reads, the
  tasks beside it export, cluster, pair and combine.
"""
