"""The processes of plugins that run in their own: who has one, what they ask for, how they end."""
