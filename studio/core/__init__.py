"""The studio without a face: library, settings, plugins, weights, jobs. No Qt, no torch."""
