"""A plugin for tests: says what it is told to, and implements every hook."""
