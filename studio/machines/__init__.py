"""The user's machines: which there are, how each is reached, and which one computes a job."""
