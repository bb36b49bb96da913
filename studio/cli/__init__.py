"""The command line: a second front on ``studio.studio``. Thin; knows neither Qt nor torch."""
