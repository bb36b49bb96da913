"""The tasks, one module each. They run in the runtime, without Qt."""
