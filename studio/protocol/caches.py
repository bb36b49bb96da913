"""Where the two processes meet on the disk: names that both of them must know."""

from __future__ import annotations

CACHE_ENV = "STUDIO_CACHE"
"""Environment variable with the folder of caches; the studio sets it, the runtime fills it."""

JOBS = "jobs"
"""Folder in it where running jobs have theirs."""

RESULTS = "results"
"""Folder in it through which files of results pass: see ``result_files``."""

RESULTS_ENV = "STUDIO_RESULTS"
"""Environment variable with another folder for these; for a studio whose library is elsewhere."""

PROMPT_CACHE = "beginnings"
"""Folder in it of what models computed of texts; the runtime fills it, the studio can clear it."""

DIGESTS = "digests.json"
"""File in it: ``weights_files.stamp`` → SHA-256, of weights that the runtime has read."""
