"""Voice: what is said in recordings, written down with times."""
