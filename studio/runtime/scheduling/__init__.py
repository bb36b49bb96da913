"""Who computes when: lanes, fair shares, threads."""
