"""A plugin whose results are what the test says."""
