"""Workflows, tools of language models, clusters, and backups on a schedule.

Where things are:

* A workflow: its file, its rows, what is used again: ``workflows/``: ``document.py`` reads,
  ``sources.py`` and ``results.py`` have what rows start from, ``check.py`` judges,
  ``row_work.py`` decides what is next, ``runner.py`` runs it on a ``machine.py``; rows and steps
  are kept by ``library/workflow_runs.py``; its page: ``desktop/pages/workflows/``; the format:
  ``resources/workflows/README.md``.
* Workflows on a Ray cluster: ``clusters/``: ``cluster.py`` is the studio's side, ``driver.py``
  and ``ray_pool.py`` run in the driver, ``slot.py`` on the machines; sizing, and what is trusted:
  ``README.md`` there.
* What language models may call, and what the user allows: ``tools/``: ``task_tools.py`` makes a
  tool of each task, ``catalogue.py`` has those of all sources, and finds the likely
  ones, ``approvals.py`` keeps *always* and *never*.
* MCP servers of the user: ``tools/servers/``: ``servers.py`` is what the studio sees,
  ``connection.py`` one run of one, ``process.py`` its limits, ``walls.py`` what stands around it,
  ``status.py`` what is known of it.
"""
