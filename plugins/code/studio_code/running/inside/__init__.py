"""Programs that run inside the walls, beside the code they judge. Read as text, never imported."""
