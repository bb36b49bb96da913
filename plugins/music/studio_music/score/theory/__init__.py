"""Facts of music shared by the tasks: keys, ranges, instruments, melodies."""
