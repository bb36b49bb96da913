"""Shared parts of the commands: flags, output, progress, exit codes."""
