"""Files and folders that two processes, or two studios, meet in."""
