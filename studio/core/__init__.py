"""The studio without a face: library, settings, plugins, weights, jobs. Knows neither Qt nor torch."""
