"""Four voices around a given one: a network that fills gaps, and the filling."""
