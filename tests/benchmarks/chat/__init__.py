"""Chat: passages, declined questions, actions on texts, tools, and the page."""
