"""The user's machines: which there are, how each is reached, and which one computes a job.

Where things are:

* Jobs on another machine: ``machines.py`` says which runtime a job has, ``machine.py`` what
  one of them has for it, ``ssh.py`` reaches it, ``remote_child.py`` is what a supervisor keeps;
  ``wire/`` lies between, ``there/`` runs on the other side; the choice beside a run button, and
  with the model in Chat: ``desktop/kit/machines/run_on.py``.
"""
