"""MCP servers of the user: programs that offer tools, run behind the sandbox."""
