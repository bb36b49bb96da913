"""What crosses the link between processes: messages, states, errors, frames.

Knows no Qt, no torch, no policy.

Where things are:

* How a file that may be anything is read; temporary folders of one process: ``regular_file.py``
  (no other opener: a test looks), ``files/private_folder.py`` (guarded by a lock, not by a
  process id).
"""
