"""Search for molecules that meet a profile: a genetic one on graphs, and one by reinforcement."""
