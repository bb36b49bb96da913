"""Pictures: the starter model, prompts, repairs."""
