"""Documents that a conversation is about: read with limits, cut, ranked, put into a prompt."""
