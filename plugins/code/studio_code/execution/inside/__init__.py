"""Programs that run in the sandbox, beside the code they judge. Read as text, never imported."""
