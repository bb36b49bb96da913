"""The starter generator: its network, its sampler, its weights."""
