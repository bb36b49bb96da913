"""Tools in a conversation: the run of a reply, its cards, and what the user chooses."""
