"""Where the jobs of a page run, chosen beside its run button."""
