"""Tools in a conversation: the run of a reply, its cards, and the user's settings."""
