"""The command line: a second front on ``studio.core``. Thin; knows neither Qt nor torch."""
