"""What the commands share: flags, output, progress, exit codes."""
