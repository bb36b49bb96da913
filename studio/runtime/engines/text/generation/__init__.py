"""From scores to text: batching, sampling, grammars, stop strings."""
