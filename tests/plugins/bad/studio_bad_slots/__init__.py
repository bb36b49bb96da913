"""A plugin for tests: its page opens, and its slots do what a page must not."""
