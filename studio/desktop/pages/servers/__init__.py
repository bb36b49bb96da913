"""MCP servers of the user in Settings."""
