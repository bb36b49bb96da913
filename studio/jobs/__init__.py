"""Jobs from a request to a saved result: recipes, board, store.

Where things are:

* Who picked a file, and which files a task may be handed: ``picked_files.py``: asked where
  recipes are made (``recipes.py``) and for calls; dialogs, forms and the command line add to it.
* A job from `submit` to the library: ``board.py``, then ``runtime/jobs/runner.py``.
* Jobs that wait, over kills and closed windows: ``job_queue.py`` has their order; they are rows
  of ``jobs`` with a ``request`` (``library/job_journal.py``, and a file each in the event log for
  a rebuild); ``durations.py`` there says how long they will take;
  ``desktop/kit/run_controller.py`` adds those of a page, ``page_jobs.py`` beside it finds them
  again.
* What a task leaves for its next try; weights that a task made: ``checkpoints.py``;
  ``models/library_weights.py`` puts them into the catalogue.
"""
