"""What the tasks do, one module each. Runs in the runtime; Qt is never here."""
