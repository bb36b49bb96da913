"""The Workflows page: the list of steps, the inputs, and the rows of a run."""
