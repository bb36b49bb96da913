"""Says that this version is in use for as long as a process of it runs; see ``places.in_use``."""

import fcntl
import os
import sys

try:
    if "studio_installation" not in sys.orig_argv:  # which deletes it, and is not in its own way
        fcntl.flock(os.open(sys.prefix + "/../in-use", os.O_RDONLY | os.O_CLOEXEC), fcntl.LOCK_SH)
except OSError:
    pass  # a file system without locks: then nothing is deleted under who runs, for nobody can
