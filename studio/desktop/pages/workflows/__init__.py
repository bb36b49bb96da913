"""The Workflows page: the steps as a list, what they run on, and the rows of a run."""
