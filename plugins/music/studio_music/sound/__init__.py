"""Sound of a piece: synthesisers, a mixer, files and a player. Knows neither Qt nor torch."""
