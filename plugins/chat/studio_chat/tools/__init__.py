"""How a conversation uses tools: which, with what arguments, and those of its own. No Qt."""
